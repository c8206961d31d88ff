import { X509Certificate } from 'node:crypto'
import { failure } from '../error.ts'
import { context, type Element, readAll, readElement, readOid, readSequence, TAG } from './der.ts'

/** What is read of a certificate. Key identifiers are null when their extension is absent. */
export interface Certificate {
  readonly raw: Buffer
  /** The subject's name, as DER. */
  readonly subject: Buffer
  readonly subjectKeyId: Buffer | null
  readonly authorityKeyId: Buffer | null
  readonly dns: readonly string[]
  readonly addresses: readonly Buffer[]
  readonly emails: readonly string[]
  readonly uris: readonly string[]
  readonly publicKey: Buffer
}

const SUBJECT_KEY_ID = '2.5.29.14'
const AUTHORITY_KEY_ID = '2.5.29.35'
const ALTERNATIVE_NAMES = '2.5.29.17'

function broken(what: string): never {
  return failure(`x509: ${what}`, true)
}

/** Reads a certificate, DER. @throws FunctionFailure with Go's text */
export function parseCertificate(der: Buffer): Certificate {
  const whole = readElement(der)
  if (whole === null || whole.tag !== TAG.sequence) return broken('malformed certificate')
  if (whole.raw.length < der.length) return broken('trailing data')
  const tbs = readElement(whole.content)
  if (tbs === null || tbs.tag !== TAG.sequence) return broken('malformed tbs certificate')
  const fields = readAll(tbs.content) ?? broken('malformed tbs certificate')
  const versioned = fields[0]?.tag === context(0)
  const [serial, algorithm, issuer, validity, subject, key] = fields.slice(versioned ? 1 : 0)
  if (serial?.tag !== TAG.integer) broken('malformed serial number')
  if (algorithm?.tag !== TAG.sequence) broken('malformed signature algorithm identifier')
  if (issuer?.tag !== TAG.sequence) broken('malformed issuer')
  if (validity?.tag !== TAG.sequence) broken('malformed validity')
  if (subject?.tag !== TAG.sequence) broken('malformed issuer')
  if (key?.tag !== TAG.sequence) broken('malformed spki')
  requireReadable(whole.raw)
  const parts = { raw: whole.raw, subject: subject?.raw ?? Buffer.alloc(0), publicKey: key?.raw ?? Buffer.alloc(0) }
  return { ...parts, ...extensionsOf(fields.find((field) => field.tag === context(3))) }
}

/** What is not looked at here must still be a certificate to the runtime. */
function requireReadable(raw: Buffer): void {
  try {
    new X509Certificate(raw)
  } catch {
    broken('malformed certificate')
  }
}

type Extensions = Omit<Certificate, 'raw' | 'subject' | 'publicKey'>

function extensionsOf(wrapper: Element | undefined): Extensions {
  const values = new Map<string, Buffer>()
  for (const extension of readSequence(readElement(wrapper?.content ?? Buffer.alloc(0))) ?? []) {
    const parts = readSequence(extension) ?? []
    const value = parts.at(-1)
    if (parts[0] !== undefined && value !== undefined) values.set(readOid(parts[0].content), value.content)
  }
  const subject = values.get(SUBJECT_KEY_ID)
  const authority = readSequence(readElement(values.get(AUTHORITY_KEY_ID) ?? Buffer.alloc(0)))
  const names = readSequence(readElement(values.get(ALTERNATIVE_NAMES) ?? Buffer.alloc(0))) ?? []
  const named = (tag: number): Buffer[] => names.filter((name) => name.tag === tag).map((name) => name.content)
  const texts = (tag: number): string[] => named(tag).map((name) => name.toString('latin1'))
  return {
    subjectKeyId: subject === undefined ? null : (readElement(subject)?.content ?? null),
    authorityKeyId: authority?.find((each) => each.tag === 0x80)?.content ?? null,
    dns: texts(0x82),
    addresses: named(0x87),
    emails: texts(0x81),
    uris: texts(0x86),
  }
}

/** An address as Go's net.IP prints it: IPv6 in its shortest form, IPv4 in IPv6 as IPv4. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.')
  if (bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex')))
    return [...bytes.subarray(12)].join('.')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  const zeros = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)]
  const longest = zeros.reduce((best, each) => (each[0].length > best.length ? each[0] : best), '')
  const runs = zeros.map(([run]) => run.replace(/^:/, ''))
  if (longest === '') return groups.join(':')
  const run = runs.reduce((best, each) => (each.length > best.length ? each : best), '')
  return groups.join(':').replace(new RegExp(`(^|:)${run}(:|$)`), '::')
}
