import { ResolverError } from '../../error.ts'
import type { PushedSecret, PushRequest, PushTarget } from '../../provider.ts'
import type { Store } from '../../store.ts'
import { type Json, object, text, textMap } from '../../view.ts'
import type { Api } from './api.ts'
import { remoteNamespace } from './spec.ts'

/** Who writes, in `managedFields`: External Secrets writes under its own name too. */
const fieldManager = 'external-secrets'

/**
 * Writes a Secret, or one key of it; writes nothing when it is there already. The Secret takes the type, the labels and
 * the annotations of the source, and what `metadata` says of labels and annotations.
 *
 * @throws {ResolverError} `VALUE_INVALID` for metadata that cannot be used, and what the API server refuses
 */
export async function pushSecret(api: Api, store: Store, request: PushRequest, signal: AbortSignal): Promise<void> {
  if (request.property === '' && request.secretKey !== '') {
    throw new ResolverError(
      'VALUE_INVALID',
      'requires property in RemoteRef to push secret value if secret key is defined',
    )
  }
  const secrets = secretsPath(store, request.metadata)
  const path = `${secrets}/${nameSegment(request.key)}`
  const current = await api.get(path, signal)
  const next = merged(current, request)
  if (current === null)
    await written(api.send('POST', `${secrets}?fieldManager=${fieldManager}`, next, signal), secrets)
  else if (JSON.stringify(next) !== JSON.stringify(merged(current, null))) {
    await written(api.send('PUT', `${path}?fieldManager=${fieldManager}`, next, signal), path)
  }
}

/** A write to what is not there, such as a namespace, is answered as a read of it is. */
async function written(answer: Promise<Json | null>, path: string): Promise<void> {
  if ((await answer) !== null) return
  throw new ResolverError('PROVIDER_FAILED', `the API server has no ${path}`, { hint: 'create the namespace first' })
}

/** Deletes a Secret, or one key of it; a Secret whose last key goes, goes too. What is not there is deleted. */
export async function deleteSecret(api: Api, store: Store, target: PushTarget, signal: AbortSignal): Promise<void> {
  const { key, property, metadata } = target
  const path = `${secretsPath(store, metadata)}/${nameSegment(key)}`
  const current = property === '' ? {} : await api.get(path, signal)
  if (current === null) return
  const { [property]: gone, ...data } = textMap(current['data'])
  if (property !== '' && gone === undefined) return
  if (property === '' || Object.keys(data).length === 0) await api.send('DELETE', path, undefined, signal)
  else await api.send('PUT', `${path}?fieldManager=${fieldManager}`, { ...current, data }, signal)
}

/** Where Secrets of a store are; a push may name another namespace. */
export function secretsPath(store: Store, metadata?: unknown): string {
  const namespace = text(object(object(metadata)['spec'])['remoteNamespace'], remoteNamespace(store))
  return `/api/v1/namespaces/${nameSegment(namespace)}/secrets`
}

/** A name that cannot be one would address another resource. @throws {ResolverError} `INVALID_REFERENCE` */
export function nameSegment(name: string): string {
  if (name !== '' && name !== '.' && name !== '..') return encodeURIComponent(name)
  throw new ResolverError('INVALID_REFERENCE', `"${name}" is not the name of a Secret`)
}

/** The Secret that is there with the push in it; with no push, as it is. */
function merged(current: Json | null, request: PushRequest | null): Json {
  const metadata = object(current?.['metadata'])
  const { labels, annotations } = { labels: textMap(metadata['labels']), annotations: textMap(metadata['annotations']) }
  const data = textMap(current?.['data'])
  if (request === null) return { ...current, metadata: { ...metadata, labels, annotations }, data }
  const wanted = targetMetadata({ labels, annotations }, request)
  return {
    ...(current ?? { apiVersion: 'v1', kind: 'Secret' }),
    metadata: { ...metadata, name: request.key, ...wanted },
    type: request.source.type === '' ? 'Opaque' : request.source.type,
    data: { ...data, ...pushedData(request) },
  }
}

function pushedData({ property, value, source }: PushRequest): Record<string, string> {
  if (property !== '') return { [property]: Buffer.from(value).toString('base64') }
  return Object.fromEntries([...source.data].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]))
}

interface Texts {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What the metadata of a push changes: first the source's by `sourceMergePolicy`, then the target's. */
function targetMetadata(current: Texts, { source, metadata }: PushRequest): Texts {
  const spec = object(object(metadata)['spec'])
  const policy = text(spec['targetMergePolicy'], 'Merge')
  const from = sourceMetadata(source, spec)
  if (policy === 'Ignore') return current
  if (policy === 'Replace') return from
  if (policy !== 'Merge') throw invalidPolicy('targetMergePolicy', policy)
  return {
    labels: { ...current.labels, ...from.labels },
    annotations: { ...current.annotations, ...from.annotations },
  }
}

function sourceMetadata(source: PushedSecret, spec: Json): Texts {
  const policy = text(spec['sourceMergePolicy'], 'Merge')
  const given = { labels: textMap(spec['labels']), annotations: textMap(spec['annotations']) }
  if (policy === 'Replace') return given
  if (policy !== 'Merge') throw invalidPolicy('sourceMergePolicy', policy)
  return {
    labels: { ...source.labels, ...given.labels },
    annotations: { ...source.annotations, ...given.annotations },
  }
}

function invalidPolicy(field: string, policy: string): ResolverError {
  return new ResolverError('VALUE_INVALID', `metadata.spec.${field} cannot be ${policy}`, {
    hint: 'give Merge, Replace or, for targetMergePolicy, Ignore',
  })
}
