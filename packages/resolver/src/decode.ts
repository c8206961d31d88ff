import { ResolverError } from './error.ts'
import type { DecodingStrategy, NullBytePolicy } from './externalsecret.ts'

const alphabets = {
  Base64: /^[A-Za-z0-9+/]$/,
  Base64URL: /^[A-Za-z0-9_-]$/,
} as const

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
    if (corruptAt(text, alphabets[candidate]) < 0) return decodeBase64(candidate, value)
  }
  return value
}

function decodeBase64(strategy: 'Base64' | 'Base64URL', value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString('latin1')
  const at = corruptAt(text, alphabets[strategy])
  if (at >= 0) throw new ResolverError('DECODE_FAILED', `illegal base64 data at input byte ${at}`)
  return Uint8Array.from(Buffer.from(text, strategy === 'Base64' ? 'base64' : 'base64url'))
}

/** The offset that Go's CorruptInputError names, or -1 for good input. */
function corruptAt(text: string, alphabet: RegExp): number {
  const characters = significant(text)
  for (let start = 0; start < characters.length; start += 4) {
    const wrong = corruptQuantum(characters, start, alphabet, text.length)
    if (wrong !== undefined) return wrong
  }
  return -1
}

interface Character {
  readonly value: string
  readonly at: number
}

function significant(text: string): readonly Character[] {
  const characters: Character[] = []
  for (let at = 0; at < text.length; at += 1) {
    const value = text.charAt(at)
    if (value !== '\n' && value !== '\r') characters.push({ value, at })
  }
  return characters
}

function corruptQuantum(
  characters: readonly Character[],
  start: number,
  alphabet: RegExp,
  length: number,
): number | undefined {
  for (let place = 0; place < 4; place += 1) {
    const character = characters[start + place]
    // Go subtracts the place in the quantum from the end of the input.
    if (character === undefined) return length - place
    if (alphabet.test(character.value)) continue
    if (character.value !== '=' || place < 2) return character.at
    return corruptPadding(characters, start + place, place, length)
  }
  return undefined
}

function corruptPadding(
  characters: readonly Character[],
  index: number,
  place: number,
  length: number,
): number | undefined {
  let after = index + 1
  if (place === 2) {
    const second = characters[after]
    if (second === undefined) return length
    if (second.value !== '=') return second.at - 1
    after += 1
  }
  return characters[after]?.at
}

/** Refuses a value with a 0x00 byte where the entry asks for that. @throws {ResolverError} `NULL_BYTE` */
export function checkNullBytes(policy: NullBytePolicy, value: Uint8Array, key: string): void {
  if (policy === 'Ignore' || !value.includes(0)) return
  throw new ResolverError(
    'NULL_BYTE',
    `fetched secret value for key "${key}" contains null bytes; use a text-safe format such as PEM/base64 or leave nullBytePolicy unset for intentional binary data`,
  )
}
