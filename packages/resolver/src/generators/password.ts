import { encodeUtf8 } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { ResolverError } from '../error.ts'
import { type Json, text, texts } from '../view.ts'
import type { GenerateContext, Random } from './index.ts'

const lower = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const defaultSymbols = '~!@#$%^&*()_+`-={}|[]\\:"<>?,./'
const defaultLength = 24
/** Share of digits, and of symbols, where the spec gives no number. */
const share = 0.25

const encodings: Readonly<Record<string, (password: string) => string>> = {
  raw: (password) => password,
  base64: (password) => Buffer.from(password).toString('base64'),
  base64url: (password) => Buffer.from(password).toString('base64url'),
  base32: base32,
  hex: (password) => Buffer.from(password).toString('hex'),
}

/**
 * The Password generator: under `password`, or a password of its own under each of `secretKeys`.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for numbers that do not fit together or an unknown encoding
 */
export function generate(spec: Json, { random }: Pick<GenerateContext, 'random'>): Values {
  const keys = texts(spec['secretKeys'])
  const encode = Object.hasOwn(encodings, text(spec['encoding'], 'raw'))
    ? encodings[text(spec['encoding'], 'raw')]
    : undefined
  if (encode === undefined) throw failed('unknown encoding')
  return new Map(
    (keys.length === 0 ? ['password'] : keys).map((key) => [key, encodeUtf8(encode(password(spec, random)))]),
  )
}

function password(spec: Json, random: Random): string {
  const length = count(spec['length'], defaultLength)
  const digitCount = count(spec['digits'], Math.floor(length * share))
  const symbolCount = count(spec['symbols'], Math.floor(length * share))
  const letterCount = length - digitCount - symbolCount
  if (letterCount < 0) throw failed('number of digits and symbols must be less than total length')
  const symbols = text(spec['symbolCharacters'], defaultSymbols)
  const letters = spec['noUpper'] === true ? lower : lower + lower.toUpperCase()
  const pick = (from: string, size: number): string[] =>
    draw(from, size, { repeat: spec['allowRepeat'] === true, random })
  return shuffle(
    [...pick(letters, letterCount), ...pick(digits, digitCount), ...pick(symbols, symbolCount)],
    random,
  ).join('')
}

function count(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : otherwise
}

interface Draw {
  readonly repeat: boolean
  readonly random: Random
}

function draw(from: string, size: number, { repeat, random }: Draw): string[] {
  const pool = [...from]
  if (!repeat && size > pool.length)
    throw failed('number of characters exceeds available ones and repeats are not allowed')
  return Array.from({ length: size }, () => {
    const place = below(pool.length, random)
    return (repeat ? pool[place] : pool.splice(place, 1)[0]) ?? ''
  })
}

function shuffle(characters: string[], random: Random): string[] {
  const pool = [...characters]
  return characters.map(() => pool.splice(below(pool.length, random), 1)[0] ?? '')
}

/**
 * A number from 0 to `limit` - 1, each as likely as the others: what would make the first ones likelier is drawn again.
 */
function below(limit: number, random: Random): number {
  const fair = Math.floor(2 ** 32 / limit) * limit
  for (;;) {
    const bytes = random(4)
    const number = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    if (number < fair) return number % limit
  }
}

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(password: string): string {
  const bits = [...Buffer.from(password)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const characters = (bits.match(/.{1,5}/g) ?? []).map((group) =>
    base32Alphabet.charAt(Number.parseInt(group.padEnd(5, '0'), 2)),
  )
  return characters.join('').padEnd(Math.ceil(characters.length / 8) * 8, '=')
}

function failed(message: string): ResolverError {
  return new ResolverError('PROVIDER_FAILED', message)
}
