import { CoreError } from '../error.ts'
import { bech32Problem, decodeBech32 } from './bech32.ts'
import { parsePluginName } from './plugin/name.ts'
import { checkSshRecipient } from './ssh/publickey.ts'

/**
 * Checks that a text is an age recipient, as far as its kind can be told without loading what encrypts to it.
 *
 * @throws `INVALID_KEY`
 */
export function checkRecipient(text: string): void {
  if (text.startsWith('ssh-')) {
    checkSshRecipient(text)
    return
  }
  if (isPlugin(text)) {
    checkPlugin(text)
    return
  }
  const wanted = text.startsWith('age1pq1') ? 'age1pq' : 'age'
  if (!text.startsWith('age1'))
    throw malformed(`failed to parse input, unknown recipient type: ${JSON.stringify(text)}`)
  if (decodeBech32(text)?.prefix === wanted) return
  throw malformed(
    `failed to parse input as Bech32-encoded age public key: malformed recipient ${JSON.stringify(text)}: ${bech32Problem(text)}`,
  )
}

function checkPlugin(text: string): void {
  try {
    parsePluginName(text, 'recipient')
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw malformed(`failed to parse input as age key from age plugin: ${error.upstream ?? error.message}`)
  }
}

/** True for recipients of plugins: `age1NAME1...`. */
export function isPlugin(text: string): boolean {
  return text.startsWith('age1') && !text.startsWith('age1pq1') && text.indexOf('1', 4) >= 0
}

function malformed(upstream: string): CoreError {
  return new CoreError('INVALID_KEY', 'an age recipient is malformed', {
    hint: 'a recipient is one word age1..., as age-keygen -y writes it',
    upstream,
  })
}
