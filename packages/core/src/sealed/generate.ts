import { type PrivateKey, platform } from '../platform/index.ts'
import { encodePem } from './pem.ts'
import { privateKeyPem } from './privatekey.ts'

/** Default size of a sealing key, in bits. */
export const defaultKeySize = 4096

/** Default validity of a sealing certificate: ten years of 365 days, in milliseconds. */
export const defaultKeyTtl: number = 87_600 * 3_600_000

/** What {@link selfSignedCertificate} takes. */
export interface CertificateOptions {
  readonly privateKey: PrivateKey
  /** Start of the validity; seconds count, milliseconds are dropped. */
  readonly notBefore: Date
  /** Length of the validity, in milliseconds. */
  readonly validFor?: number
  /** Common name of subject and issuer; both are empty by default. */
  readonly commonName?: string
  readonly random?: (length: number) => Uint8Array
}

/** A new sealing key and its certificate, in PEM. */
export interface GeneratedKey {
  readonly privateKeyPem: string
  readonly certificatePem: string
}

/** Generates a sealing key as upstream's controller does: RSA with a self-signed certificate. */
export async function generateSealingKey(
  options: Omit<CertificateOptions, 'privateKey'> & { readonly keySize?: number },
): Promise<GeneratedKey> {
  const privateKey = await platform.generateRsaKey(options.keySize ?? defaultKeySize)
  const certificatePem = await selfSignedCertificate({ ...options, privateKey })
  return { privateKeyPem: await privateKeyPem(privateKey), certificatePem }
}

/**
 * A self-signed certificate with upstream's profile (`SignKeyWithNotBefore`): random 128-bit serial, critical key usage
 * encipherOnly, critical CA constraint, subject key id, SHA-256 with RSA.
 */
export async function selfSignedCertificate(options: CertificateOptions): Promise<string> {
  const { certificateBody, certificateOf } = await import('./x509.ts')
  const { privateKey, notBefore, validFor = defaultKeyTtl, commonName = '', random = platform.randomBytes } = options
  const { spki } = platform.publicKey(privateKey)
  const body = await certificateBody({
    spki,
    serial: random(16),
    notBefore,
    notAfter: new Date(notBefore.getTime() + validFor),
    commonName,
  })
  return encodePem('CERTIFICATE', certificateOf(body, await platform.signRsaSha256(privateKey, body)))
}
