import type { Manifest } from '@sealkit/core/manifest'

/** What one field manager put into a Secret. */
export interface OwnedFields {
  readonly data: ReadonlySet<string>
  readonly labels: ReadonlySet<string>
  readonly annotations: ReadonlySet<string>
}

interface ManagedFields {
  readonly manager?: string
  readonly fieldsV1?: unknown
}

/** The fields of a Secret whose last writer was the manager, by the API server's own account. */
export function ownedFields(secret: Manifest, manager: string): OwnedFields {
  const entries = (secret.metadata?.managedFields ?? []) as readonly ManagedFields[]
  const own = entries.filter((entry) => entry.manager === manager).map((entry) => entry.fieldsV1)
  const keys = (...path: readonly string[]): ReadonlySet<string> =>
    new Set(own.flatMap((fields) => fieldKeys(fields, path)))
  return {
    data: keys('f:data'),
    labels: keys('f:metadata', 'f:labels'),
    annotations: keys('f:metadata', 'f:annotations'),
  }
}

function fieldKeys(fields: unknown, path: readonly string[]): string[] {
  let node = fields
  for (const step of path) node = typeof node === 'object' && node !== null ? Reflect.get(node, step) : undefined
  if (typeof node !== 'object' || node === null) return []
  return Object.keys(node).flatMap((field) => (field.startsWith('f:') ? [field.slice(2)] : []))
}
