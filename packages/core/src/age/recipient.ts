import { CoreError } from '../error.ts'
import { decodeBech32 } from './bech32.ts'

/**
 * Checks that a text is an age recipient, as far as its kind can be told without loading what encrypts to it.
 *
 * @throws `INVALID_KEY`
 */
export function checkRecipient(text: string): void {
  if (text.startsWith('ssh-') || isPlugin(text)) return
  const wanted = text.startsWith('age1pq1') ? 'age1pq' : 'age'
  if (!text.startsWith('age1'))
    throw malformed(`failed to parse input, unknown recipient type: ${JSON.stringify(text)}`)
  if (decodeBech32(text)?.prefix === wanted) return
  throw malformed(
    `failed to parse input as Bech32-encoded age public key: malformed recipient ${JSON.stringify(text)}: ${problem(text)}`,
  )
}

/** True for recipients of plugins: `age1NAME1...`. */
export function isPlugin(text: string): boolean {
  return text.startsWith('age1') && !text.startsWith('age1pq1') && text.indexOf('1', 4) >= 0
}

/** What Go says of a text that is no Bech32. */
function problem(text: string): string {
  const separator = text.lastIndexOf('1')
  if (text !== text.toLowerCase()) return 'mixed case'
  if (separator < 1 || separator + 7 > text.length) {
    return `separator '1' at invalid position: pos=${separator}, len=${text.length}`
  }
  return 'invalid checksum'
}

function malformed(upstream: string): CoreError {
  return new CoreError('INVALID_KEY', 'an age recipient is malformed', {
    hint: 'a recipient is one word age1..., as age-keygen -y writes it',
    upstream,
  })
}
