import { decodeBase64, encodeBase64 } from './base64.ts'
import type { Manifest, ObjectMeta, OwnerReference } from './object.ts'

/**
 * The one object between every source and every sink: the Secret that should exist.
 *
 * `data` holds raw bytes by key, in the order in which the source gave them.
 */
export interface DesiredSecret {
  readonly namespace: string
  readonly name: string
  /** The Secret's type; absent where the source says none (the API server then sets `Opaque`). */
  readonly type?: string
  readonly immutable?: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly data: ReadonlyMap<string, Uint8Array>
}

/** The v1 Secret manifest of a desired Secret: values in base64, keys sorted bytewise as Go prints maps. */
export function secretManifest(secret: DesiredSecret): Manifest {
  const metadata: ObjectMeta = { name: secret.name, namespace: secret.namespace }
  if (Object.keys(secret.labels).length > 0) metadata.labels = { ...secret.labels }
  if (Object.keys(secret.annotations).length > 0) metadata.annotations = { ...secret.annotations }
  if (secret.finalizers !== undefined) metadata.finalizers = [...secret.finalizers]
  if (secret.ownerReferences !== undefined) metadata.ownerReferences = [...secret.ownerReferences]
  const manifest: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata }
  if (secret.immutable !== undefined) manifest['immutable'] = secret.immutable
  if (secret.type !== undefined && secret.type !== '') manifest['type'] = secret.type
  const keys = [...secret.data.keys()].sort()
  if (keys.length > 0) {
    // fromEntries defines own properties, so a key such as "__proto__" is data like any other.
    manifest['data'] = Object.fromEntries(
      keys.map((key) => [key, encodeBase64(secret.data.get(key) ?? new Uint8Array())]),
    )
  }
  return manifest
}

/**
 * The Secret as it can be applied by hand: an owner that was never in a cluster has no uid, and the API server would
 * refuse the Secret for it.
 */
export function withoutUnknownOwners({ ownerReferences = [], ...secret }: DesiredSecret): DesiredSecret {
  const known = ownerReferences.filter(({ uid }) => uid !== '')
  return known.length === 0 ? secret : { ...secret, ownerReferences: known }
}

/**
 * The desired Secret of a v1 Secret manifest; values of `stringData` win over those of `data`.
 *
 * @throws INVALID_BASE64
 */
export function desiredSecret(manifest: Manifest): DesiredSecret {
  const {
    name = '',
    namespace = '',
    labels = {},
    annotations = {},
    finalizers,
    ownerReferences,
  } = manifest.metadata ?? {}
  const data = strings(manifest['data']).map(([key, value]) => [key, decodeBase64(value)] as const)
  const stringData = strings(manifest['stringData']).map(
    ([key, value]) => [key, new TextEncoder().encode(value)] as const,
  )
  return {
    namespace,
    name,
    labels,
    annotations,
    data: new Map([...data, ...stringData]),
    ...(typeof manifest['type'] === 'string' && manifest['type'] !== '' ? { type: manifest['type'] } : {}),
    ...(typeof manifest['immutable'] === 'boolean' ? { immutable: manifest['immutable'] } : {}),
    ...(finalizers === undefined ? {} : { finalizers }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  }
}

function strings(map: unknown): [string, string][] {
  if (typeof map !== 'object' || map === null) return []
  return Object.entries(map).map(([key, value]) => [key, typeof value === 'string' ? value : ''])
}
