import { SealkitError } from '@sealkit/core'
import { decryptAge, encryptAge } from '@sealkit/core/age'
import { field } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import { type Identities, loadIdentities } from './identities.ts'
import type { KeyContext, MasterKey } from './masterkey.ts'

/** Age as a master key: one armored age file a recipient. */
export function ageKey(context: KeyContext): MasterKey {
  let loaded: Promise<Identities> | undefined
  const load = (recipient: string): Promise<Identities> => {
    // A command is told the recipient, so its answer is good for that one only.
    if (context.io?.env['SOPS_AGE_KEY_CMD'] !== undefined) return identities(context, recipient)
    loaded ??= identities(context, recipient)
    return loaded
  }
  return {
    wrap: async (part, entry) => ({ ...entry, enc: await encryptAge(part, field(entry, 'recipient')) }),
    unwrap: async (entry) => {
      const found = await load(field(entry, 'recipient'))
      if (found.identities.length === 0) throw missing('failed to load age identities', found)
      const part = await unwrap(entry.enc, found)
      if (part !== null) return part
      const reason = 'no identity matched any of the recipients'
      throw missing(`failed to create reader for decrypting sops data key with age: ${reason}`, found)
    },
  }
}

async function identities(context: KeyContext, recipient: string): Promise<Identities> {
  const given = context.ageIdentities ?? []
  if (context.io === undefined || given.length > 0) return { identities: given, missing: [], problems: [] }
  return loadIdentities(context.io, recipient)
}

async function unwrap(enc: string, found: Identities): Promise<Uint8Array | null> {
  try {
    return await decryptAge(enc, found.identities)
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    const prefix = 'failed to create reader for decrypting sops data key with age'
    throw new KeyserviceError('IDENTITY_MISSING', error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      upstream: `${prefix}: ${error.upstream ?? error.message}${suffix(found)}`,
    })
  }
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
