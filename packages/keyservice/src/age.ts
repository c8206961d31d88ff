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
import type { KeyContext, MasterKey } from './masterkey.ts'

const reader = 'failed to create reader for decrypting sops data key with age'
const nobody: Identities = { identities: [], missing: [], problems: [] }

/** Age as a master key: one armored age file a recipient. */
export function ageKey(context: KeyContext): MasterKey {
  const native = perRecipient(context, 'SOPS_AGE_KEY_CMD', (recipient) => identities(context, recipient))
  const ssh = perRecipient(context, 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', (recipient) => sshIdentities(context, recipient))
  return {
    wrap: async (part, entry) => ({ ...entry, enc: await wrap(context, part, field(entry, 'recipient')) }),
    async unwrap(entry) {
      const recipient = field(entry, 'recipient')
      const own = await native(recipient)
      const all = async (): Promise<Identities> => joined(await ssh(recipient), own)
      const texts = own.identities.filter((identity) => typeof identity === 'string')
      const part = texts.length === 0 ? null : await open(entry.enc, texts, all)
      if (part !== null) return part
      // SSH keys are looked for only where age's own do not fit: reading them costs more than all the rest.
      const found = await all()
      if (found.identities.length === 0) throw missing('failed to load age identities', found)
      const late = await openLate(context, entry.enc, found)
      if (late !== null) return late
      throw missing(`${reader}: ${unmatched(found)}`, found)
    },
  }
}

/** Tries what may ask a person, in order. */
async function openLate({ io }: KeyContext, enc: string, found: Identities): Promise<Uint8Array | null> {
  for (const identity of found.identities) {
    if (typeof identity === 'string') continue
    if (!('open' in identity)) {
      const part = await open(enc, [identity], async () => found)
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
    throw unreadable(error, found)
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
): Promise<Uint8Array | null> {
  try {
    return await decryptAge(enc, tried)
  } catch (error) {
    throw unreadable(error, await found())
  }
}

function unreadable(error: unknown, found: Identities): unknown {
  if (!(error instanceof SealkitError)) return error
  return new KeyserviceError('IDENTITY_MISSING', error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    upstream: `${reader}: ${error.upstream ?? error.message}${suffix(found)}`,
  })
}

/** What age says where no identity is a recipient's. */
function unmatched({ identities: tried }: Identities): string {
  if (tried.length !== 1) return 'no identity matched any of the recipients'
  const [only] = tried
  const plugin = typeof only === 'object' && 'plugin' in only ? `${only.plugin} plugin: ` : ''
  return `identity did not match any of the recipients: ${plugin}incorrect identity for recipient block`
}

function missing(upstream: string, found: Identities): KeyserviceError {
  const message =
    found.identities.length === 0 ? 'there is no age identity at hand' : 'no age identity at hand fits the recipient'
  return new KeyserviceError('IDENTITY_MISSING', message, {
    hint: 'set SOPS_AGE_KEY_FILE to the file with the private key of one of the recipients',
    upstream: upstream + suffix(found),
  })
}

/** What sops appends: the errors of loading, then the places without keys. */
function suffix({ missing: places, problems }: Identities): string {
  const errors = problems.length === 0 ? '' : `. Errors while loading age identities: ${problems.join('; ')}`
  return `${errors}${placesText(places)}`
}

function placesText(places: readonly string[]): string {
  const [first = '', second = ''] = places
  if (places.length === 0) return ''
  if (places.length === 1) return `. Did not find keys in location '${first}'.`
  if (places.length === 2) return `. Did not find keys in locations '${first}' and '${second}'.`
  return `. Did not find keys in locations '${places.slice(0, -1).join("', '")}', and '${places.at(-1)}'.`
}
