import { encodeUtf8 } from '@sealkit/core/go'
import type { DesiredSecret, Manifest } from '@sealkit/core/manifest'
import type { ClusterAccess } from './cluster.ts'
import type { Values } from './convert.ts'
import type { Demand } from './demand.ts'
import { evaluate } from './entry.ts'
import { prefixed, ResolverError } from './error.ts'
import type { ExternalSecret } from './externalsecret.ts'
import type { LeaseSink } from './generators/lease.ts'
import { readExternalSecret } from './manifest.ts'
import { type Plan, plan } from './plan.ts'
import type { Policy } from './policy.ts'
import { startReads } from './reads.ts'
import type { Sessions } from './session.ts'
import { openStores, storeRefKey } from './stores.ts'
import { type Render, renderTarget } from './template.ts'

/** What an ExternalSecret is resolved with. */
export interface ResolveContext {
  readonly cluster: ClusterAccess
  /** Opened stores, shared by as many resolutions as live together. */
  readonly sessions: Sessions
  /** Absent = a manifest with templates fails with `TEMPLATE_FAILED`; texts are never passed through. */
  readonly render?: Render
  /** What stores may reach; for manifests that somebody else wrote. Absent = everything. */
  readonly policy?: Policy
  /** Refuses stores whose Ready condition is not True, as External Secrets' flood gate does. */
  readonly requireReady?: boolean
  /** The class that stores must have, where they have one. Absent = not checked. */
  readonly controllerClass?: string
  /** Random bytes for generators; the platform's secure source unless given. */
  readonly random?: (size: number) => Uint8Array
  /** Takes the leases of generated credentials, to renew and to end them; absent = they end by their own time. */
  readonly leases?: LeaseSink
  /** The need that is to be met, where reads are shared with others; absent = whatever is under way will do. */
  readonly demand?: Demand
  /** Looks at credential objects now, however short ago they were looked at. */
  readonly fresh?: boolean
  readonly signal?: AbortSignal
}

/** An entry whose secret is not at the provider, and that `deletionPolicy` lets us pass over. */
export interface MissingEntry {
  /** `spec.dataFrom[0]` or `spec.data[2]`. */
  readonly field: string
  /** Empty for `dataFrom`. */
  readonly key: string
  /** The text of External Secrets' event `MissingProviderSecret`, which says `dataFrom` for `data` too. */
  readonly message: string
}

/** What the provider holds for an ExternalSecret now. */
export interface ProviderData {
  readonly data: Values
  readonly missing: readonly MissingEntry[]
}

/** What should happen to the target. */
export interface Resolution extends ProviderData {
  readonly externalSecret: ExternalSecret
  /** `delete` and `retain` only when the provider gave nothing (`deletionPolicy` Delete and Retain). */
  readonly action: 'apply' | 'delete' | 'retain'
  /**
   * The Secret that should exist; null unless the action is `apply`. Ownership labels and hashes are the controller's.
   */
  readonly secret: DesiredSecret | null
}

/**
 * Resolves an ExternalSecret: reads what its entries name, in as few calls as the providers allow, and makes the Secret
 * of it.
 *
 * The result is what External Secrets computes entry after entry: `dataFrom` in order, then `data` over it, then the
 * template. The first entry in that order that fails decides the error; nothing is partial.
 *
 * @throws {ResolverError} as the entry's text says; `SECRET_NOT_FOUND` only with `deletionPolicy` Retain
 */
export async function resolveExternalSecret(manifest: Manifest, context: ResolveContext): Promise<Resolution> {
  const externalSecret = readExternalSecret(manifest)
  const found = await resolveData(externalSecret, context)
  const action = policyAction(externalSecret, found.data)
  const secret = action === 'apply' ? await desiredSecret(externalSecret, found.data, context) : null
  return { externalSecret, ...found, action, secret }
}

/** The provider's part of {@link resolveExternalSecret}: the data before the template. */
export async function resolveData(externalSecret: ExternalSecret, context: ResolveContext): Promise<ProviderData> {
  const stop = new AbortController()
  const signal = context.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, context.signal])
  const stores = await openStores(externalSecret, context)
  try {
    const steps = plan(externalSecret, (ref) => stores.get(storeRefKey(ref))?.readsProperty ?? false)
    const results = startReads(steps.reads, { stores, externalSecret, context, signal })
    return await evaluateAll(externalSecret, steps, results, context)
  } finally {
    stop.abort()
    for (const store of stores.values()) store.session?.release()
  }
}

async function evaluateAll(
  externalSecret: ExternalSecret,
  { entries }: Plan,
  results: ReturnType<typeof startReads>,
  { render }: ResolveContext,
): Promise<ProviderData> {
  const data = new Map<string, Uint8Array>()
  const missing: MissingEntry[] = []
  const sources = [...externalSecret.dataFrom, ...externalSecret.data]
  for (const [index, { field, read }] of entries.entries()) {
    const source = sources[index]
    const result = results[read]
    if (source === undefined || result === undefined) continue
    try {
      for (const [key, value] of await evaluate(source, result, render)) data.set(key, value)
    } catch (error) {
      if (isLeftOut(source, error)) {
        if (typeof source.otherwise === 'object' && 'secretKey' in source) {
          data.set(source.secretKey, encodeUtf8(source.otherwise.default))
        }
        continue
      }
      if (!mayBeMissing(externalSecret, error)) throw prefixed(entryPrefix(field, source), error)
      missing.push(missingEntry(index, externalSecret))
    }
  }
  return { data, missing }
}

type Source = ExternalSecret['dataFrom'][number] | ExternalSecret['data'][number]

function entryPrefix(field: string, source: Source): string {
  if (!('use' in source)) return `error processing ${field} (key: ${source.remoteRef.key}), err: `
  const name = source.use === 'generator' ? 'sourceRef.generatorRef' : source.use
  return `error processing ${field}.${name}, err: `
}

function mayBeMissing(externalSecret: ExternalSecret, error: unknown): boolean {
  const { deletionPolicy } = externalSecret.target
  return deletionPolicy !== 'Retain' && error instanceof ResolverError && error.code === 'SECRET_NOT_FOUND'
}

/** Whether the entry says itself what it is without the secret, or the property, that the provider does not have. */
function isLeftOut({ otherwise }: Source, error: unknown): boolean {
  if (otherwise === undefined || !(error instanceof ResolverError)) return false
  return error.code === 'SECRET_NOT_FOUND' || error.code === 'PROPERTY_NOT_FOUND'
}

function missingEntry(index: number, { dataFrom, data }: ExternalSecret): MissingEntry {
  const text = 'secret does not exist at provider using'
  if (index < dataFrom.length) {
    const field = `spec.dataFrom[${index}]`
    return { field, key: '', message: `${text} ${field}` }
  }
  const place = index - dataFrom.length
  const key = data[place]?.remoteRef.key ?? ''
  return { field: `spec.data[${place}]`, key, message: `${text} spec.dataFrom[${place}] (key=${key})` }
}

function policyAction({ target }: ExternalSecret, data: Values): Resolution['action'] {
  if (data.size > 0 || target.deletionPolicy === 'Merge') return 'apply'
  return target.deletionPolicy === 'Delete' ? 'delete' : 'retain'
}

/**
 * The Secret that the provider's data and the template make.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED`, `NOT_SUPPORTED`
 */
export async function desiredSecret(
  externalSecret: ExternalSecret,
  data: Values,
  context: Pick<ResolveContext, 'cluster' | 'render'>,
): Promise<DesiredSecret> {
  const { namespace, target } = externalSecret
  if (target.manifest !== null) {
    throw new ResolverError('NOT_SUPPORTED', 'spec.target.manifest is not supported: targets are Secrets', {
      hint: 'use a Secret, and read it where the other kind is needed',
    })
  }
  const { type, finalizers, ...rest } = await renderTarget(externalSecret, data, context)
  return {
    namespace,
    name: target.name,
    ...(type === '' ? {} : { type }),
    ...(target.immutable ? { immutable: true } : {}),
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...rest,
  }
}
