import { randomBytes, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import type {
  Cluster,
  ClusterObject,
  DeleteOptions,
  Key,
  ListOptions,
  ListResult,
  Patch,
  Resource,
  WatchEvent,
  WatchOptions,
} from '../cluster.ts'
import { timestamp } from '../conditions.ts'
import { KubernetesError } from '../error.ts'
import { labelPredicate, type Predicate } from '../labels.ts'
import { keyOf } from '../resources.ts'
import { appendEvent } from './events.ts'
import { namespaceFolder, objectFile } from './files.ts'
import { content, type Entry, entryId, type LoadContext, type Loader, loader, normalized } from './load.ts'
import { changeLog, predicate, view } from './log.ts'
import { implied } from './namespaces.ts'
import { orphans } from './owners.ts'
import { patched } from './patch.ts'
import type { Place, Placer } from './places.ts'
import { refusal } from './refusal.ts'
import type { Scanner } from './scan.ts'
import { validate } from './validate.ts'

/** What a {@link DirectoryState} works with. */
export interface DirectoryParts extends LoadContext {
  readonly placer: Placer
  readonly scanners: ReadonlyMap<Place, Scanner>
  /** Folder of events. */
  readonly state: string
  /** Selects the Secrets that belong into `keys`; absent = none do. */
  readonly keySelector?: string
}

/** The `Cluster` port over what the scanners find. Writes come one after the other. */
export class DirectoryState implements Cluster {
  readonly #parts: DirectoryParts
  readonly #loader: Loader
  readonly #log = changeLog()
  readonly #isKey: Predicate
  readonly #entries = new Map<string, Entry>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: DirectoryParts) {
    this.#parts = parts
    this.#loader = loader(parts)
    this.#isKey = parts.keySelector === undefined ? () => false : labelPredicate(parts.keySelector)
  }

  /** Reads the roots again and tells the watches what changed. */
  sync(): Promise<void> {
    return this.#alone(async () => {
      const files = new Map<Place, Awaited<ReturnType<Scanner['scan']>>>()
      for (const [place, scanner] of this.#parts.scanners) files.set(place, await scanner.scan())
      const found = await this.#loader.load(files, this.#entries)
      for (const [id, entry] of [...this.#entries]) if (!found.has(id)) await this.#dropped(id, entry)
      for (const [id, entry] of found) {
        if (entry.object !== this.#entries.get(id)?.object) this.#put(id, entry)
        else this.#entries.set(id, entry)
      }
      await this.#collect()
    })
  }

  async get(
    resource: Resource,
    key: Key,
    options?: { readonly metadataOnly?: boolean },
  ): Promise<ClusterObject | null> {
    requireName(key)
    const object =
      this.#entry(resource, key)?.object ??
      implied(resource, this.#entries.values()).find(({ metadata }) => metadata.name === key.name)
    return object === undefined ? null : view(object, options?.metadataOnly === true)
  }

  async list(resource: Resource, options: ListOptions = {}): Promise<ListResult> {
    const selects = predicate(options)
    const prefix = `${resource.plural}.${resource.group}/`
    const items: ClusterObject[] = []
    const { transform = (object) => object } = options
    for (const [id, { object }] of this.#entries) {
      if (id.startsWith(prefix) && selects(object)) items.push(transform(view(object, options.metadataOnly === true)))
    }
    for (const object of implied(resource, this.#entries.values())) if (selects(object)) items.push(transform(object))
    items.sort((a, b) => (entryId(resource, a) < entryId(resource, b) ? -1 : 1))
    return { items, resourceVersion: String(this.#log.version) }
  }

  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent> {
    return this.#log.watch(resource, options)
  }

  create(resource: Resource, object: Manifest): Promise<ClusterObject> {
    return this.#alone(async () => {
      if (resource.kind === 'Event') return this.#event(object)
      const draft = this.#parts.admit(resource, normalized(resource, this.#named(resource, object)))
      validate(resource, draft)
      const id = entryId(resource, draft)
      if (this.#entries.has(id)) {
        throw refusal('ALREADY_EXISTS', resource, draft.metadata.name)
      }
      const metadata = {
        ...draft.metadata,
        uid: randomUUID(),
        creationTimestamp: timestamp(new Date()),
        generation: 1,
      }
      return this.#write({ resource, place: this.#place(resource, draft), object: { ...draft, metadata } })
    })
  }

  update(resource: Resource, object: ClusterObject): Promise<ClusterObject> {
    return this.#alone(() => this.#update(resource, object))
  }

  updateStatus(resource: Resource, object: ClusterObject): Promise<ClusterObject> {
    return this.#alone(async () => {
      const entry = this.#current(resource, keyOf(object), object.metadata.resourceVersion)
      const { status: _, ...rest } = entry.object
      const next = { ...rest, ...(object['status'] !== undefined && { status: structuredClone(object['status']) }) }
      if (isDeepStrictEqual(next, entry.object)) return view(entry.object, false)
      if (entry.place === 'in') return this.#writeStatus(entry, next as ClusterObject)
      return this.#write({ ...entry, object: next as ClusterObject })
    })
  }

  patch(resource: Resource, key: Key, patch: Patch): Promise<ClusterObject> {
    return this.#alone(async () => {
      requireName(key)
      if (resource.kind === 'Event') throw refusal('NOT_FOUND', resource, key.name)
      const { object } = this.#current(resource, key, undefined)
      const next = patched(object, patch)
      validate(resource, next, 'INVALID')
      return this.#update(resource, next)
    })
  }

  delete(resource: Resource, key: Key, options?: DeleteOptions): Promise<void> {
    return this.#alone(async () => {
      requireName(key)
      const { uid, resourceVersion } = options?.preconditions ?? {}
      const entry = this.#current(resource, key, resourceVersion)
      if (uid !== undefined && uid !== entry.object.metadata.uid) {
        throw refusal('CONFLICT', resource, key.name)
      }
      this.#writable(entry)
      const { finalizers = [], deletionTimestamp } = entry.object.metadata
      if (finalizers.length === 0) await this.#remove(entry)
      else if (deletionTimestamp === undefined) {
        const metadata = { ...entry.object.metadata, deletionTimestamp: timestamp(new Date()) }
        await this.#write({ ...entry, object: { ...entry.object, metadata } })
      }
      await this.#collect()
    })
  }

  /** Resolves when every write and scan under way is done. */
  async idle(): Promise<void> {
    await this.#last
  }

  /** Runs `work` when all work before it is done. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  #entry(resource: Resource, key: Key): Entry | undefined {
    return this.#entries.get(entryId(resource, { metadata: key }))
  }

  /** The entry of a key, if it has the version that the caller saw. */
  #current(resource: Resource, key: Key, version: string | undefined): Entry {
    const entry = this.#entry(resource, key)
    if (entry === undefined) throw refusal('NOT_FOUND', resource, key.name)
    if (version !== undefined && version !== '' && version !== entry.object.metadata.resourceVersion) {
      throw refusal('CONFLICT', resource, key.name)
    }
    return entry
  }

  #writable(entry: Entry): void {
    if (entry.place !== 'in') return
    throw new KubernetesError('UNSUPPORTED_VERB', `${entry.object.kind} ${entry.object.metadata.name} is only read`, {
      hint: 'change its manifest in the --in folder',
    })
  }

  async #update(resource: Resource, object: ClusterObject): Promise<ClusterObject> {
    const entry = this.#current(resource, keyOf(object), object.metadata.resourceVersion)
    const last = entry.object
    const { uid, creationTimestamp, generation = 1, deletionTimestamp } = last.metadata
    const fixed = {
      ...(uid && { uid }),
      ...(creationTimestamp && { creationTimestamp }),
      resourceVersion: last.metadata.resourceVersion ?? '',
    }
    const gone = deletionTimestamp === undefined ? {} : { deletionTimestamp }
    const draft = this.#parts.admit(resource, normalized(resource, structuredClone(object)))
    validate(resource, draft)
    const { status: _, ...rest } = draft
    const status = last['status'] === undefined ? {} : { status: last['status'] }
    const raised = isDeepStrictEqual(content(draft), content(last)) ? generation : generation + 1
    const next = { ...rest, ...status, metadata: { ...draft.metadata, ...fixed, ...gone, generation: raised } }
    if (isDeepStrictEqual(next, last)) return view(last, false)
    this.#writable(entry)
    if (last['immutable'] === true && raised !== generation) {
      throw refusal('INVALID', resource, last.metadata.name)
    }
    if (deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
      await this.#remove(entry)
      return view(next, false)
    }
    return this.#write({ ...entry, object: next })
  }

  /** A new object with its name and namespace. */
  #named(resource: Resource, object: Manifest): ClusterObject {
    const { name, generateName, namespace, resourceVersion: _, ...metadata } = object.metadata ?? {}
    const made = name || (generateName ? `${generateName}${randomBytes(3).toString('hex').slice(0, 5)}` : '')
    if (made === '') throw new KubernetesError('INVALID', 'name or generateName is required')
    const scope = resource.namespaced ? { namespace: namespaceFolder(namespace || this.#parts.defaultNamespace) } : {}
    return structuredClone({ ...object, metadata: { ...metadata, ...scope, name: objectFile(made) } })
  }

  #place(resource: Resource, object: ClusterObject): Place {
    if (resource.kind !== 'Secret' || resource.group !== '') return 'state'
    return this.#isKey(object) && this.#parts.scanners.has('keys') ? 'keys' : 'out'
  }

  async #event(object: Manifest): Promise<ClusterObject> {
    const event = structuredClone(object) as ClusterObject
    await appendEvent(this.#parts.state, event)
    return event
  }

  async #write(entry: Entry): Promise<ClusterObject> {
    const { resource, place, object } = entry
    await this.#parts.placer.write(place, resource, object)
    return view(this.#put(entryId(resource, object), entry), false)
  }

  async #writeStatus(entry: Entry, object: ClusterObject): Promise<ClusterObject> {
    const { resource } = entry
    const { identities } = this.#parts
    const identity = await identities.read(resource, keyOf(object))
    const { uid = randomUUID(), creationTimestamp, generation = 1 } = object.metadata
    const kept = identity ?? { uid, created: creationTimestamp ?? timestamp(new Date()), generation, stamp: '' }
    await identities.write(resource, keyOf(object), { ...kept, status: object['status'] })
    return view(this.#put(entryId(resource, object), { ...entry, object }), false)
  }

  /** Puts an object under a new version, and tells the watches. */
  #put(id: string, entry: Entry): ClusterObject {
    const last = this.#entries.get(id)?.object
    let object = entry.object
    this.#log.push((version) => {
      object = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
      return { resource: entry.resource, object, ...(last && { last }) }
    })
    this.#entries.set(id, { ...entry, object })
    return object
  }

  async #remove(entry: Entry): Promise<void> {
    await this.#parts.placer.remove(entry.place, entry.resource, keyOf(entry.object))
    await this.#dropped(entryId(entry.resource, entry.object), entry)
  }

  async #dropped(id: string, entry: Entry): Promise<void> {
    await this.#parts.identities.delete(entry.resource, keyOf(entry.object))
    this.#entries.delete(id)
    this.#log.push(() => ({ resource: entry.resource, last: entry.object }))
  }

  async #collect(): Promise<void> {
    for (const orphan of orphans([...this.#entries.values()])) await this.#remove(orphan)
  }
}

function requireName(key: Key): void {
  if (key.name === '') throw new KubernetesError('BAD_REQUEST', 'resource name may not be empty')
}
