import { createHmac } from 'node:crypto'
import { encodeUtf8 } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { ResolverError } from '../error.ts'
import { type Json, object, text, textMap } from '../view.ts'
import type { GenerateContext } from './index.ts'

const hashes: ReadonlySet<string> = new Set(['sha1', 'sha256', 'sha384', 'sha512', 'sha512-256'])
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The MFA generator: a one-time password of now (TOTP, RFC 6238) under `token`, and the seconds that it is good for
 * under `timeLeft`.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING` without a seed, `PROVIDER_FAILED` for numbers out of range or a seed
 * that is no base32
 */
export async function generate(spec: Json, context: GenerateContext): Promise<Values> {
  const length = Number(spec['length'] || 6)
  const period = Number(spec['timePeriod'] || 30)
  if (!(length >= 1 && length <= 9)) throw failed(`invalid OTP length ${length}: must be between 1 and 9`)
  if (!(period > 0)) throw failed(`invalid OTP time period ${period}: must be greater than 0`)
  const when = spec['when'] === undefined ? context.environment.now() : Date.parse(text(spec['when']))
  const seconds = Math.floor(when / 1000)
  const code = password(await readSeed(spec, context), {
    counter: BigInt(Math.floor(seconds / period)),
    length,
    hash: hashName(text(spec['algorithm'], 'sha1')),
  })
  return new Map([
    ['token', encodeUtf8(code)],
    ['timeLeft', encodeUtf8(String(period - (seconds % period)))],
  ])
}

function hashName(algorithm: string): string {
  const name = algorithm.toLowerCase().replace('_', '-')
  if (hashes.has(name)) return name
  throw failed('the hash function is invalid')
}

async function readSeed(spec: Json, { cluster, namespace }: GenerateContext): Promise<Uint8Array> {
  const { name, key } = object(spec['secret'])
  const secret = await cluster.get('Secret', { namespace, name: text(name) })
  const data = textMap(secret?.['data'])
  const seed = Object.hasOwn(data, text(key)) ? data[text(key)] : undefined
  if (seed === undefined) {
    throw new ResolverError('CREDENTIAL_MISSING', `secret key ${text(key)} does not exist in secret ${text(name)}`)
  }
  return base32(Buffer.from(seed, 'base64').toString().replaceAll(' ', '').toUpperCase())
}

/** Bytes of base32 without padding. */
function base32(seed: string): Uint8Array {
  const bits = [...seed].map((character) => {
    const value = alphabet.indexOf(character)
    if (value === -1) throw failed('the seed is not base32')
    return value.toString(2).padStart(5, '0')
  })
  const bytes = bits.join('').match(/.{8}/g) ?? []
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2))
}

interface Otp {
  readonly counter: bigint
  readonly length: number
  readonly hash: string
}

/** RFC 4226, section 5.3: four bytes of the HMAC, chosen by its last one. */
function password(seed: Uint8Array, { counter, length, hash }: Otp): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(counter)
  const sum = createHmac(hash, seed).update(message).digest()
  const offset = (sum.at(-1) ?? 0) & 0x0f
  const number = sum.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** length).padStart(length, '0')
}

function failed(message: string): ResolverError {
  return new ResolverError('PROVIDER_FAILED', message)
}
