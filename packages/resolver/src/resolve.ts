import type { DesiredSecret } from '@sealkit/core/manifest'
import type { ClusterAccess } from './cluster.ts'
import type { ExternalSecret } from './externalsecret.ts'
import type { Sessions } from './session.ts'
import type { Render } from './template.ts'

/** What an ExternalSecret is resolved with. */
export interface ResolveContext {
  readonly cluster: ClusterAccess
  /** Opened stores, shared by as many resolutions as live together. */
  readonly sessions: Sessions
  /** Absent = a manifest with templates fails with `TEMPLATE_FAILED`; texts are never passed through. */
  readonly render?: Render
  /** Refuses stores whose Ready condition is not True, as External Secrets' flood gate does. */
  readonly requireReady?: boolean
  /** The class that stores must have; empty class = any. Absent = not checked. */
  readonly controllerClass?: string
  readonly signal?: AbortSignal
}

/** An entry whose secret is not at the provider, and that `deletionPolicy` lets us pass over. */
export interface MissingEntry {
  /** `spec.dataFrom[0]` or `spec.data[2]`. */
  readonly field: string
  /** Empty for a find or a generator. */
  readonly key: string
  /** The text of External Secrets' event `MissingProviderSecret`. */
  readonly message: string
}

/** What the provider holds for an ExternalSecret now. */
export interface ProviderData {
  readonly data: ReadonlyMap<string, Uint8Array>
  readonly missing: readonly MissingEntry[]
}

/** What should happen to the target. */
export interface Resolution extends ProviderData {
  readonly externalSecret: ExternalSecret
  /** `delete` and `retain` only when the provider gave nothing (`deletionPolicy` Delete and Retain). */
  readonly action: 'apply' | 'delete' | 'retain'
  /** The Secret that should exist; null unless the action is `apply`. Ownership labels and hashes are the controller's. */
  readonly secret: DesiredSecret | null
}
