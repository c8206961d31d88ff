import { createHash, type KeyObject } from 'node:crypto'
import { FunctionFailure, failure } from '../error.ts'
import { isAscii, runes, toBytes } from '../utf8.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import {
  context,
  type Element,
  element,
  integer,
  octets,
  oid,
  readAll,
  readElement,
  readInteger,
  readOid,
  readSequence,
  sequence,
  TAG,
} from './der.ts'
import { parsePkcs8 } from './key.ts'
import { distinguishedName } from './name.ts'
import {
  type Charge,
  decrypt,
  encrypt,
  ITERATIONS,
  mac,
  type Password,
  readAlgorithm,
  SHA256,
} from './pkcs12-cipher.ts'
import { structureError } from './structure.ts'

/** What a PKCS#12 file holds: one key, its certificate, and the others in their order. */
export interface Store {
  readonly key: KeyObject
  readonly certificate: Certificate
  readonly others: readonly Certificate[]
}

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21'
const FRIENDLY_NAME = '1.2.840.113549.1.9.20'
const JAVA_TRUST_STORE = '2.16.840.1.113894.746875.1.1'
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0'

const EMPTY = Buffer.alloc(0)

function wrong(text: string): never {
  return failure(`pkcs12: ${text}`, true)
}

/** A password given as a Go string. @throws FunctionFailure for characters beyond the Basic Multilingual Plane */
export function passwordOf(text: string): Password {
  return { utf16: Buffer.concat([ucs2(text), Buffer.alloc(2)]), utf8: utf8(text) }
}

function utf8(text: string): Buffer {
  return isAscii(text) ? toBytes(text) : Buffer.from(String.fromCodePoint(...runes(text)), 'utf8')
}

function ucs2(text: string): Buffer {
  return Buffer.concat(
    runes(text).map((rune) => {
      if (rune > 0xffff) wrong('string contains characters that cannot be encoded in UCS-2')
      return Buffer.from([rune >> 8, rune & 0xff])
    }),
  )
}

interface Secret {
  readonly password: Password
  readonly charge: Charge
}

/** Opens a PKCS#12 file. @throws FunctionFailure with go-pkcs12's text */
export function openStore(data: Buffer, secret: Secret): Store {
  const { bags, password } = safeContents(data, secret)
  const certificates: Certificate[] = []
  let key: KeyObject | null = null
  for (const bag of bags) {
    const [id, wrapper] = readSequence(bag) ?? []
    const value = wrapper?.content ?? EMPTY
    const kind = id === undefined ? '' : readOid(id.content)
    if (kind === CERTIFICATE_BAG) certificates.push(certificateOf(value))
    if (kind !== KEY_BAG && kind !== SHROUDED_KEY_BAG) continue
    if (key !== null) wrong('expected exactly one key bag')
    key = kind === KEY_BAG ? parsePkcs8(value) : shroudedKey(value, { ...secret, password })
  }
  const [certificate, ...others] = certificates
  if (certificate === undefined) return wrong('certificate missing')
  return { key: key ?? wrong('private key missing'), certificate, others }
}

function certificateOf(value: Buffer): Certificate {
  const [type, wrapper] = readSequence(readElement(value)) ?? []
  if (type === undefined || readOid(type.content) !== X509_CERTIFICATE) {
    wrong('only X509 certificates are supported in cert bags')
  }
  return parseCertificate(readElement(wrapper?.content ?? EMPTY)?.content ?? EMPTY)
}

function shroudedKey(value: Buffer, secret: Secret): KeyObject {
  const [algorithm, encrypted] = readSequence(readElement(value)) ?? []
  try {
    return parsePkcs8(decrypt(readAlgorithm(algorithm), encrypted?.content ?? EMPTY, secret))
  } catch (error) {
    if (!(error instanceof FunctionFailure)) throw error
    return wrong(`error decrypting PKCS#8 shrouded key bag: ${error.message}`)
  }
}

/** The bags of a file, and the password that its MAC was made with. */
function safeContents(data: Buffer, secret: Secret): { bags: Element[]; password: Password } {
  const pfx = readElement(data)
  const problem = structureError(data, 'pfxPdu')
  if (problem !== null || pfx === null) return wrong(`error reading P12 data: ${problem ?? 'asn1: syntax error'}`)
  if (pfx.raw.length < data.length) wrong('error reading P12 data: pkcs12: trailing data found')
  const [version, authenticated, macData] = readAll(pfx.content) ?? []
  if (readInteger(version?.content ?? EMPTY) !== 3) wrong("can only decode v3 PFX PDU's")
  const [type, wrapper] = readSequence(authenticated) ?? []
  if (type === undefined || readOid(type.content) !== DATA) wrong('only password-protected PFX is implemented')
  const content = readElement(wrapper?.content ?? EMPTY)?.content ?? EMPTY
  const password = verifiedPassword(macData, content, secret)
  const parts = readSequence(readElement(content)) ?? []
  if (parts.length < 1 || parts.length > 2) {
    wrong(`expected between 1 and 2 items in the authenticated safe, but this file has ${parts.length}`)
  }
  return { bags: parts.flatMap((part) => bagsOf(part, { ...secret, password })), password }
}

function bagsOf(part: Element, secret: Secret): Element[] {
  const [type, wrapper] = readSequence(part) ?? []
  const inner = readElement(wrapper?.content ?? EMPTY)
  const kind = type === undefined ? '' : readOid(type.content)
  if (kind === DATA) return readSequence(readElement(inner?.content ?? EMPTY)) ?? []
  if (kind !== ENCRYPTED_DATA) wrong('only data and encryptedData content types are supported in authenticated safe')
  const [, info] = readSequence(inner) ?? []
  const [, algorithm, encrypted] = readSequence(info) ?? []
  return readSequence(readElement(decrypt(readAlgorithm(algorithm), encrypted?.content ?? EMPTY, secret))) ?? []
}

/** Checks the MAC. An empty password may be no bytes at all, or the two bytes of its end. */
function verifiedPassword(macData: Element | undefined, content: Buffer, secret: Secret): Password {
  const { password } = secret
  const isEmpty = password.utf8.length === 0
  if (macData === undefined) return isEmpty ? password : wrong('no MAC in data')
  const [digestInfo, salt, count] = readSequence(macData) ?? []
  const [algorithm, digest] = readSequence(digestInfo) ?? []
  const matches = (candidate: Password): boolean => {
    const iterations = count === undefined ? 1 : readInteger(count.content)
    const options = { password: candidate, charge: secret.charge, salt: salt?.content ?? EMPTY, iterations }
    return mac(readAlgorithm(algorithm), content, options).equals(digest?.content ?? EMPTY)
  }
  if (matches(password)) return password
  const none = { utf16: EMPTY, utf8: EMPTY }
  return isEmpty && matches(none) ? none : wrong('decryption password incorrect')
}

type Random = (length: number) => Uint8Array

/** Writes a PKCS#12 file with a key and its certificates, as go-pkcs12's Modern encoder. */
export function writeStore(store: Store, password: Password, random: Random): Buffer {
  const keyId = createHash('sha1').update(store.certificate.raw).digest()
  const own = attribute(LOCAL_KEY_ID, octets(keyId))
  const bags = [
    certificateBag(store.certificate, [own]),
    ...store.others.map((certificate) => certificateBag(certificate, [])),
  ]
  const [algorithm, encrypted] = encrypt(store.key.export({ type: 'pkcs8', format: 'der' }), password, random)
  const shrouded = element(context(0), sequence(algorithm, octets(encrypted)))
  const keyBag = sequence(oid(SHROUDED_KEY_BAG), shrouded, element(TAG.set, own))
  const plain = sequence(oid(DATA), element(context(0), octets(sequence(keyBag))))
  return sealed([encryptedSafe(bags, password, random), plain], password, random)
}

/** Writes a PKCS#12 file of trusted certificates, as Java reads it. */
export function writeTrustStore(certificates: readonly Certificate[], password: Password, random: Random): Buffer {
  const bags = certificates.map((certificate) => {
    const name = element(TAG.bmp, ucs2(distinguishedName(certificate.subject)))
    return certificateBag(certificate, [
      attribute(JAVA_TRUST_STORE, oid(ANY_EXTENDED_KEY_USAGE)),
      attribute(FRIENDLY_NAME, name),
    ])
  })
  return sealed([encryptedSafe(bags, password, random)], password, random)
}

function attribute(id: string, value: Buffer): Buffer {
  return sequence(oid(id), element(TAG.set, value))
}

function certificateBag(certificate: Certificate, attributes: readonly Buffer[]): Buffer {
  const value = sequence(oid(X509_CERTIFICATE), element(context(0), octets(certificate.raw)))
  const set = attributes.length === 0 ? [] : [element(TAG.set, ...attributes)]
  return sequence(oid(CERTIFICATE_BAG), element(context(0), value), ...set)
}

function encryptedSafe(bags: readonly Buffer[], password: Password, random: Random): Buffer {
  const [algorithm, encrypted] = encrypt(sequence(...bags), password, random)
  const info = sequence(oid(DATA), algorithm, element(0x80, encrypted))
  return sequence(oid(ENCRYPTED_DATA), element(context(0), sequence(integer(0), info)))
}

function sealed(parts: readonly Buffer[], password: Password, random: Random): Buffer {
  const content = sequence(...parts)
  const salt = Buffer.from(random(16))
  const algorithm = { id: SHA256, parameters: undefined }
  const digest = mac(algorithm, content, { password, charge: () => {}, salt, iterations: ITERATIONS })
  const macData = sequence(
    sequence(sequence(oid(SHA256), element(TAG.null)), octets(digest)),
    octets(salt),
    integer(ITERATIONS),
  )
  return sequence(integer(3), sequence(oid(DATA), element(context(0), octets(content))), macData)
}
