import { createPublicKey, type KeyObject } from 'node:crypto'
import { decodeBase64 } from '../base64.ts'
import { FunctionFailure, failure } from '../error.ts'
import { printValue } from '../fmt/print.ts'
import type { List, Opaque, Value } from '../value.ts'
import { buildCertificate, type Signer } from '../x509/build.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { type KeyKind, keyPem, parseKeyPem } from '../x509/key.ts'
import { decodePem, encodePem } from '../x509/pem.ts'
import { isIpv6 } from './ipv6.ts'
import { encode } from './json.ts'
import { type Context, type FunctionRow, rows } from './row.ts'

/** sprig's certificate: the PEM of a certificate and of its key. */
class CertificatePair implements Opaque {
  readonly type = 'sprig.certificate'
  readonly kind = 'struct'
  readonly fields: ReadonlyMap<string, Value>

  constructor(cert: string, key: string) {
    this.fields = new Map([
      ['Cert', cert],
      ['Key', key],
    ])
  }

  get cert(): string {
    return this.fields.get('Cert') as string
  }

  get key(): string {
    return this.fields.get('Key') as string
  }

  readonly json = (): string => `{"Cert":${encode(this.cert, true)},"Key":${encode(this.key, true)}}`

  readonly equals = (other: Opaque): boolean =>
    other instanceof CertificatePair && other.cert === this.cert && other.key === this.key
}

/** sprig's functions that make keys and certificates. */
export function certificateFunctions(): FunctionRow[] {
  const rsa = (context: Context): KeyObject => context.generateKey('rsa-2048')
  const given = (pem: Value): KeyObject => told('parsing private key: ', () => parseKeyPem(pem as string))
  const certificate = 'sprig.certificate'
  return rows('Keys and certificates', [
    [
      'genPrivateKey(string) string',
      ([kind], context) => genPrivateKey(kind as string, context),
      'A new private key: `rsa`, `ecdsa`, `ed25519` or `dsa`.',
      'genPrivateKey "ecdsa"',
      'slow',
    ],
    [
      `buildCustomCert(string, string) ${certificate}`,
      ([cert, key]) => buildCustomCert(cert as string, key as string),
      'A certificate and its key, both from base64 of PEM.',
      'buildCustomCert .cert .key',
      'heavy',
    ],
    [
      `genCA(string, int) ${certificate}`,
      ([name, days], context) => issue({ name, days, context, key: rsa(context), isCa: true }),
      'A new certificate authority: name, days.',
      'genCA "ca" 365',
      'slow',
    ],
    [
      `genCAWithKey(string, int, string) ${certificate}`,
      ([name, days, key], context) => issue({ name, days, context, key: given(key), isCa: true }),
      'A certificate authority for a key that is there.',
      'genCAWithKey "ca" 365 .key',
      'heavy',
    ],
    [
      `genSelfSignedCert(string, []any, []any, int) ${certificate}`,
      ([name, ips, dns, days], context) => issue({ name, ips, dns, days, context, key: rsa(context) }),
      'A new certificate that signs itself: name, addresses, DNS names, days.',
      'genSelfSignedCert "a.example" (list "10.0.0.1") (list "a.example") 365',
      'slow',
    ],
    [
      `genSelfSignedCertWithKey(string, []any, []any, int, string) ${certificate}`,
      ([name, ips, dns, days, key], context) => issue({ name, ips, dns, days, context, key: given(key) }),
      'A certificate that signs itself, for a key that is there.',
      'genSelfSignedCertWithKey "a.example" nil nil 365 .key',
      'heavy',
    ],
    [
      `genSignedCert(string, []any, []any, int, ${certificate}) ${certificate}`,
      ([name, ips, dns, days, ca], context) =>
        issue({ name, ips, dns, days, context, key: rsa(context), ca: ca as CertificatePair }),
      'A new certificate signed by an authority.',
      'genSignedCert "a.example" nil nil 365 $ca',
      'slow',
    ],
    [
      `genSignedCertWithKey(string, []any, []any, int, ${certificate}, string) ${certificate}`,
      ([name, ips, dns, days, ca, key], context) =>
        issue({ name, ips, dns, days, context, key: given(key), ca: ca as CertificatePair }),
      'A certificate signed by an authority, for a key that is there.',
      'genSignedCertWithKey "a.example" nil nil 365 $ca .key',
      'heavy',
    ],
  ])
}

/** Puts words before the text of a failure. */
function told<T>(prefix: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof FunctionFailure) return failure(prefix + error.message, error.safe)
    throw error
  }
}

const KEY_KINDS: Readonly<Record<string, KeyKind>> = {
  '': 'rsa-4096',
  rsa: 'rsa-4096',
  ecdsa: 'ecdsa',
  ed25519: 'ed25519',
  dsa: 'dsa',
}

function genPrivateKey(name: string, context: Context): string {
  const kind = Object.hasOwn(KEY_KINDS, name) ? KEY_KINDS[name] : undefined
  return kind === undefined ? `Unknown type ${name}` : keyPem(context.generateKey(kind))
}

function buildCustomCert(cert64: string, key64: string): CertificatePair {
  const cert = decoded(cert64, 'certificate')
  const key = decoded(key64, 'private key')
  const block = decodePem(cert)?.block ?? failure('unable to decode certificate', true)
  told('error parsing certificate: decodedCert.Bytes: ', () => parseCertificate(block.bytes))
  told('error parsing private key: ', () => parseKeyPem(key))
  return new CertificatePair(cert, key)
}

function decoded(text: string, what: string): string {
  try {
    return decodeBase64(text)
  } catch (error) {
    if (error instanceof FunctionFailure) return failure(`unable to decode base64 ${what}`, true)
    throw error
  }
}

interface Issue {
  readonly name: Value
  readonly days: Value
  readonly context: Context
  readonly key: KeyObject
  readonly ips?: Value
  readonly dns?: Value
  readonly isCa?: boolean
  readonly ca?: CertificatePair
}

const DAY = 86_400

function issue({ name, days, context, key, ips, dns, isCa = false, ca }: Issue): CertificatePair {
  const signer = ca === undefined ? null : signerOf(ca)
  const notBefore = Number(context.now() / 1_000_000_000n)
  // A validity beyond 292 years overflows in Go; there, too, it is what int64 nanoseconds make of it.
  const validity = Number(BigInt.asIntN(64, (days as bigint) * BigInt(DAY) * 1_000_000_000n) / 1_000_000_000n)
  const request = {
    commonName: name as string,
    addresses: addressesOf(ips),
    dns: namesOf(dns),
    notBefore,
    notAfter: notBefore + validity,
    serial: context.random(16),
    isCa,
    key,
  }
  return new CertificatePair(encodePem('CERTIFICATE', buildCertificate(request, signer)), keyPem(key))
}

function signerOf(ca: CertificatePair): Signer {
  const block = decodePem(ca.cert)?.block ?? failure('unable to decode certificate', true)
  const parent: Certificate = told('error parsing certificate: decodedSignerCert.Bytes: ', () =>
    parseCertificate(block.bytes),
  )
  const key = told('error parsing private key: ', () => parseKeyPem(ca.key))
  if (!createPublicKey(key).export({ type: 'spki', format: 'der' }).equals(parent.publicKey)) {
    failure("error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey", true)
  }
  return { key, subject: parent.subject, subjectKeyId: parent.subjectKeyId }
}

function addressesOf(value: Value): Buffer[] {
  return ((value as List | undefined)?.items ?? []).map((ip) => {
    if (typeof ip !== 'string') return failure(`error parsing ip: ${printValue(ip)} is not a string`)
    return parseAddress(ip) ?? failure(`error parsing ip: ${ip}`)
  })
}

/** Go's net.ParseIP, shortened to four bytes for IPv4. */
function parseAddress(text: string): Buffer | null {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (v4 !== null) {
    const parts = v4.slice(1)
    return parts.some((part) => Number(part) > 255 || /^0\d/.test(part)) ? null : Buffer.from(parts.map(Number))
  }
  if (!isIpv6(text)) return null
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const [a = 0, b = 0, c = 0, d = 0] = (tail?.slice(2) ?? []).map(Number)
  const plain = tail === null ? text : `${tail[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  const [front = '', back] = plain.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const missing = back === undefined ? 0 : 8 - groups(front).length - groups(back).length
  const all = [...groups(front), ...new Array<string>(missing).fill('0'), ...groups(back ?? '')]
  const bytes = Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
  const mapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'))
  return mapped ? bytes.subarray(12) : bytes
}

function namesOf(value: Value): string[] {
  return ((value as List | undefined)?.items ?? []).map((name) => {
    if (typeof name === 'string') return name
    return failure(`error processing alternate dns name: ${printValue(name)} is not a string`)
  })
}
