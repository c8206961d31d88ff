import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import type { ClusterObject, Resource } from '../cluster.ts'
import { timestamp } from '../conditions.ts'
import { KubernetesError } from '../error.ts'
import { apiVersion, keyOf, resourceOf, resources } from '../resources.ts'
import { namespaceFolder, objectFile } from './files.ts'
import type { Identity, IdentityStore } from './identity.ts'
import { sourceField } from './manifests.ts'
import { type Place, places } from './places.ts'
import type { ScannedFile } from './scan.ts'

/** An object of a directory, and where it lies. */
export interface Entry {
  readonly resource: Resource
  readonly place: Place
  readonly object: ClusterObject
  /** What it was read from; a scan that meets the same again need not look at it. */
  readonly manifest?: Manifest
}

/** What loading needs to know. */
export interface LoadContext {
  readonly identities: IdentityStore
  readonly defaultNamespace: string
  /** Kinds besides the known ones. */
  readonly resources: readonly Resource[]
  /** Applies a kind's defaults and checks it; throws where it is not valid. */
  readonly admit: (resource: Resource, object: ClusterObject) => ClusterObject
  readonly onError: (error: unknown) => void
}

/** Reads scans into entries. */
export interface Loader {
  /** The objects of all roots by kind and key; of two with the same, the one of the earlier place. */
  load(
    files: ReadonlyMap<Place, readonly ScannedFile[]>,
    known: ReadonlyMap<string, Entry>,
  ): Promise<Map<string, Entry>>
}

/** A loader that reads each manifest once, and tells of what is wrong with it once. */
export function loader(context: LoadContext): Loader {
  const refused = new WeakSet<Manifest>()
  const second = new WeakSet<Manifest>()
  return {
    async load(files, known) {
      const read = new Map([...known.values()].map((entry) => [entry.manifest, entry]))
      const found = new Map<string, Entry>()
      for (const { place, file, manifest } of manifests(files)) {
        try {
          if (refused.has(manifest)) continue
          const same = read.get(manifest)
          const source = { place, manifest, stamp: file.stamp }
          const entry = same?.place === place ? same : await load(source, known, context)
          if (entry === undefined) continue
          const id = entryId(entry.resource, entry.object)
          if (!found.has(id)) found.set(id, entry)
          else if (!second.has(manifest)) {
            second.add(manifest)
            context.onError(duplicate(entry, file.path))
          }
        } catch (error) {
          refused.add(manifest)
          context.onError(error)
        }
      }
      return found
    },
  }
}

function* manifests(
  files: ReadonlyMap<Place, readonly ScannedFile[]>,
): Generator<{ readonly place: Place; readonly file: ScannedFile; readonly manifest: Manifest }> {
  for (const place of places) {
    for (const file of files.get(place) ?? []) {
      for (const manifest of file.manifests) yield { place, file, manifest }
    }
  }
}

/** One text per kind and key. */
export function entryId(resource: Resource, object: { metadata: { namespace?: string; name: string } }): string {
  return `${resource.plural}.${resource.group}/${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function duplicate(entry: Entry, path: string): KubernetesError {
  const { kind, metadata } = entry.object
  return new KubernetesError('ALREADY_EXISTS', `${kind} ${metadata.name} of ${path} is there already`, {
    hint: 'keep one of the two manifests',
  })
}

async function load(
  from: { readonly place: Place; readonly manifest: Manifest; readonly stamp: string },
  known: ReadonlyMap<string, Entry>,
  context: LoadContext,
): Promise<Entry | undefined> {
  const { place, manifest, stamp } = from
  const resource = resourceOf(manifest) ?? context.resources.find((other) => matches(other, manifest))
  if (resource === undefined) return undefined
  const { name = '', namespace } = manifest.metadata ?? {}
  const scope = resource.namespaced ? { namespace: namespaceFolder(namespace || context.defaultNamespace) } : {}
  const { namespace: _, ...metadata } = { ...manifest.metadata, name: objectFile(name) }
  const draft = normalized(resource, { ...manifest, metadata: { ...metadata, ...scope } })
  const last = known.get(entryId(resource, draft))
  const own = place !== 'in'
  if (own && metadata.uid !== undefined) return { resource, place, manifest, object: keepVersion(draft, last) }
  // A manifest says what should be, never what the cluster made of it.
  const { status: _status, ...wanted } = draft
  const object = { ...context.admit(resource, own ? draft : wanted), ...source(resource, manifest) }
  const identity = await identify(resource, object, { stamp, last, context })
  return { resource, place, manifest, object: keepVersion(withIdentity(object, identity), last) }
}

/** What no definition of the API keeps. */
function source(resource: Resource, manifest: Manifest): Readonly<Record<string, unknown>> {
  const file = resource === resources.sopsSecret ? manifest[sourceField] : undefined
  return file === undefined ? {} : { [sourceField]: file }
}

function matches(resource: Resource, manifest: Manifest): boolean {
  return resource.kind === manifest.kind && apiVersion(resource) === manifest.apiVersion
}

/** Raises the generation where the content changed since it was last seen, in this process or an earlier one. */
async function identify(
  resource: Resource,
  object: ClusterObject,
  now: { readonly stamp: string; readonly last: Entry | undefined; readonly context: LoadContext },
): Promise<Identity> {
  const { identities } = now.context
  const kept = await identities.read(resource, keyOf(object))
  if (kept?.stamp === now.stamp) return kept
  const changed = now.last === undefined || !isDeepStrictEqual(content(now.last.object), content(object))
  const identity: Identity = {
    uid: kept?.uid ?? randomUUID(),
    created: kept?.created ?? timestamp(new Date()),
    generation: (kept?.generation ?? 0) + (changed ? 1 : 0),
    stamp: now.stamp,
    ...(kept?.status !== undefined && { status: kept.status }),
  }
  await identities.write(resource, keyOf(object), identity)
  return identity
}

/** An object without what belongs to its metadata and status. */
export function content(object: ClusterObject): unknown {
  const { metadata: _, status: __, ...rest } = object
  return rest
}

function withIdentity(object: ClusterObject, identity: Identity): ClusterObject {
  const { uid, created, generation, status } = identity
  const metadata = { ...object.metadata, uid, creationTimestamp: created, generation }
  return { ...object, metadata, ...(status !== undefined && { status }) }
}

/** An object that is as it was keeps its version, so that a scan which changes nothing tells nobody. */
function keepVersion(object: ClusterObject, last: Entry | undefined): ClusterObject {
  const { resourceVersion: _, managedFields: __, ...metadata } = object.metadata
  const bare = { ...object, metadata }
  if (last === undefined) return bare
  const versioned = { ...bare, metadata: { ...metadata, resourceVersion: last.object.metadata.resourceVersion ?? '' } }
  return isDeepStrictEqual(versioned, last.object) ? last.object : bare
}

/** An object as the API server would give it: its kind's version, `stringData` as data, no empty maps and lists. */
export function normalized(resource: Resource, object: ClusterObject): ClusterObject {
  const metadata = { ...object.metadata }
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
    if (isEmpty(metadata[field])) delete metadata[field]
  }
  const typed = { ...object, apiVersion: apiVersion(resource), kind: resource.kind, metadata }
  if (resource.kind !== 'Secret' || resource.group !== '') return typed
  const { stringData, data, ...secret } = typed as ClusterObject & {
    stringData?: Record<string, string>
    data?: object
  }
  const encoded = Object.entries(stringData ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  const whole = { ...data, ...Object.fromEntries(encoded) }
  return { ...secret, type: secret['type'] || 'Opaque', ...(!isEmpty(whole) && { data: whole }) }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || Object.keys(value as object).length === 0
}
