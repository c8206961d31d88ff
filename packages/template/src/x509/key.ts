import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { failure } from '../error.ts'
import { integer, readAll, readElement, readSequence, sequence } from './der.ts'
import { decodePem, encodePem } from './pem.ts'

/** The kinds of key that templates make. */
export type KeyKind = 'rsa-2048' | 'rsa-4096' | 'ecdsa' | 'ed25519' | 'dsa'

/** Makes a private key of a kind. */
export function generateKey(kind: KeyKind): KeyObject {
  switch (kind) {
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'rsa-4096':
      return generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey
    case 'ecdsa':
      return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey
  }
  return generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey
}

/** A private key in the PEM form that Go's programs write: PKCS#1 for RSA, SEC 1 for EC, OpenSSL's for DSA, PKCS#8 else. */
export function keyPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return encodePem('RSA PRIVATE KEY', key.export({ type: 'pkcs1', format: 'der' }))
    case 'ec':
      return encodePem('EC PRIVATE KEY', key.export({ type: 'sec1', format: 'der' }))
    case 'dsa':
      return encodePem('DSA PRIVATE KEY', dsaKey(key.export({ type: 'pkcs8', format: 'der' })))
  }
  return encodePem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }))
}

function dsaKey(pkcs8: Buffer): Buffer {
  const [, algorithm, inner] = readSequence(readElement(pkcs8)) ?? []
  const [, parameters] = readSequence(algorithm) ?? []
  const [p, q, g] = (readSequence(parameters) ?? []).map((each) => unsigned(each.content))
  const x = unsigned(readElement(inner?.content ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0))
  if (p === undefined || q === undefined || g === undefined) return failure('failed to generate dsa params', true)
  return sequence(integer(0), integer(p), integer(q), integer(g), integer(power(g, x, p)), integer(x))
}

function unsigned(content: Buffer): bigint {
  return content.length === 0 ? 0n : BigInt(`0x${content.toString('hex')}`)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

type Encoding = 'pkcs1' | 'pkcs8' | 'sec1'

function tryKey(der: Buffer, type: Encoding): KeyObject | null {
  try {
    return createPrivateKey({ key: der, format: 'der', type })
  } catch {
    return null
  }
}

/** A private key in any of the three DER forms. @throws FunctionFailure */
export function parseKey(der: Buffer): KeyObject {
  return (
    tryKey(der, 'pkcs1') ??
    tryKey(der, 'pkcs8') ??
    tryKey(der, 'sec1') ??
    failure('unable to parse private key type', true)
  )
}

/** A private key in PKCS#8. @throws FunctionFailure with Go's text of a malformed key */
export function parsePkcs8(der: Buffer): KeyObject {
  return tryKey(der, 'pkcs8') ?? malformed(der)
}

function malformed(der: Buffer): never {
  return failure(
    readAll(der) === null ? 'asn1: syntax error: data truncated' : "asn1: structure error: tags don't match",
    true,
  )
}

/** sprig's parsePrivateKeyPEM. @throws FunctionFailure */
export function parseKeyPem(text: string): KeyObject {
  const decoded = decodePem(text)
  if (decoded === null) return failure('no PEM data in input', true)
  const { type, bytes } = decoded.block
  if (type === 'PRIVATE KEY') return tryKey(bytes, 'pkcs8') ?? prefixed('decoding PEM as PKCS#8', bytes)
  if (!type.endsWith(' PRIVATE KEY')) return failure(`no private key data in PEM block of type ${type}`)
  switch (type.slice(0, -' PRIVATE KEY'.length)) {
    case 'RSA':
      return tryKey(bytes, 'pkcs1') ?? prefixed('parsing RSA private key from PEM', bytes)
    case 'EC':
      return tryKey(bytes, 'sec1') ?? prefixed('parsing EC private key from PEM', bytes)
    case 'DSA':
      return dsaFromPem(bytes) ?? prefixed('parsing DSA private key from PEM', bytes)
  }
  return failure(`invalid private key type ${type.slice(0, -' PRIVATE KEY'.length)}`)
}

function dsaFromPem(bytes: Buffer): KeyObject | null {
  try {
    return createPrivateKey({ key: encodePem('DSA PRIVATE KEY', bytes), format: 'pem' })
  } catch {
    return null
  }
}

function prefixed(prefix: string, der: Buffer): never {
  try {
    return malformed(der)
  } catch (error) {
    return failure(`${prefix}: ${(error as Error).message}`, true)
  }
}
