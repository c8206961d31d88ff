import { generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { encodeUtf8 } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { ResolverError } from '../error.ts'
import { type Json, text } from '../view.ts'
import type { GenerateContext } from './index.ts'

/**
 * A key in OpenSSH's terms: its type, and the fields of its public and private parts (PROTOCOL.key, RFC 4253, RFC
 * 5656).
 */
interface SshKey {
  readonly type: string
  readonly publicFields: readonly Uint8Array[]
  readonly privateFields: readonly Uint8Array[]
}

const generators: Readonly<Record<string, (size: number | undefined) => Promise<SshKey>>> = { rsa, ecdsa, ed25519 }

/**
 * The SSHKey generator: `privateKey` in OpenSSH's format and `publicKey` as in authorized_keys.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for an unknown type or a size that cannot be
 */
export async function generate(spec: Json, { random }: Pick<GenerateContext, 'random'>): Promise<Values> {
  const type = text(spec['keyType'], 'rsa')
  const make = Object.hasOwn(generators, type) ? generators[type] : undefined
  if (make === undefined) throw new ResolverError('PROVIDER_FAILED', `unsupported key type: ${type}`)
  const size = typeof spec['keySize'] === 'number' ? spec['keySize'] : undefined
  const key = await make(size)
  const comment = text(spec['comment'])
  const publicBlob = Buffer.concat([field(key.type), ...key.publicFields.map(field)])
  const line = [key.type, publicBlob.toString('base64'), ...(comment === '' ? [] : [comment])].join(' ')
  return new Map([
    ['privateKey', encodeUtf8(privateKeyFile(key, publicBlob, { comment, check: random(4) }))],
    ['publicKey', encodeUtf8(`${line}\n`)],
  ])
}

const generatePair = promisify(generateKeyPair)

async function rsa(size = 2048): Promise<SshKey> {
  if (size < 1024 || size > 16_384)
    throw new ResolverError('PROVIDER_FAILED', `an RSA key of ${size} bits cannot be made`)
  const { n, e, d, qi, p, q } = jwk((await generatePair('rsa', { modulusLength: size })).privateKey)
  return {
    type: 'ssh-rsa',
    publicFields: [integer(e), integer(n)],
    privateFields: [n, e, d, qi, p, q].map(integer),
  }
}

/** Curves by the size of the key; another size is the first, as in External Secrets. */
const curves: readonly (readonly [size: number, curve: string, name: string])[] = [
  [256, 'P-256', 'nistp256'],
  [384, 'P-384', 'nistp384'],
  [521, 'P-521', 'nistp521'],
]

async function ecdsa(size = 256): Promise<SshKey> {
  const [, namedCurve, name] = curves.find(([bits]) => bits === size) ?? [256, 'P-256', 'nistp256']
  const { x, y, d } = jwk((await generatePair('ec', { namedCurve })).privateKey)
  const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)])
  const curve = Buffer.from(name)
  return { type: `ecdsa-sha2-${name}`, publicFields: [curve, point], privateFields: [curve, point, integer(d)] }
}

async function ed25519(): Promise<SshKey> {
  const { x, d } = jwk((await generatePair('ed25519')).privateKey)
  const point = bytes(x)
  return { type: 'ssh-ed25519', publicFields: [point], privateFields: [point, Buffer.concat([bytes(d), point])] }
}

function jwk(key: KeyObject): JsonWebKey {
  return key.export({ format: 'jwk' })
}

function bytes(value: string | undefined): Buffer {
  return Buffer.from(value ?? '', 'base64url')
}

/** An mpint: as few bytes as can be, with a zero before a high bit. */
function integer(value: string | undefined): Buffer {
  const all = bytes(value)
  const start = all.findIndex((byte) => byte !== 0)
  const short = all.subarray(start === -1 ? all.length : start)
  return (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Buffer.from([0]), short])
}

function field(value: string | Uint8Array): Buffer {
  const content = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

interface Block {
  readonly comment: string
  /** Four bytes that stand twice, by which a reader knows that it decrypted well. */
  readonly check: Uint8Array
}

const blockSize = 8

/** OpenSSH's PROTOCOL.key, unencrypted. */
function privateKeyFile(key: SshKey, publicBlob: Uint8Array, { comment, check }: Block): string {
  const fields = [field(key.type), ...key.privateFields.map(field), field(comment)]
  const block = Buffer.concat([check, check, ...fields])
  const padding = Uint8Array.from({ length: -block.length & (blockSize - 1) }, (_, index) => index + 1)
  const one = Buffer.from([0, 0, 0, 1])
  const head = [Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), one, field(publicBlob)]
  const whole = Buffer.concat([...head, field(Buffer.concat([block, padding]))])
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}
