import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { failure } from '../error.ts'

/** A JSON Web Key: a key, or why it is none to a caller that wants one of the other kind. */
export type Jwk =
  | { readonly kind: 'private' | 'public'; readonly key: KeyObject; readonly goType: string }
  | { readonly kind: 'symmetric' }

const EC_CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521'])

/** Reads a JSON Web Key that is already parsed. @throws FunctionFailure with jwx's text for one of an unknown type */
export function readJwk(jwk: Readonly<Record<string, unknown>>): Jwk {
  const { kty } = jwk
  const type = typeof kty === 'string' ? kty : ''
  if (type === 'oct') return { kind: 'symmetric' }
  if (type !== 'RSA' && type !== 'EC' && type !== 'OKP') return failure(`invalid key type from JSON (${type})`)
  const isPrivate = typeof jwk['d'] === 'string'
  const goType = goTypeOf(type, String(jwk['crv']), isPrivate)
  try {
    const key = jwk as JsonWebKey
    return isPrivate
      ? { kind: 'private', key: createPrivateKey({ key, format: 'jwk' }), goType }
      : { kind: 'public', key: createPublicKey({ key, format: 'jwk' }), goType }
  } catch {
    return unusable(type, String(jwk['crv']), goType)
  }
}

/** Keys that the runtime refuses: jwx builds the key all the same, and it is the encoder that fails or does not. */
function unusable(type: string, curve: string, goType: string): never {
  if (type === 'EC' && !EC_CURVES.has(curve))
    return failure(`failed to build public key: invalid curve algorithm ${curve}`)
  return failure(`x509: unknown key type while marshaling PKCS#8: ${goType}`, true)
}

function goTypeOf(type: string, curve: string, isPrivate: boolean): string {
  const side = isPrivate ? 'PrivateKey' : 'PublicKey'
  if (type === 'RSA') return `*rsa.${side}`
  if (type === 'EC') return `*ecdsa.${side}`
  return curve.startsWith('X') ? `*ecdh.${side}` : `ed25519.${side}`
}
