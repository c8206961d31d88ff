import { unread } from './fields.ts'

/** Kinds of Google credentials that hold all that signing in needs. */
const selfContained = new Set(['service_account', 'authorized_user'])
const impersonated = 'impersonated_service_account'

/**
 * The JSON of `sops.gcp-kms`: the key of a service account, say. Credentials that only say where others are (a file, a
 * program, a server of the machine) would be the controller's own, and are refused.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`
 */
export function googleCredentials(name: string, bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString().trim()
  const credentials = parsed(name, text)
  const { type, source_credentials: source } = credentials
  const signing = type === impersonated ? record(source) : credentials
  if (typeof signing['type'] !== 'string') throw unread(name, 'does not say the type of its credentials')
  if (selfContained.has(signing['type'])) return text
  throw unread(
    name,
    'names credentials of the machine instead of holding some',
    'give it the JSON key of a service account, or let a rule of --sops-keys name the keys under identity',
  )
}

function parsed(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(text))
  } catch {
    throw unread(name, 'is no JSON')
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
