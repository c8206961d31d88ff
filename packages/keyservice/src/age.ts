import { SealkitError } from '@sealkit/core'
import { decryptAge, encryptAge, type Identity, isPlugin } from '@sealkit/core/age'
import { field } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import {
  type AgeIdentity,
  type Identities,
  loadIdentities,
  openIdentities,
  type ProtectedIdentities,
  reasonOf,
} from './identities.ts'
import type { KeyContext, MasterKey } from './kind.ts'

const nobody: Identities = { identities: [], missing: [], problems: [] }

/** Age as a master key: one armored age file a recipient. */
export function ageKey(context: KeyContext): MasterKey {
  const native = perRecipient(context, 'SOPS_AGE_KEY_CMD', (recipient) => identities(context, recipient))
  const ssh = perRecipient(context, 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', (recipient) => sshIdentities(context, recipient))
  return {
    wrap: async (part, entry) => ({ ...entry, enc: await wrap(context, part, field(entry, 'recipient')) }),
    async unwrap(entry, { signal } = {}) {
      const recipient = field(entry, 'recipient')
      const own = await native(recipient)
      const all = async (): Promise<Identities> => joined(await ssh(recipient), own)
      const texts = own.identities.filter((identity) => typeof identity === 'string')
      const part = texts.length === 0 ? null : await open(entry.enc, texts, all)
      if (part !== null) return part
      // SSH keys are looked for only where age's own do not fit: reading them costs more than all the rest.
      const found = await all()
      if (found.identities.length === 0) throw (await failure()).missing('failed to load age identities', found)
      const late = await openLate(context, { enc: entry.enc, found, signal })
      if (late !== null) return late
      throw (await failure()).unmatched(found)
    },
  }
}

/** Tries what may ask a person, in order. */
async function openLate(
  { io }: KeyContext,
  { enc, found, signal }: { enc: string; found: Identities; signal: AbortSignal | undefined },
): Promise<Uint8Array | null> {
  for (const identity of found.identities) {
    if (typeof identity === 'string') continue
    if (!('open' in identity)) {
      const part = await open(enc, [identity], async () => found, signal)
      if (part !== null) return part
      continue
    }
    const part = await open(enc, await opened(identity, found), async () => found)
    if (part !== null) return part
    io?.warn?.('AGE', `encrypted identity '${identity.name}' didn't match file's recipients`)
  }
  return null
}

async function opened(identity: ProtectedIdentities, found: Identities): Promise<readonly string[]> {
  try {
    return await identity.open()
  } catch (error) {
    throw (await failure()).unreadable(error, found)
  }
}

/** A command is told the recipient, so what it gives is good for that one only; all else is loaded once. */
function perRecipient(
  { io }: KeyContext,
  command: string,
  load: (recipient: string) => Promise<Identities>,
): (recipient: string) => Promise<Identities> {
  const loaded = new Map<string, Promise<Identities>>()
  return (recipient) => {
    const key = io?.env[command] === undefined ? '' : recipient
    const known = loaded.get(key) ?? load(recipient)
    loaded.set(key, known)
    return known
  }
}

async function identities(context: KeyContext, recipient: string): Promise<Identities> {
  const given = context.ageIdentities
  if (given !== undefined) return { ...nobody, identities: await openGiven(context, given) }
  return context.io === undefined ? nobody : loadIdentities(context.io, recipient)
}

async function openGiven(context: KeyContext, given: readonly AgeIdentity[]): Promise<AgeIdentity[]> {
  const all = await Promise.all(
    given.map((one) => (typeof one === 'string' ? openIdentities(context.io, [one]) : [one])),
  )
  return all.flat()
}

async function sshIdentities(context: KeyContext, recipient: string): Promise<Identities> {
  const { io, ageIdentities } = context
  if (io === undefined || ageIdentities !== undefined) return nobody
  return (await import('./ssh.ts')).loadSshIdentities(io, recipient)
}

function joined(ssh: Identities, own: Identities): Identities {
  const counts = (text: string): boolean => ssh.identities.length === 0 || own.alone?.includes(text) !== true
  return {
    identities: [...ssh.identities, ...own.identities],
    missing: [...ssh.missing, ...own.missing.filter(counts)],
    problems: [...ssh.problems, ...own.problems.filter(counts)],
  }
}

async function wrap(context: KeyContext, part: Uint8Array, recipient: string): Promise<string> {
  if (!isPlugin(recipient)) return encryptAge(part, recipient)
  try {
    const { pluginRecipient } = await import('./plugin.ts')
    return await encryptAge(part, pluginRecipient(context.io, recipient))
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    const reason = `failed to wrap key for recipient #0: ${reasonOf(error)}`
    throw new KeyserviceError('COMMAND_FAILED', error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      upstream: `failed to create writer for encrypting sops data key with age: ${reason}`,
    })
  }
}

async function open(
  enc: string,
  tried: readonly (string | Identity)[],
  found: () => Promise<Identities>,
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  try {
    return await decryptAge(enc, tried, signal)
  } catch (error) {
    throw (await failure()).unreadable(error, await found())
  }
}

/** What is only said where nothing fits. */
function failure(): Promise<typeof import('./agefailure.ts')> {
  return import('./agefailure.ts')
}
