import { createHash } from 'node:crypto'
import { SealkitError } from '@sealkit/core'
import { dearmor, decryptAge } from '@sealkit/core/age'
import { scryptIdentity } from '@sealkit/core/age/scrypt'
import { KeyserviceError } from './error.ts'
import { type Agent, openAgent } from './gpg-agent.ts'
import { type ProtectedIdentities, parseIdentities, reasonOf } from './identities.ts'
import type { KeyIo } from './io.ts'

/** An identity file under a passphrase. */
export interface ProtectedFile {
  /** How the place is named to the person. */
  readonly name: string
  /** An age file, armored or not. */
  readonly bytes: Uint8Array
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The identities of a file that age encrypted with a passphrase. It is asked for once, when no other identity fits:
 * from gpg-agent, which keeps it, else from the person at the terminal.
 */
export function protectedIdentities(io: KeyIo, file: ProtectedFile): ProtectedIdentities {
  let opened: Promise<readonly string[]> | undefined
  return {
    name: file.name,
    open() {
      opened ??= open(io, file)
      return opened
    },
  }
}

async function open(io: KeyIo, { name, bytes }: ProtectedFile): Promise<readonly string[]> {
  const text = Buffer.from(bytes).toString()
  const contents = text.startsWith('-') ? dearmor(text) : bytes
  const cacheId = cacheName(contents)
  let plain: Uint8Array | null
  try {
    plain = await decryptAge(contents, [scryptIdentity(() => passphrase(io, { name, cacheId }))])
  } catch (error) {
    const reason = reasonOf(error)
    if (!(error instanceof SealkitError)) throw error
    if (reason !== 'incorrect passphrase') throw failed(`failed to decrypt identity file: ${reason}`, error)
    await forget(io, cacheId)
    throw failed(reason, error)
  }
  if (plain === null) throw failed('incorrect passphrase')
  return parseIdentities(Buffer.from(plain).toString())
}

function failed(upstream: string, cause?: SealkitError): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'an identity file under a passphrase does not open', {
    cause,
    hint: cause?.hint ?? 'decrypt it with age to see whether the passphrase is right',
    upstream,
  })
}

/** The name under which sops, too, keeps the passphrase in gpg-agent. */
function cacheName(contents: Uint8Array): string {
  const hash = createHash('sha256').update(contents).digest().subarray(0, 25)
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return `SopsAge${bits.replace(/.{5}/g, (five) => base32[Number.parseInt(five, 2)] ?? '')}`
}

async function passphrase(io: KeyIo, { name, cacheId }: { name: string; cacheId: string }): Promise<string> {
  const prompt = `Enter passphrase for identity '${name}':`
  const agent = await agentOf(io)
  try {
    if (agent !== null) return await fromAgent(io, agent, { prompt, cacheId })
    if (io.person !== undefined) return await io.person.ask(prompt, true)
    throw new KeyserviceError('IDENTITY_MISSING', 'nobody can be asked for a passphrase here')
  } catch (error) {
    throw new KeyserviceError('IDENTITY_MISSING', 'the passphrase of an identity file cannot be asked for', {
      hint: 'run this on a terminal, or start gpg-agent',
      upstream: `could not read passphrase: ${reasonOf(error)}`,
    })
  } finally {
    agent?.close()
  }
}

async function fromAgent(io: KeyIo, agent: Agent, request: { prompt: string; cacheId: string }): Promise<string> {
  let given: string
  try {
    given = await agent.passphrase(request)
  } catch (error) {
    throw new Error(`gpg-agent passphrase request errored: ${reasonOf(error)}`)
  }
  if (given === '') await forget(io, request.cacheId)
  return given
}

async function agentOf(io: KeyIo): Promise<Agent | null> {
  try {
    return await openAgent(io)
  } catch {
    // Without an agent the terminal is asked.
    return null
  }
}

async function forget(io: KeyIo, cacheId: string): Promise<void> {
  const agent = await agentOf(io)
  try {
    await agent?.forget(cacheId)
  } finally {
    agent?.close()
  }
}
