import { SealkitError } from '@sealkit/core'
import { checkIdentity, type Identity } from '@sealkit/core/age'
import { KeyserviceError } from './error.ts'
import { type KeyIo, systemReason } from './io.ts'

/** Identities in a file under a passphrase, which is asked for when they are opened. */
export interface ProtectedIdentities {
  /** The place that holds them. */
  readonly name: string
  /** Asks once. */
  open(): Promise<readonly string[]>
}

/** An age identity: in age's own text form, as an object (SSH, plugins), or still under a passphrase. */
export type AgeIdentity = string | Identity | ProtectedIdentities

/** Age identities with what an error has to say of where they were looked for. */
export interface Identities {
  readonly identities: readonly AgeIdentity[]
  /** Places that were looked at and hold none, in sops' order. */
  readonly missing: readonly string[]
  /** What failed while loading, as sops words it. */
  readonly problems: readonly string[]
  /** Those of them that sops leaves out where SSH keys are found. */
  readonly alone?: readonly string[]
}

interface Found {
  readonly identities: AgeIdentity[]
  readonly missing: string[]
  readonly problems: string[]
  readonly alone: string[]
}

/** What one place holds. */
interface Place {
  readonly name: string
  readonly bytes: Uint8Array
  /** Several identities a line, separated by blanks. */
  readonly words: boolean
}

const keysFile = 'sops/age/keys.txt'
const maximumSize = 1 << 24

/**
 * Loads the age identities of the four places that hold age's own keys: `SOPS_AGE_KEY` (several, separated by blanks or
 * lines), `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, and `sops/age/keys.txt` in the user's configuration folder.
 *
 * A place that fails is noted and does not hinder the others.
 *
 * @param recipient given to the command as `SOPS_AGE_RECIPIENT`
 */
export async function loadIdentities(io: KeyIo, recipient: string): Promise<Identities> {
  const found: Found = { identities: [], missing: [], problems: [], alone: [] }
  const places: Place[] = []
  const { SOPS_AGE_KEY: key, SOPS_AGE_KEY_FILE: file, SOPS_AGE_KEY_CMD: command } = io.env
  if (key === undefined) found.missing.push('SOPS_AGE_KEY')
  else places.push({ name: 'SOPS_AGE_KEY', bytes: Buffer.from(key), words: true })
  await place(found, 'SOPS_AGE_KEY_FILE', file, async (path) =>
    places.push({ name: 'SOPS_AGE_KEY_FILE', bytes: await keyFile(io, path), words: false }),
  )
  await place(found, 'SOPS_AGE_KEY_CMD', command, async (line) =>
    places.push({ name: 'SOPS_AGE_KEY_CMD', bytes: await outputOf(io, line, recipient), words: false }),
  )
  await userFile(io, found, places)
  for (const one of places) {
    await attempt(found, async () => {
      const identities = await read(io, one)
      found.identities.push(...identities)
      if (identities.length === 0) found.missing.push(one.name)
    })
  }
  return found
}

async function place(
  found: Found,
  name: string,
  value: string | undefined,
  load: (value: string) => Promise<unknown>,
): Promise<void> {
  if (value === undefined) found.missing.push(name)
  else await attempt(found, () => load(value))
}

/** Runs what may fail without hindering the rest. */
export async function attempt(found: Pick<Found, 'problems'>, load: () => Promise<unknown>): Promise<void> {
  try {
    await load()
  } catch (error) {
    found.problems.push(reasonOf(error))
  }
}

/** What Go would say. */
export function reasonOf(error: unknown): string {
  if (error instanceof SealkitError) return error.upstream ?? error.message
  return error instanceof Error ? error.message : String(error)
}

async function keyFile(io: KeyIo, path: string): Promise<Uint8Array> {
  if (path === '') throw unopened(path, 'no such file or directory')
  try {
    const bytes = await io.readFile(path)
    if (bytes !== null) return bytes
  } catch (error) {
    // Go opens a folder like a file and then reads nothing from it.
    if (systemReason(error) === 'is a directory') return new Uint8Array()
    throw unopened(path, systemReason(error))
  }
  throw unopened(path, 'no such file or directory')
}

function unopened(path: string, reason: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'the file that SOPS_AGE_KEY_FILE names cannot be read', {
    upstream: `failed to open SOPS_AGE_KEY_FILE file: open ${path}: ${reason}`,
  })
}

async function outputOf(io: KeyIo, line: string, recipient: string): Promise<Uint8Array> {
  return (await import('./command.ts')).commandOutput(io, line, recipient)
}

async function userFile(io: KeyIo, found: Found, places: Place[]): Promise<void> {
  const { folder, problem } = configFolder(io)
  if (problem !== undefined) {
    if (places.length === 0) note(found, 'problems', `user config directory could not be determined: ${problem}`)
    return
  }
  const path = `${folder}/${keysFile}`
  try {
    const bytes = await io.readFile(path)
    if (bytes !== null) places.push({ name: path, bytes, words: false })
    else if (places.length === 0) note(found, 'missing', path)
  } catch (error) {
    if (systemReason(error) === 'is a directory') found.missing.push(path)
    else found.problems.push(`failed to open file: open ${path}: ${systemReason(error)}`)
  }
}

function note(found: Found, list: 'missing' | 'problems', text: string): void {
  found[list].push(text)
  found.alone.push(text)
}

/** Go's `os.UserConfigDir`, with sops' `XDG_CONFIG_HOME` on macOS. */
function configFolder({ env, platform = 'linux' }: KeyIo): { folder: string; problem?: string } {
  const undefinedFolder = (problem: string): { folder: string; problem: string } => ({ folder: '', problem })
  const { XDG_CONFIG_HOME: xdg = '', HOME: home = '' } = env
  if (platform === 'win32') {
    const folder = env['AppData'] ?? env['APPDATA']
    return folder === undefined ? undefinedFolder('%AppData% is not defined') : { folder }
  }
  if (platform === 'darwin') {
    if (xdg !== '') return { folder: xdg }
    return home === '' ? undefinedFolder('$HOME is not defined') : { folder: `${home}/Library/Application Support` }
  }
  if (xdg !== '' && !xdg.startsWith('/')) return undefinedFolder('path in $XDG_CONFIG_HOME is relative')
  if (xdg !== '') return { folder: xdg }
  return home === '' ? undefinedFolder('neither $XDG_CONFIG_HOME nor $HOME are defined') : { folder: `${home}/.config` }
}

async function read(io: KeyIo, { name, bytes, words }: Place): Promise<readonly AgeIdentity[]> {
  if (bytes.length > maximumSize) throw unread(name, `failed to read '${name}': file too long`)
  const text = Buffer.from(bytes).toString()
  if (/^(?:age-encryption|-----BEGIN AGE)/.test(text)) {
    return [(await import('./passphrase.ts')).protectedIdentities(io, { name, bytes })]
  }
  try {
    return await openIdentities(io, parseIdentities(text, words))
  } catch (error) {
    throw unread(name, `failed to parse '${name}' age identities: ${reasonOf(error)}`)
  }
}

function unread(name: string, upstream: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', `${name} holds no age identities`, { upstream })
}

/** Identities as `decryptAge` takes them: those of plugins as objects. */
export async function openIdentities(io: KeyIo | undefined, texts: readonly string[]): Promise<(string | Identity)[]> {
  if (!texts.some((text) => text.startsWith(pluginPrefix))) return [...texts]
  const { pluginIdentity } = await import('./plugin.ts')
  return texts.map((text) => (text.startsWith(pluginPrefix) ? pluginIdentity(io, text) : text))
}

const pluginPrefix = 'AGE-PLUGIN-'
const kinds = [pluginPrefix, 'AGE-SECRET-KEY-PQ-1', 'AGE-SECRET-KEY-1']

/**
 * The identities of a key file: one a line, empty lines and lines that start with `#` skipped.
 *
 * @param words several a line, separated by blanks
 * @throws `IDENTITY_MISSING` for a line that is no identity, `INVALID_KEY` for a malformed one; the message does not hold it.
 */
export function parseIdentities(text: string, words = false): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  const identities = words ? lines.flatMap((line) => line.split(/\s+/).filter((word) => word !== '')) : lines
  for (const identity of identities) {
    if (!kinds.some((kind) => identity.startsWith(kind))) {
      throw new KeyserviceError('IDENTITY_MISSING', 'a line of the key file is no age identity', {
        hint: 'an identity is one line AGE-SECRET-KEY-1..., as age-keygen writes it',
        upstream: 'unknown identity type',
      })
    }
    if (!identity.startsWith(pluginPrefix)) checkIdentity(identity)
  }
  return identities
}
