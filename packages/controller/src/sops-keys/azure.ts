import type { AzureCredentials } from '@sealkit/keyservice'
import { type Fields, readFields, unread } from './fields.ts'

/**
 * The YAML or JSON of `sops.azure-kv`, in UTF-8 or with a mark in UTF-16: `tenantId`, `clientId` and `clientSecret` or
 * `clientCertificate`, or what `az ad sp create-for-rbac` prints (`tenant`, `appId`, `password`). A `clientId` alone
 * names a managed identity of the machine, which is the controller's own, and is refused.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`
 */
export function azureCredentials(name: string, bytes: Uint8Array): AzureCredentials {
  const fields = readFields(name, decoded(name, bytes))
  const [tenantId, clientId] = [fields.text('tenantId'), fields.text('clientId')]
  const host = authority(name, fields)
  const proof = tenantId === '' || clientId === '' ? null : proofOf(fields)
  if (proof !== null) return { tenantId, clientId, ...host, proof }
  const [tenant, appId, secret] = [fields.text('tenant'), fields.text('appId'), fields.text('password')]
  if (tenant !== '' && appId !== '' && secret !== '') {
    return { tenantId: tenant, clientId: appId, ...host, proof: { kind: 'secret', secret } }
  }
  if (clientId === '') {
    throw unread(name, 'lacks tenantId, clientId and clientSecret or clientCertificate, or tenant, appId and password')
  }
  throw unread(
    name,
    'names a managed identity of the machine instead of holding credentials',
    'give it the secret or the certificate of a service principal, or let a rule of --sops-keys name the keys under identity',
  )
}

function proofOf(fields: Fields): AzureCredentials['proof'] | null {
  const [secret, pem] = [fields.text('clientSecret'), fields.text('clientCertificate')]
  if (secret !== '') return { kind: 'secret', secret }
  if (pem === '') return null
  const password = fields.text('clientCertificatePassword')
  return { kind: 'certificate', pem, password, sendChain: fields.flag('clientCertificateSendChain') }
}

function authority(name: string, fields: Fields): { readonly authorityHost?: string } {
  const authorityHost = fields.text('authorityHost')
  if (authorityHost === '') return {}
  // The secret itself goes there.
  if (!/^https:\/\/[^/?#@]+\/?$/.test(authorityHost))
    throw unread(name, 'has an authorityHost that is no https address')
  return { authorityHost }
}

/** Marks of the encodings, as the tools of Windows write them. */
const encodings = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const

function decoded(name: string, bytes: Uint8Array): string {
  const marked = encodings.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte))
  try {
    return new TextDecoder(marked?.encoding ?? 'utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unread(name, 'is neither UTF-8 nor UTF-16')
  }
}
