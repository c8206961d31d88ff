import { CoreError } from '../error.ts'
import type { PublicKey, X509 } from '../platform/platform.ts'
import { sealing } from '../platform/web.ts'
import { decodePem } from './pem.ts'

/** A sealing certificate: the public key that seals, and how long it should be used. */
export interface Certificate extends X509 {
  readonly der: Uint8Array
}

const hint = 'fetch the certificate with: sealkit keys fetch'

/**
 * Reads the first certificate of a PEM text. Blocks of other types and blocks with headers are skipped, as client-go's
 * `ParseCertsPEM` does; every certificate in the text must be readable, and only the first counts.
 *
 * @throws INVALID_CERTIFICATE
 */
export function parseCertificate(pem: string | Uint8Array): Certificate {
  const blocks = decodePem(pem).filter(({ type, headers }) => type === 'CERTIFICATE' && !headers)
  const [first] = blocks.map(({ bytes }) => readDer(bytes))
  if (first !== undefined) return first
  throw new CoreError('INVALID_CERTIFICATE', 'no certificate found in the PEM text', {
    hint,
    upstream: 'data does not contain any valid RSA or ECDSA certificates',
  })
}

function readDer(der: Uint8Array): Certificate {
  const certificate = sealing.readCertificate(der)
  if (certificate !== null) return { ...certificate, der }
  throw new CoreError('INVALID_CERTIFICATE', 'the PEM text holds a certificate that is no X.509 certificate', {
    hint,
    upstream: 'x509: malformed certificate',
  })
}

/**
 * The public key of a certificate, when it may seal: RSA and not expired. As upstream, neither the start of its
 * validity nor its issuer is checked: a sealing certificate is a key with a date.
 *
 * @throws INVALID_CERTIFICATE when its key is no RSA key
 * @throws CERTIFICATE_EXPIRED
 */
export function sealingPublicKey(certificate: Certificate, now: Date): PublicKey {
  const { publicKey, notAfter } = certificate
  if (publicKey.algorithm !== 'rsa') {
    throw new CoreError('INVALID_CERTIFICATE', `the certificate holds a key of type ${publicKey.algorithm}, not RSA`, {
      hint,
      upstream: `expected RSA public key but found ${goKeyText(publicKey)}`,
    })
  }
  if (now.getTime() > notAfter.getTime()) {
    throw new CoreError('CERTIFICATE_EXPIRED', `the certificate expired on ${notAfter.toISOString().slice(0, 10)}`, {
      hint: 'fetch the current certificate with: sealkit keys fetch',
      upstream: `failed to encrypt using an expired certificate on ${goDate(notAfter)}`,
    })
  }
  return publicKey
}

/** Go knows no RSA-PSS keys; what it prints for the others are pointers and numbers of no use. */
function goKeyText(key: PublicKey): string {
  return key.algorithm === 'rsa-pss' ? '<nil>' : `&{${key.algorithm}}`
}

/** Go's layout `January 2, 2006`, in UTC. */
function goDate(date: Date): string {
  return date.toLocaleDateString('en-US', { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' })
}
