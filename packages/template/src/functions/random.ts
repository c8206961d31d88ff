import { failure } from '../error.ts'
import { fromRunes, runes } from '../utf8.ts'
import type { Value } from '../value.ts'
import { type Context, type FunctionRow, rows } from './row.ts'

const DIGITS = '0123456789'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')

/** sprig's random functions, all on the render's source of random bytes. */
export function randomFunctions(): FunctionRow[] {
  const from =
    (set: string) =>
    ([count]: readonly Value[], context: Context) =>
      randomText(set, count as bigint, context)
  return rows('Random', [
    ['randAlphaNum(int) string', from(DIGITS + LETTERS), 'Random letters and digits.', 'randAlphaNum 16'],
    ['randAlpha(int) string', from(LETTERS), 'Random letters.', 'randAlpha 16'],
    ['randNumeric(int) string', from(DIGITS), 'Random digits.', 'randNumeric 6'],
    ['randAscii(int) string', from(ASCII), 'Random printable ASCII characters.', 'randAscii 16'],
    ['randBytes(int) string', randBytes, 'Random bytes, as base64.', 'randBytes 32'],
    ['shuffle(string) string', shuffle, 'The characters in random order.', 'shuffle "hello"'],
    ['uuidv4() string', (_, context) => uuid(context), 'A random UUID.', 'uuidv4'],
  ])
}

/** A random integer from 0 to below `limit`, each as likely (Go's rand.Intn). */
export function randomBelow(limit: bigint, context: Context): bigint {
  if (limit <= 0n) failure('invalid argument to Intn', true)
  const length = Math.ceil((limit.toString(2).length + 8) / 8)
  const range = 1n << BigInt(8 * length)
  for (;;) {
    const value = BigInt(`0x${Buffer.from(context.random(length)).toString('hex')}`)
    if (value < range - (range % limit)) return value % limit
  }
}

function randomText(set: string, count: bigint, context: Context): string {
  if (count <= 0n) return ''
  context.charge(Number(count))
  const most = 256 - (256 % set.length)
  let out = ''
  while (out.length < Number(count)) {
    for (const byte of context.random(Number(count) - out.length)) if (byte < most) out += set[byte % set.length]
  }
  return out
}

function randBytes([count]: readonly Value[], context: Context): string {
  if ((count as bigint) < 0n) failure('runtime error: makeslice: len out of range', true)
  context.charge(Number(count))
  return Buffer.from(context.random(Number(count))).toString('base64')
}

function shuffle([text]: readonly Value[], context: Context): string {
  const codes = runes(text as string)
  for (let i = codes.length - 1; i > 0; i--) {
    const other = Number(randomBelow(BigInt(i + 1), context))
    const code = codes[i] ?? 0
    codes[i] = codes[other] ?? 0
    codes[other] = code
  }
  return fromRunes(codes)
}

function uuid(context: Context): string {
  const bytes = Uint8Array.from(context.random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
