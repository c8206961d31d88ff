import { base64Fault } from '@sealkit/core/go'
import { ResolverError } from './error.ts'
import type { DecodingStrategy, NullBytePolicy } from './externalsecret.ts'

const alphabets = { Base64: 'standard', Base64URL: 'url' } as const

/**
 * Decodes a fetched value: strictly padded base64 in which only line breaks are passed over, as Go's encoding/base64.
 *
 * `Auto` tries Base64, then Base64URL, and keeps the value when it is neither. It cannot know what was meant: any text
 * of 4n letters and digits is base64.
 *
 * @throws {ResolverError} `DECODE_FAILED` with the offset of the first character that is wrong
 */
export function decode(strategy: DecodingStrategy, value: Uint8Array): Uint8Array {
  if (strategy === 'None') return value
  if (strategy !== 'Auto') return decodeBase64(strategy, value)
  for (const candidate of ['Base64', 'Base64URL'] as const) {
    const text = Buffer.from(value).toString('latin1')
    if (base64Fault(text, alphabets[candidate]) < 0) return decodeBase64(candidate, value)
  }
  return value
}

function decodeBase64(strategy: 'Base64' | 'Base64URL', value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString('latin1')
  const at = base64Fault(text, alphabets[strategy])
  if (at >= 0) throw new ResolverError('DECODE_FAILED', `illegal base64 data at input byte ${at}`)
  return Uint8Array.from(Buffer.from(text, strategy === 'Base64' ? 'base64' : 'base64url'))
}

/** Refuses a value with a 0x00 byte where the entry asks for that. @throws {ResolverError} `NULL_BYTE` */
export function checkNullBytes(policy: NullBytePolicy, value: Uint8Array, key: string): void {
  if (policy === 'Ignore' || !value.includes(0)) return
  throw new ResolverError(
    'NULL_BYTE',
    `fetched secret value for key "${key}" contains null bytes; use a text-safe format such as PEM/base64 or leave nullBytePolicy unset for intentional binary data`,
  )
}
