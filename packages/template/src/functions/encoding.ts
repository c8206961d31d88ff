import { decodeBase64 } from '../base64.ts'
import { FunctionFailure, failure } from '../error.ts'
import { fromBytes, toBytes } from '../utf8.ts'
import type { Value } from '../value.ts'
import { type FunctionRow, rows } from './row.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** sprig's encodings. */
export function encodingFunctions(): FunctionRow[] {
  const told =
    (decode: (text: string) => string) =>
    ([text]: readonly Value[]) =>
      orItsError(() => decode(text as string))
  return rows('Encodings', [
    [
      'b64enc(string) string',
      ([text]) => toBytes(text as string).toString('base64'),
      'The text in base64.',
      'b64enc .password',
    ],
    [
      'b64dec(string) string',
      told(decodeBase64),
      'The text that base64 stands for; the text of the error when it is none.',
      'b64dec .encoded',
    ],
    ['b32enc(string) string', ([text]) => encodeBase32(text as string), 'The text in base32.', 'b32enc .seed'],
    [
      'b32dec(string) string',
      told(decodeBase32),
      'The text that base32 stands for; the text of the error when it is none.',
      'b32dec .encoded',
    ],
  ])
}

/** External Secrets' addition to sprig. */
export function hexFunctions(): FunctionRow[] {
  return rows('Encodings', [
    [
      'hexdec(string) string',
      ([text]) => orItsError(() => decodeHex(text as string)),
      'The text that hexadecimal digits stand for; the text of the error when they are none.',
      'hexdec .encoded',
    ],
  ])
}

function orItsError(decode: () => string): string {
  try {
    return decode()
  } catch (error) {
    if (error instanceof FunctionFailure) return error.message
    throw error
  }
}

function encodeBase32(text: string): string {
  let bits = ''
  for (let at = 0; at < text.length; at++) bits += text.charCodeAt(at).toString(2).padStart(8, '0')
  const groups = bits.match(/.{1,5}/g) ?? []
  const digits = groups.map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
  return digits.padEnd(Math.ceil(digits.length / 8) * 8, '=')
}

function decodeBase32(given: string): string {
  const text = given.replace(/[\r\n]/g, '')
  let bits = ''
  for (let at = 0; at < text.length; at++) {
    const inGroup = at % 8
    if (text[at] === '=' && inGroup >= 2 && text.length - at <= 8) return closeBase32(text, at, bits)
    const value = BASE32.indexOf(text[at] ?? '')
    if (value < 0) corruptBase32(at)
    bits += value.toString(2).padStart(5, '0')
  }
  if (text.length % 8 !== 0) corruptBase32(text.length - (text.length % 8))
  return fromBits(bits)
}

function corruptBase32(at: number): never {
  return failure(`illegal base32 data at input byte ${at}`, true)
}

/** The end of a base32 text, from its first padding character on. */
function closeBase32(text: string, at: number, bits: string): string {
  const inGroup = at % 8
  const rest = text.length - at - 1
  if (rest + inGroup < 7) corruptBase32(text.length)
  for (let k = 0; k < 7 - inGroup; k++) if (rest > k && text[at + 1 + k] !== '=') corruptBase32(at + k)
  if (inGroup === 3 || inGroup === 6) corruptBase32(at)
  return fromBits(bits)
}

function fromBits(bits: string): string {
  return (bits.match(/.{8}/g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 2))).join('')
}

function decodeHex(text: string): string {
  const wrong = text.search(/[^0-9a-fA-F]/)
  if (wrong >= 0) failure(`encoding/hex: invalid byte: ${hexByte(text.charCodeAt(wrong))}`)
  if (text.length % 2 === 1) failure('encoding/hex: odd length hex string', true)
  return fromBytes(Buffer.from(text, 'hex'))
}

function hexByte(code: number): string {
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return code >= 0x20 && code < 0x7f ? `${name} '${String.fromCharCode(code)}'` : name
}
