import { CoreError } from '../error.ts'
import { type PrivateKey, type PrivateKeyFormat, platform } from '../platform/index.ts'
import { decodePem, encodePem } from './pem.ts'

/** PEM types that hold a private key, and the DER inside. */
const formats: Readonly<Record<string, PrivateKeyFormat>> = {
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
  'PRIVATE KEY': 'pkcs8',
}

const hint = 'pass an unencrypted RSA private key in PEM (PKCS#1 or PKCS#8)'

/**
 * Reads the first readable private key of a PEM text, as client-go's `ParsePrivateKeyPEM`: other blocks and unreadable
 * ones are skipped, and later keys do not count.
 *
 * @throws INVALID_KEY when there is none, or the first is no RSA key
 */
export function parsePrivateKey(pem: string | Uint8Array): PrivateKey {
  const key = firstKey(pem)
  if (key === null) {
    throw new CoreError('INVALID_KEY', 'no private key found in the PEM text', {
      hint,
      upstream: 'data does not contain a valid RSA or ECDSA private key',
    })
  }
  if (key.algorithm === 'rsa') return key
  throw new CoreError('INVALID_KEY', `the private key is of type ${key.algorithm}, not RSA`, {
    hint,
    upstream: `unexpected private key type ${goTypes[key.algorithm] ?? key.algorithm}`,
  })
}

/**
 * Every RSA private key of a PEM text. Upstream reads only the first.
 *
 * @throws INVALID_KEY when there is none
 */
export function parsePrivateKeys(pem: string | Uint8Array): PrivateKey[] {
  const keys = decodePem(pem).flatMap((block) => readKey(block) ?? [])
  const rsa = keys.filter((key) => key.algorithm === 'rsa')
  return rsa.length > 0 ? rsa : [parsePrivateKey(pem)]
}

/** The PKCS#1 PEM text of an RSA key, as upstream's controller stores it in `tls.key`. */
export async function privateKeyPem(key: PrivateKey): Promise<string> {
  return encodePem('RSA PRIVATE KEY', await platform.exportPrivateKey(key, 'pkcs1'))
}

const goTypes: Readonly<Record<string, string>> = {
  ec: '*ecdsa.PrivateKey',
  ed25519: 'ed25519.PrivateKey',
  x25519: '*ecdh.PrivateKey',
}

function firstKey(pem: string | Uint8Array): PrivateKey | null {
  for (const block of decodePem(pem)) {
    const key = readKey(block)
    if (key !== null) return key
  }
  return null
}

function readKey(block: { readonly type: string; readonly bytes: Uint8Array }): PrivateKey | null {
  const format = formats[block.type]
  return format === undefined ? null : platform.importPrivateKey(block.bytes, format)
}
