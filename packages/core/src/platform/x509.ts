import { type DerElement, derTag, readChildren, readElement, readHex, readMagnitude } from './der.ts'
import type { PublicKey, RsaComponents, X509 } from './platform.ts'

/** Names of key algorithms (RFC 8017, 5480, 8410) as OpenSSL has them, by the content of their object identifier. */
const algorithms: Readonly<Record<string, string>> = {
  '2a864886f70d010101': 'rsa',
  '2a864886f70d01010a': 'rsa-pss',
  '2a8648ce380401': 'dsa',
  '2a8648ce3d0201': 'ec',
  '2b6570': 'ed25519',
  '2b6571': 'ed448',
}

/** Reads a certificate (RFC 5280 section 4.1) in DER, as far as sealing needs it; `null` where it is none. */
export function readCertificate(der: Uint8Array): X509 | null {
  const outer = readElement(der, 0)
  if (outer?.tag !== derTag.sequence || outer.end !== der.length) return null
  const [body, signatureAlgorithm, signature] = readChildren(der, outer) ?? []
  if (signatureAlgorithm?.tag !== derTag.sequence || signature?.tag !== derTag.bitString) return null
  const fields = body?.tag === derTag.sequence ? readChildren(der, body) : null
  if (fields === null) return null
  // The version is the only field in front that may be left out.
  const [, , , validity, subject, key] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields
  const [from, to] = readChildren(der, validity) ?? []
  const notBefore = readTime(der, from)
  const notAfter = readTime(der, to)
  const publicKey = key === undefined || subject === undefined ? null : readPublicKey(der.slice(subject.end, key.end))
  return publicKey === null || notBefore === null || notAfter === null ? null : { publicKey, notBefore, notAfter }
}

/** Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER; `null` where it is none. */
export function readPublicKey(spki: Uint8Array): PublicKey | null {
  const [algorithm, key] = readChildren(spki, readElement(spki, 0)) ?? []
  const [oid] = readChildren(spki, algorithm) ?? []
  if (oid?.tag !== derTag.objectIdentifier || key?.tag !== derTag.bitString) return null
  const name = readHex(spki, oid)
  const known = algorithms[name] ?? name
  if (known !== 'rsa') return publicKey(known, 0, spki)
  const components = readRsaComponents(spki)
  return components === null ? null : publicKey(known, bitLength(components.modulus), spki)
}

/** Modulus and exponent of an RSA key (RFC 8017 appendix A.1.1) in a SubjectPublicKeyInfo. */
export function readRsaComponents(spki: Uint8Array): RsaComponents | null {
  const [, key] = readChildren(spki, readElement(spki, 0)) ?? []
  if (key === undefined) return null
  // The first octet of a bit string counts its unused bits.
  const [modulus, exponent] = readChildren(spki, readElement(spki, key.start + 1, key.end)) ?? []
  if (modulus?.tag !== derTag.integer || exponent?.tag !== derTag.integer) return null
  return { modulus: readMagnitude(spki, modulus), exponent: readMagnitude(spki, exponent) }
}

function publicKey(algorithm: string, modulusBits: number, spki: Uint8Array): PublicKey {
  let imported: Promise<unknown> | undefined
  const name = { name: 'RSA-OAEP', hash: 'SHA-256' }
  return {
    kind: 'public',
    algorithm,
    modulusBits,
    spki,
    native() {
      imported ??= crypto.subtle.importKey('spki', Uint8Array.from(spki), name, false, ['encrypt'])
      return imported
    },
  }
}

function bitLength(magnitude: Uint8Array): number {
  const [first = 0] = magnitude
  return first === 0 ? 0 : magnitude.length * 8 - Math.clz32(first) + 24
}

/** A UTCTime or GeneralizedTime in the only form that certificates may have: seconds, and Z. */
function readTime(der: Uint8Array, element: DerElement | undefined): Date | null {
  if (element?.tag !== derTag.utcTime && element?.tag !== derTag.generalizedTime) return null
  let text = ''
  for (let at = element.start; at < element.end; at++) text += String.fromCharCode(der[at] ?? 0)
  // RFC 5280 section 4.1.2.5.1: two digits of a year mean 1950 to 2049.
  if (element.tag === derTag.utcTime) text = `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`
  if (text.length !== 15 || text[14] !== 'Z') return null
  const part = (from: number, to: number): string => text.slice(from, to)
  const day = `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}`
  const date = new Date(`${day}T${part(8, 10)}:${part(10, 12)}:${part(12, 14)}Z`)
  return Number.isNaN(date.getTime()) ? null : date
}
