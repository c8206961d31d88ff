import { SealkitError } from '@sealkit/core'
import { KeyserviceError } from './error.ts'
import type { Identities } from './identities.ts'

const reader = 'failed to create reader for decrypting sops data key with age'

/** The error of an attempt, with where identities were looked for. */
export function unreadable(error: unknown, found: Identities): unknown {
  if (!(error instanceof SealkitError)) return error
  return new KeyserviceError('IDENTITY_MISSING', error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    upstream: `${reader}: ${error.upstream ?? error.message}${suffix(found)}`,
  })
}

/** What age says where no identity is a recipient's. */
function unmatchedText({ identities: tried }: Identities): string {
  if (tried.length !== 1) return 'no identity matched any of the recipients'
  const [only] = tried
  const plugin = typeof only === 'object' && 'plugin' in only ? `${only.plugin} plugin: ` : ''
  return `identity did not match any of the recipients: ${plugin}incorrect identity for recipient block`
}

/** The error where identities were found and none fits. */
export function unmatched(found: Identities): KeyserviceError {
  return missing(`${reader}: ${unmatchedText(found)}`, found)
}

/** The error where no identity was found, or none fits. */
export function missing(upstream: string, found: Identities): KeyserviceError {
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
