import { createSign } from 'node:crypto'
import { parseJson } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'
import { type Json, object, optionalObject, text } from '../../view.ts'
import type { LoginOptions } from './auth.ts'

/** Seconds for which Vault's GCP method takes a token: its own limit. */
const lifetime = 900

/**
 * What Vault's GCP method (type `iam`) is sent: a token that says who the service account is, signed with its own key.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING`; `NOT_SUPPORTED` for a block without a key in a Secret
 */
export async function gcpData(auth: Json, { credentials, environment }: LoginOptions): Promise<Record<string, string>> {
  const ref = optionalObject(object(auth['secretRef'])['secretAccessKeySecretRef'])
  if (ref === null) {
    throw new ResolverError('NOT_SUPPORTED', 'vault.auth.gcp needs the key of a service account', {
      hint: 'name the Secret that holds it in secretRef.secretAccessKeySecretRef',
    })
  }
  const role = text(auth['role'])
  const key = readKey(await credentials.secretText(ref))
  const expires = Math.floor(environment.now() / 1000) + lifetime
  return { role, jwt: signed(key, { sub: key.email, aud: `vault/${role}`, exp: expires }) }
}

interface ServiceAccountKey {
  readonly id: string
  readonly email: string
  readonly privateKey: string
}

function readKey(json: string): ServiceAccountKey {
  try {
    const key = object(parseJson(json))
    const [id, email, privateKey] = ['private_key_id', 'client_email', 'private_key'].map((name) => text(key[name]))
    if (id && email && privateKey) return { id, email, privateKey }
  } catch {
    // The text is a secret, so its error is not shown.
  }
  throw new ResolverError('CREDENTIAL_MISSING', 'the Secret holds no key of a Google service account', {
    hint: 'store the JSON file that Google gives out for the key',
  })
}

function signed({ id, privateKey }: ServiceAccountKey, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${encode({ alg: 'RS256', typ: 'JWT', kid: id })}.${encode(claims)}`
  try {
    return `${content}.${createSign('RSA-SHA256').update(content).sign(privateKey, 'base64url')}`
  } catch {
    throw new ResolverError('CREDENTIAL_MISSING', 'the private key of the Google service account cannot be used')
  }
}
