import { type CoreError, SealkitError } from '@sealkit/core'
import type { Identity } from '@sealkit/core/age'
import {
  lockedSshIdentity,
  parseSshPublicKey,
  readSshPrivateKey,
  type SshPrivateKey,
  type SshPublicKey,
  sshIdentity,
} from '@sealkit/core/age/ssh'
import { commandOutput } from './command.ts'
import { KeyserviceError } from './error.ts'
import { attempt, type Identities, reasonOf } from './identities.ts'
import { type KeyIo, readText, systemReason } from './io.ts'

interface Found {
  readonly identities: Identity[]
  readonly missing: string[]
  readonly problems: string[]
}

/**
 * Loads SSH keys as age identities from the four places where sops looks for them: `SOPS_AGE_SSH_PRIVATE_KEY_FILE`,
 * `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`.
 *
 * @param recipient given to the command as `SOPS_AGE_RECIPIENT`
 */
export async function loadSshIdentities(io: KeyIo, recipient: string): Promise<Identities> {
  const found: Found = { identities: [], missing: [], problems: [] }
  const { SOPS_AGE_SSH_PRIVATE_KEY_FILE: file, SOPS_AGE_SSH_PRIVATE_KEY_CMD: command, HOME: home } = io.env
  if (file === undefined) found.missing.push('SOPS_AGE_SSH_PRIVATE_KEY_FILE')
  else await attempt(found, async () => found.identities.push(await keyOf(io, file, await keyFile(io, file))))
  if (command === undefined) found.missing.push('SOPS_AGE_SSH_PRIVATE_KEY_CMD')
  else await attempt(found, async () => found.identities.push(await fromCommand(io, command, recipient)))
  if (home === undefined || home === '') {
    found.problems.push('$HOME is not defined')
    return found
  }
  for (const path of [`${home}/.ssh/id_ed25519`, `${home}/.ssh/id_rsa`]) {
    await attempt(found, async () => {
      const text = await readKey(io, path)
      if (text === null) found.missing.push(path)
      else found.identities.push(await keyOf(io, path, text))
    })
  }
  return found
}

async function keyFile(io: KeyIo, path: string): Promise<string> {
  const text = await readKey(io, path)
  if (text !== null) return text
  throw unreadable(`failed to open file: open ${path}: no such file or directory`)
}

async function readKey(io: KeyIo, path: string): Promise<string | null> {
  try {
    return await readText(io, path)
  } catch (error) {
    const reason = systemReason(error)
    if (reason === 'is a directory') throw unreadable(`failed to read file: read ${path}: ${reason}`)
    throw unreadable(`failed to open file: open ${path}: ${reason}`)
  }
}

function unreadable(upstream: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'an SSH private key cannot be read', { upstream })
}

/** The identity of a file; one under a passphrase asks for it when a stanza is for its key. */
async function keyOf(io: KeyIo, path: string, text: string): Promise<Identity> {
  let key: SshPrivateKey
  try {
    key = readSshPrivateKey(text)
    if (!key.locked) return await sshIdentity(key)
  } catch (error) {
    throw unreadable(`malformed SSH identity in ${JSON.stringify(path)}: ${reasonOf(error)}`)
  }
  const publicKey = key.publicKey ?? (await publicKeyOf(io, path))
  const prompt = `Enter passphrase for ${JSON.stringify(path)}:`
  return lockedSshIdentity({ key, publicKey, passphrase: (signal) => passphrase(io, { path, prompt, signal }) })
}

/** PEM files of old do not say whose they are. */
async function publicKeyOf(io: KeyIo, path: string): Promise<SshPublicKey> {
  const file = `${path}.pub`
  let text: string | null = null
  let reason = 'no such file or directory'
  try {
    text = await readText(io, file)
  } catch (error) {
    reason = systemReason(error)
  }
  if (text === null) {
    const names = `${JSON.stringify(file)} key for ${JSON.stringify(path)} SSH key`
    throw unreadable(`failed to obtain public ${names}: open ${file}: ${reason}`)
  }
  try {
    return parseSshPublicKey(text)
  } catch (error) {
    throw unreadable(`failed to parse ${JSON.stringify(file)}: ${reasonOf(error)}`)
  }
}

async function passphrase(
  { person }: KeyIo,
  { path, prompt, signal }: { path: string; prompt: string; signal: AbortSignal | undefined },
): Promise<string> {
  try {
    if (person !== undefined) return await person.ask(prompt, true, signal)
    throw new KeyserviceError('IDENTITY_MISSING', 'nobody can be asked for a passphrase here')
  } catch (error) {
    const reason = `could not read passphrase for ${JSON.stringify(path)}: ${reasonOf(error)}`
    throw new KeyserviceError('IDENTITY_MISSING', 'the passphrase of an SSH key cannot be asked for', {
      hint: 'run this on a terminal, or use a key without a passphrase',
      upstream: `failed to obtain passphrase: ${reason}`,
    })
  }
}

async function fromCommand(io: KeyIo, command: string, recipient: string): Promise<Identity> {
  const text = Buffer.from(await commandOutput(io, command, recipient)).toString()
  try {
    return await sshIdentity(text)
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    throw unreadable(commandProblem(error as CoreError))
  }
}

function commandProblem(error: CoreError): string {
  const reason = JSON.stringify(reasonOf(error))
  return reasonOf(error).includes('passphrase protected')
    ? `the SSH key returned by running SOPS_AGE_SSH_PRIVATE_KEY_CMD is password protected, which is unsupported. (${reason})`
    : `malformed SSH identity returned by running SOPS_AGE_SSH_PRIVATE_KEY_CMD: ${reason}`
}
