import { ResolverError } from './error.ts'
import type { ConversionStrategy } from './externalsecret.ts'

/** Values by key, in order; what flows through the steps of an entry. */
export type Values = ReadonlyMap<string, Uint8Array>

const unfit = /[^\p{L}\p{N}._-]/gu

const replacements: Readonly<Record<ConversionStrategy, (character: string) => string>> = {
  '': () => '_',
  Default: () => '_',
  Unicode: (character) => `_U${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}_`,
}

/** A key with every character replaced that is no letter or number of Unicode and none of `-._`. */
function convertKey(strategy: ConversionStrategy, key: string): string {
  return key.replace(unfit, replacements[strategy])
}

/** {@link convertKey} for all keys. @throws {ResolverError} `KEY_COLLISION` when two become one */
export function convertKeys(strategy: ConversionStrategy, values: Values): Map<string, Uint8Array> {
  const converted = new Map<string, Uint8Array>()
  for (const [key, value] of values) {
    const name = convertKey(strategy, key)
    if (converted.has(name)) {
      throw new ResolverError('KEY_COLLISION', `secret name collision during conversion: ${name}`)
    }
    converted.set(name, value)
  }
  return converted
}

/** Longest key of a Secret, in bytes. */
const longest = 253

/**
 * The values whose keys a Secret may hold; an empty key is dropped. Letters and numbers are those of Unicode, so the
 * API server may still refuse a key that passes here, as with External Secrets.
 *
 * @throws {ResolverError} `INVALID_SECRET_KEY` for a key that is too long or has another character
 */
export function validKeys(values: Values): Map<string, Uint8Array> {
  const valid = new Map(values)
  valid.delete('')
  for (const key of valid.keys()) {
    const bytes = Buffer.from(key)
    if (bytes.length > longest) {
      const start = bytes.subarray(0, longest).toString()
      throw invalidKey(`key has length ${bytes.length} but max is ${longest}: (following is truncated): ${start}`)
    }
    const [character] = key.match(unfit) ?? []
    if (character !== undefined) {
      throw invalidKey(
        `key has invalid character ${character}, only alphanumeric, '-', '.' and '_' are allowed: ${key}`,
      )
    }
  }
  return valid
}

function invalidKey(message: string): ResolverError {
  return new ResolverError('INVALID_SECRET_KEY', message, { hint: 'change the key by rewrite or conversionStrategy' })
}
