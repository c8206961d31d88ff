import { createCipheriv, createDecipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { failure } from '../error.ts'
import { type Element, integer, octets, oid, readInteger, readOid, readSequence, sequence, TAG } from './der.ts'
import { decryptRc2 } from './rc2.ts'

/** A password in both forms that PKCS#12 takes: UTF-16 with a final zero for its own derivation, UTF-8 for PBES2. */
export interface Password {
  readonly utf16: Buffer
  readonly utf8: Buffer
}

/** An algorithm identifier. */
export interface Algorithm {
  readonly id: string
  readonly parameters: Element | undefined
}

/** What a caller lets a derivation cost. @throws TEMPLATE_LIMIT */
export type Charge = (iterations: number) => void

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const PBMAC1 = '1.2.840.113549.1.5.14'
const HMAC_SHA256 = '1.2.840.113549.2.9'
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'
/** SHA-256, as the digest of a MAC. */
export const SHA256 = '2.16.840.1.101.3.4.2.1'

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  [HMAC_SHA256]: 'sha256',
  '1.2.840.113549.2.11': 'sha512',
}
const DIGESTS: Readonly<Record<string, { readonly name: string; readonly size: number; readonly block: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', size: 20, block: 64 },
  [SHA256]: { name: 'sha256', size: 32, block: 64 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', size: 64, block: 128 },
}
const AES: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  [AES_256_CBC]: { name: 'aes-256-cbc', size: 32 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', size: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', size: 16 },
}
const OLD_CIPHERS: Readonly<Record<string, { readonly size: number; readonly rc2: boolean }>> = {
  '1.2.840.113549.1.12.1.3': { size: 24, rc2: false },
  '1.2.840.113549.1.12.1.5': { size: 16, rc2: true },
  '1.2.840.113549.1.12.1.6': { size: 5, rc2: true },
}

/** Reads an algorithm identifier. */
export function readAlgorithm(part: Element | undefined): Algorithm {
  const [id, parameters] = readSequence(part) ?? []
  return { id: id === undefined ? '' : readOid(id.content), parameters }
}

function unsupported(what: string): never {
  return failure(`pkcs12: ${what} is not supported`, true)
}

interface Derivation {
  readonly digest: { readonly name: string; readonly size: number; readonly block: number }
  readonly salt: Buffer
  readonly iterations: number
  readonly purpose: 1 | 2 | 3
  readonly size: number
}

/** PKCS#12's own key derivation (RFC 7292, appendix B). */
function derive(password: Buffer, { digest, salt, iterations, purpose, size }: Derivation): Buffer {
  const fill = (text: Buffer): Buffer => {
    const length = digest.block * Math.ceil(text.length / digest.block)
    return Buffer.alloc(length, text.length === 0 ? undefined : text)
  }
  const input = Buffer.concat([fill(salt), fill(password)])
  const diversifier = Buffer.alloc(digest.block, purpose)
  const out: Buffer[] = []
  for (let made = 0; made < size; made += digest.size) {
    let hash = createHash(digest.name).update(diversifier).update(input).digest()
    for (let i = 1; i < iterations; i++) hash = createHash(digest.name).update(hash).digest()
    out.push(hash)
    addToBlocks(input, Buffer.alloc(digest.block, hash))
  }
  return Buffer.concat(out).subarray(0, size)
}

/** Adds a number, and one, to each block of the input. */
function addToBlocks(input: Buffer, addend: Buffer): void {
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1
    for (let i = addend.length - 1; i >= 0; i--) {
      carry += (input[start + i] ?? 0) + (addend[i] ?? 0)
      input[start + i] = carry & 0xff
      carry >>= 8
    }
  }
}

/** Decrypts what an algorithm of PKCS#12 encrypted. @throws FunctionFailure with go-pkcs12's text */
export function decrypt(
  algorithm: Algorithm,
  data: Buffer,
  { password, charge }: { password: Password; charge: Charge },
): Buffer {
  const old = OLD_CIPHERS[algorithm.id]
  if (old === undefined && algorithm.id !== PBES2) unsupported(`pbe algorithm ${algorithm.id}`)
  const blockSize = old === undefined ? 16 : 8
  if (data.length === 0) failure('pkcs12: empty encrypted data', true)
  if (data.length % blockSize !== 0) failure('pkcs12: input is not a multiple of the block size', true)
  const plain =
    old === undefined
      ? decryptPbes2(algorithm, data, { password, charge })
      : decryptOld(algorithm, data, { password, charge })
  const padding = plain[plain.length - 1] ?? 0
  const sound = padding > 0 && padding <= blockSize && plain.subarray(-padding).every((byte) => byte === padding)
  return sound ? plain.subarray(0, -padding) : failure('pkcs12: decryption error, incorrect padding', true)
}

interface Secret {
  readonly password: Password
  readonly charge: Charge
}

function decryptOld(algorithm: Algorithm, data: Buffer, { password, charge }: Secret): Buffer {
  const { size, rc2 } = OLD_CIPHERS[algorithm.id] ?? { size: 24, rc2: false }
  const [salt, count] = readSequence(algorithm.parameters) ?? []
  const iterations = readInteger(count?.content ?? Buffer.alloc(0))
  charge(iterations)
  const digest = { name: 'sha1', size: 20, block: 64 }
  const common = { digest, salt: salt?.content ?? Buffer.alloc(0), iterations }
  const key = derive(password.utf16, { ...common, purpose: 1, size })
  const iv = derive(password.utf16, { ...common, purpose: 2, size: 8 })
  if (rc2) return decryptRc2(data, key, iv)
  const cipher = createDecipheriv('des-ede3-cbc', key, iv)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

function decryptPbes2(algorithm: Algorithm, data: Buffer, { password, charge }: Secret): Buffer {
  const [kdfPart, schemePart] = readSequence(algorithm.parameters) ?? []
  const kdf = readAlgorithm(kdfPart)
  const scheme = readAlgorithm(schemePart)
  if (kdf.id !== PBKDF2) unsupported(`pbes2 kdf algorithm ${kdf.id}`)
  const aes = AES[scheme.id] ?? unsupported(`pbes2 algorithm ${scheme.id}`)
  const key = pbkdf2(kdf, aes.size, { password: password.utf8, charge })
  const cipher = createDecipheriv(aes.name, key, scheme.parameters?.content ?? Buffer.alloc(16))
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

function pbkdf2(kdf: Algorithm, size: number, { password, charge }: { password: Buffer; charge: Charge }): Buffer {
  const [salt, count, ...rest] = readSequence(kdf.parameters) ?? []
  if (salt?.tag !== TAG.octets) failure('pkcs12: only octet string salts are supported for pbes2/pbkdf2', true)
  const prf = readAlgorithm(rest.find((part) => part.tag === TAG.sequence))
  const hash = prf.id === '' ? 'sha1' : (HMACS[prf.id] ?? unsupported(`pbes2 prf ${prf.id}`))
  const iterations = readInteger(count?.content ?? Buffer.alloc(0))
  charge(iterations)
  return pbkdf2Sync(password, salt.content, Math.max(iterations, 1), size, hash)
}

/** The MAC of a message under an algorithm; `salt` and `iterations` are those of PKCS#12's own derivation. */
export function mac(
  algorithm: Algorithm,
  message: Buffer,
  options: Secret & { readonly salt: Buffer; readonly iterations: number },
): Buffer {
  if (algorithm.id === PBMAC1) return pbmac1(algorithm, message, options)
  const digest = DIGESTS[algorithm.id] ?? failure(`pkcs12: MAC digest algorithm not supported: ${algorithm.id}`, true)
  options.charge(options.iterations)
  const { salt, iterations } = options
  const key = derive(options.password.utf16, { digest, salt, iterations, purpose: 3, size: digest.size })
  return createHmac(digest.name, key).update(message).digest()
}

function pbmac1(algorithm: Algorithm, message: Buffer, { password, charge }: Secret): Buffer {
  const [kdfPart, macPart] = readSequence(algorithm.parameters) ?? []
  const kdf = readAlgorithm(kdfPart)
  if (kdf.id !== PBKDF2) unsupported(`PBMAC1 KDF algorithm ${kdf.id}`)
  const macId = readAlgorithm(macPart).id
  const hash = HMACS[macId] ?? unsupported(`PBMAC1 MAC algorithm ${macId}`)
  const integers = (readSequence(kdf.parameters) ?? []).filter((part) => part.tag === TAG.integer)
  const size = readInteger(integers[1]?.content ?? Buffer.alloc(0))
  if (size <= 0) failure('pkcs12: PBMAC1 requires explicit KeyLength parameter in PBKDF2 parameters', true)
  return createHmac(hash, pbkdf2(kdf, size, { password: password.utf8, charge }))
    .update(message)
    .digest()
}

/** Iterations of everything that is written here, as go-pkcs12's Modern has. */
export const ITERATIONS = 2048

/** Encrypts with PBES2: PBKDF2 with HMAC-SHA-256 and AES-256-CBC. @returns the algorithm identifier, and the data */
export function encrypt(data: Buffer, password: Password, random: (length: number) => Uint8Array): [Buffer, Buffer] {
  const salt = random(16)
  const iv = random(16)
  const key = pbkdf2Sync(password.utf8, salt, ITERATIONS, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const derivation = sequence(oid(PBKDF2), sequence(octets(salt), integer(ITERATIONS), sequence(oid(HMAC_SHA256))))
  const scheme = sequence(oid(AES_256_CBC), octets(iv))
  return [sequence(oid(PBES2), sequence(derivation, scheme)), Buffer.concat([cipher.update(data), cipher.final()])]
}
