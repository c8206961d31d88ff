import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { failure } from '../error.ts'
import { toBytes } from '../utf8.ts'
import { bits, context, element, integer, octets, oid, readElement, readSequence, sequence, TAG } from './der.ts'

/** What a new certificate says. Times are seconds since 1970. */
export interface CertificateRequest {
  readonly commonName: string
  readonly addresses: readonly Buffer[]
  readonly dns: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
  readonly serial: Uint8Array
  readonly isCa: boolean
  readonly key: KeyObject
}

/** Who signs: its key, its name as DER, and its key identifier; null for a certificate that signs itself. */
export interface Signer {
  readonly key: KeyObject
  readonly subject: Buffer
  readonly subjectKeyId: Buffer | null
}

const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const BASIC_CONSTRAINTS = '2.5.29.19'
const SUBJECT_KEY_ID = '2.5.29.14'
const AUTHORITY_KEY_ID = '2.5.29.35'
const ALTERNATIVE_NAMES = '2.5.29.17'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** How a kind of key signs: the algorithm's identifier and its digest. */
interface SignatureAlgorithm {
  readonly identifier: Buffer
  readonly digest: string | null
}

/** Makes a certificate as Go's x509.CreateCertificate does of sprig's template: same fields, same order. */
export function buildCertificate(request: CertificateRequest, signer: Signer | null): Buffer {
  const subject = nameOf(request.commonName)
  const issuer = signer?.subject ?? subject
  const publicKey = createPublicKey(request.key).export({ type: 'spki', format: 'der' })
  const algorithm = signatureAlgorithm(signer?.key ?? request.key)
  const authority = signer !== null && !issuer.equals(subject) ? signer.subjectKeyId : null
  const body = sequence(
    element(context(0), integer(2)),
    integer(BigInt(`0x${Buffer.from(request.serial).toString('hex')}`)),
    algorithm.identifier,
    issuer,
    sequence(timeOf(request.notBefore), timeOf(request.notAfter)),
    subject,
    publicKey,
    element(context(3), sequence(...extensions(request, { publicKey, authority, noSubject: subject.length === 2 }))),
  )
  const signature = sign(algorithm.digest, body, signer?.key ?? request.key)
  return sequence(body, algorithm.identifier, bits(signature))
}

function nameOf(commonName: string): Buffer {
  if (commonName === '') return sequence()
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(commonName)
  const value = element(printable ? TAG.printable : TAG.utf8, toBytes(commonName))
  return sequence(element(TAG.set, sequence(oid('2.5.4.3'), value)))
}

function timeOf(seconds: number): Buffer {
  const digits = new Date(seconds * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  const year = Number(digits.slice(0, 4))
  if (!(seconds * 1000 < 253402300800000))
    failure('error creating certificate: asn1: structure error: cannot represent time as GeneralizedTime', true)
  return year >= 1950 && year < 2050
    ? element(TAG.utcTime, Buffer.from(digits.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(digits))
}

function signatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { identifier: sequence(oid('1.2.840.113549.1.1.11'), element(TAG.null)), digest: 'sha256' }
    case 'ed25519':
      return { identifier: sequence(oid('1.3.101.112')), digest: null }
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve
      if (curve === 'secp521r1') return { identifier: sequence(oid('1.2.840.10045.4.3.4')), digest: 'sha512' }
      if (curve === 'secp384r1') return { identifier: sequence(oid('1.2.840.10045.4.3.3')), digest: 'sha384' }
      return { identifier: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' }
    }
  }
  return failure('error creating certificate: x509: only RSA, ECDSA and Ed25519 keys supported', true)
}

interface Facts {
  readonly publicKey: Buffer
  readonly authority: Buffer | null
  readonly noSubject: boolean
}

function extensions(request: CertificateRequest, { publicKey, authority, noSubject }: Facts): Buffer[] {
  const { isCa, dns, addresses } = request
  // digitalSignature and keyEncipherment; keyCertSign for an authority.
  const usage = isCa ? bits(Buffer.from([0xa4]), 2) : bits(Buffer.from([0xa0]), 5)
  const list = [
    extension(KEY_USAGE, usage, true),
    extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH), oid(CLIENT_AUTH))),
    extension(BASIC_CONSTRAINTS, isCa ? sequence(element(TAG.boolean, Buffer.from([0xff]))) : sequence(), true),
  ]
  if (isCa) list.push(extension(SUBJECT_KEY_ID, octets(keyId(publicKey))))
  if (authority !== null) list.push(extension(AUTHORITY_KEY_ID, sequence(element(0x80, authority))))
  if (dns.length + addresses.length > 0) {
    const names = [...dns.map((name) => element(0x82, ascii(name))), ...addresses.map((each) => element(0x87, each))]
    list.push(extension(ALTERNATIVE_NAMES, sequence(...names), noSubject))
  }
  return list
}

function ascii(name: string): Buffer {
  if (/[\x80-\xff]/.test(name)) failure(`error creating certificate: x509: "${name}" cannot be encoded as an IA5String`)
  return toBytes(name)
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [element(TAG.boolean, Buffer.from([0xff]))] : []), octets(value))
}

/** RFC 7093 method 1: the first 160 bits of the SHA-256 of the public key. */
function keyId(publicKey: Buffer): Buffer {
  const [, key] = readSequence(readElement(publicKey)) ?? []
  return createHash('sha256')
    .update(key?.content.subarray(1) ?? Buffer.alloc(0))
    .digest()
    .subarray(0, 20)
}
