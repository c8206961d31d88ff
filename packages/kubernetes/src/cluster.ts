import type { Manifest } from '@sealkit/core/manifest'

/** A kind as the API addresses it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** Older versions of the same form, which a cluster converts by their name alone. */
  readonly older?: readonly string[]
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Namespace and name of an object; the namespace of a cluster-scoped one is empty. */
export interface Key {
  readonly namespace: string
  readonly name: string
}

/** What an object is once it came from a cluster. */
export interface ClusterObject extends Manifest {
  metadata: NonNullable<Manifest['metadata']> & { name: string }
}

/** Which objects a list or watch is about. */
export interface ListOptions {
  /** Absent or empty = every namespace. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Only `metadata` is asked for (PartialObjectMetadata), so that no data enters this process. */
  readonly metadataOnly?: boolean
  /**
   * Makes each object smaller as soon as it is read, so that never more than a page of whole ones is in memory; gives the
   * object to use, and may change the one that it is given. Name, namespace, uid and resourceVersion must stay.
   */
  readonly transform?: (object: ClusterObject) => ClusterObject
  readonly signal?: AbortSignal
}

/** A whole list, and the version from which a watch goes on. */
export interface ListResult {
  readonly items: ClusterObject[]
  readonly resourceVersion: string
}

/** One change, or a bookmark: nothing changed up to that version. */
export type WatchEvent =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: ClusterObject }
  | { readonly type: 'bookmark'; readonly resourceVersion: string }

/** A watch from one version on. */
export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string
  readonly signal: AbortSignal
}

/** Who writes. */
export interface WriteOptions {
  /** Recorded in managedFields. */
  readonly fieldManager?: string
}

/** A merge patch, a JSON patch or a server-side apply. */
export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  | { readonly type: 'apply'; readonly body: ClusterObject; readonly force?: boolean }

/** What must still hold for a delete to happen. */
export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/**
 * The one way to a cluster, real or a directory.
 *
 * "Not there" is `null` from `get` and never an error elsewhere than in a write. Every other refusal throws a
 * `KubernetesError` whose code says which (`CONFLICT`, `ALREADY_EXISTS`, `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `GONE`,
 * `TOO_MANY_REQUESTS`, `UNAVAILABLE`, ...). Message texts are the API's `status.message`, never a body or a header.
 */
export interface Cluster {
  get(resource: Resource, key: Key, options?: { readonly metadataOnly?: boolean }): Promise<ClusterObject | null>
  list(resource: Resource, options?: ListOptions): Promise<ListResult>
  /** Ends when the server closes the stream; throws `GONE` when the resourceVersion is too old. */
  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent>
  create(resource: Resource, object: Manifest, options?: WriteOptions): Promise<ClusterObject>
  /** Optimistic: `metadata.resourceVersion` must be current, else `CONFLICT`. */
  update(resource: Resource, object: ClusterObject, options?: WriteOptions): Promise<ClusterObject>
  /** As `update`, of `status` alone: whatever else the object says or does not say stays as it is in the cluster. */
  updateStatus(resource: Resource, object: ClusterObject, options?: WriteOptions): Promise<ClusterObject>
  patch(resource: Resource, key: Key, patch: Patch, options?: WriteOptions): Promise<ClusterObject>
  delete(resource: Resource, key: Key, options?: DeleteOptions): Promise<void>
}
