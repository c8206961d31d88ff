import forge from 'node-forge'
import { platform } from '../platform/index.ts'

/** The parts of a certificate that differ from key to key. */
export interface CertificateParts {
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array
  /** Magnitude of the serial number. */
  readonly serial: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly commonName: string
}

/** The TBSCertificate (RFC 5280 section 4.1) of a sealing certificate, in DER. */
export async function certificateBody(parts: CertificateParts): Promise<Uint8Array> {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromAsn1(forge.asn1.fromDer(binary(parts.spki))) as forge.pki.rsa.PublicKey
  certificate.serialNumber = serialHex(parts.serial)
  certificate.validity.notBefore = parts.notBefore
  certificate.validity.notAfter = parts.notAfter
  certificate.setSubject(name(parts.commonName))
  certificate.setIssuer(name(parts.commonName))
  certificate.setExtensions([
    { name: 'keyUsage', critical: true, encipherOnly: true },
    { name: 'basicConstraints', critical: true, cA: true },
    { id: '2.5.29.14', value: await subjectKeyId(parts.spki) },
  ])
  // forge would sign by itself, slowly; it only describes the algorithm here.
  certificate.signatureOid = forge.pki.oids['sha256WithRSAEncryption'] ?? ''
  Object.assign(certificate, { siginfo: { algorithmOid: certificate.signatureOid } })
  return bytes(forge.asn1.toDer((forge.pki as unknown as TbsWriter).getTBSCertificate(certificate)))
}

/** The part of forge that its type declarations leave out. */
interface TbsWriter {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1
}

/** The whole certificate in DER. */
export function certificateOf(body: Uint8Array, signature: Uint8Array): Uint8Array {
  const { asn1 } = forge
  const { UNIVERSAL } = asn1.Class
  const oid = asn1.oidToDer(forge.pki.oids['sha256WithRSAEncryption'] ?? '').getBytes()
  const algorithm = asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [
    asn1.create(UNIVERSAL, asn1.Type.OID, false, oid),
    asn1.create(UNIVERSAL, asn1.Type.NULL, false, ''),
  ])
  const certificate = asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [
    asn1.fromDer(binary(body)),
    algorithm,
    asn1.create(UNIVERSAL, asn1.Type.BITSTRING, false, `\x00${binary(signature)}`),
  ])
  return bytes(asn1.toDer(certificate))
}

/** Go's choice for a CA: the first 160 bits of SHA-256 over the public key's bit string (RFC 7093 section 2, method 1). */
async function subjectKeyId(spki: Uint8Array): Promise<string> {
  const [, keyBits] = forge.asn1.fromDer(binary(spki)).value as forge.asn1.Asn1[]
  // The first content octet of a bit string counts its unused bits.
  const key = Buffer.from(bitString(keyBits), 'binary').subarray(1)
  const id = (await platform.sha256(key)).subarray(0, 20)
  return forge.asn1
    .toDer(forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.OCTETSTRING, false, binary(id)))
    .getBytes()
}

/** Content octets of a bit string, which forge may have parsed further. */
function bitString(node: forge.asn1.Asn1 | undefined): string {
  const contents: unknown = node === undefined ? '' : Reflect.get(node, 'bitStringContents')
  return typeof contents === 'string' ? contents : String(node?.value)
}

function name(commonName: string): forge.pki.CertificateField[] {
  if (commonName === '') return []
  const valueTagClass = isPrintable(commonName) ? forge.asn1.Type.PRINTABLESTRING : forge.asn1.Type.UTF8
  return [{ name: 'commonName', value: commonName, valueTagClass: valueTagClass as unknown as forge.asn1.Class }]
}

/** Go's test for PrintableString, which also lets `*` and `&` pass. */
function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,./:=?*&-]*$/.test(text)
}

/** A positive integer in as few bytes as DER allows, in hexadecimal. */
function serialHex(magnitude: Uint8Array): string {
  const digits = Buffer.from(magnitude)
    .toString('hex')
    .replace(/^(?:00)+(?=.)/, '')
  return /^[89a-f]/.test(digits) ? `00${digits}` : digits
}

function binary(data: Uint8Array): string {
  return Buffer.from(data).toString('binary')
}

function bytes(buffer: forge.util.ByteStringBuffer): Uint8Array {
  return Buffer.from(buffer.getBytes(), 'binary')
}
