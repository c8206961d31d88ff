import type { DataMap } from '@sealkit/template'
import type { Credentials } from './credentials.ts'
import type { FindQuery } from './externalsecret.ts'
import type { Scope } from './policy.ts'
import type { Store } from './store.ts'

/** Which remote secret: the part of a `remoteRef` that the provider's API is asked for. */
export interface Location {
  readonly key: string
  /** Empty = the provider's newest. */
  readonly version: string
  /** `Fetch` reads the secret's metadata or tags instead of its value. */
  readonly metadataPolicy: 'None' | 'Fetch'
  /** Set only for providers whose row in the table says `readsProperty`. */
  readonly property?: string
}

/**
 * One secret as it was read: whole, so that any number of entries take their parts of it without another call.
 *
 * Both functions are pure. `null` says that External Secrets' provider answers "Secret does not exist" (which
 * `deletionPolicy` acts on) in this place.
 */
export interface RemoteSecret {
  /**
   * The bytes of `data[]`: the property, or the whole value where it is empty.
   *
   * @throws {ResolverError} `PROPERTY_NOT_FOUND`, `VALUE_INVALID`
   */
  value(property: string): Uint8Array | null
  /** The entries of `dataFrom[].extract`. @throws {ResolverError} `PROPERTY_NOT_FOUND`, `VALUE_INVALID` */
  entries(property: string): ReadonlyMap<string, Uint8Array> | null
}

/** What a push writes where. */
export interface PushRequest {
  readonly key: string
  /** Empty = the whole secret. */
  readonly property: string
  /** The key of the source whose value is pushed; empty = the whole source. */
  readonly secretKey: string
  /** The bytes of one key, or all the Secret's data as one JSON object when no key was named. */
  readonly value: Uint8Array
  /** Where the value is from, for providers that keep more of a Secret than its values. */
  readonly source: PushedSecret
  /** The provider's own `spec.data[].metadata`, unread. */
  readonly metadata: unknown
}

/** A Secret on its way to a store. */
export interface PushedSecret {
  /** Empty = Opaque. */
  readonly type: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly data: ReadonlyMap<string, Uint8Array>
}

/** What is deleted or asked about: a whole secret, or one property of it. */
export interface PushTarget {
  readonly key: string
  readonly property: string
  /** The provider's own `spec.data[].metadata`, unread. */
  readonly metadata?: unknown
}

/**
 * One opened store of a backend.
 *
 * - **"Not there" is a value**: `get` gives `null`, `exists` gives `false`, `delete` of nothing succeeds. `find` gives
 *   an empty map when nothing matches and `null` only where External Secrets' provider says "Secret does not exist".
 * - **A throw is a `ResolverError`**: `PROVIDER_UNAVAILABLE` when trying again may help (no connection, timeout, 429,
 *   5xx, throttling), `ACCESS_DENIED` for refused credentials, `PROVIDER_FAILED` for the rest. Its message never holds
 *   a body, a header, a value or a token.
 * - **No state but the session**: a token is reused for its lifetime and dropped with the object; values are never
 *   kept.
 * - **Calls may overlap** and end early, with the signal's reason, when the signal is aborted.
 * - Keys are hostile: a provider that builds an URL encodes every segment and refuses `..`, `.` and empty ones.
 */
export interface Provider {
  get(location: Location, signal: AbortSignal): Promise<RemoteSecret | null>
  /**
   * Several at once, where the backend has a call for that; the engine gives distinct locations and takes results in
   * the same order. A location that failed alone is an error in its place: nothing is left out silently.
   */
  getMany?(locations: readonly Location[], signal: AbortSignal): Promise<readonly (RemoteSecret | null | Error)[]>
  /** Secrets by name and tags, values whole. Names are the backend's own; the engine converts them. */
  find(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array> | null>
  push(request: PushRequest, signal: AbortSignal): Promise<void>
  delete(target: PushTarget, signal: AbortSignal): Promise<void>
  exists(target: PushTarget, signal: AbortSignal): Promise<boolean>
  /** `ready` after a real login; `unknown` when only a caller's namespace can tell. Throws as the other calls do. */
  validate(signal: AbortSignal): Promise<'ready' | 'unknown'>
  /** Ends the session (revokes a token that we made); called once, when the session is dropped. */
  close?(): Promise<void>
}

/** What the caller lends to providers; nothing in the package reads the process. */
export interface Environment {
  /** Milliseconds since 1970; for the lifetime of tokens. */
  now(): number
  /** Overrides of a service's address (`secretsmanager`, `ssm`, `sts`), for emulators and private endpoints. */
  readonly endpoints?: Readonly<Record<string, string>>
  /**
   * Variables that a provider may take credentials from when its store names none. Absent = ambient credentials are not
   * allowed, which is the rule for manifests that somebody else wrote.
   */
  readonly ambient?: Readonly<Record<string, string | undefined>>
  /**
   * Renders a text of a store (the address, headers and body of a webhook) with External Secrets' functions. Absent = in
   * the caller's thread, without the functions that take seconds: where namespace users write stores, give a renderer
   * with a deadline.
   *
   * @throws what `@sealkit/template` throws, as a rejected promise
   */
  renderText?(text: string, data: DataMap): Promise<Uint8Array>
  /** Reads a file that an ambient variable names (a projected token). Absent = such variables are of no use. */
  readFile?(path: string): Promise<string>
}

/** Whether a policy allows an URL: to send a request to it, to have it as a server's address, or anything at its host. */
export type Reaches = (url: URL, as?: 'request' | 'server' | 'host') => boolean

/** What a provider is opened with. */
export interface OpenOptions {
  readonly store: Store
  /** The namespace of the ExternalSecret: where referent credentials of a ClusterSecretStore are looked up. */
  readonly namespace: string
  /** The only way to the store's credentials; it remembers what it read, so that a changed one ends the session. */
  readonly credentials: Credentials
  readonly environment: Environment
  /** What it is opened for; `store` unless given. */
  readonly use?: 'store' | 'generator'
  /**
   * Whether a policy lets the store send a request to an URL; absent = to every one. What the spec names was checked
   * before; a provider asks about every URL, as some it learns only later (from a redirect, a kubeconfig, a template).
   * About the address of a `server` it asks by that word: its path belongs to it.
   */
  readonly reaches?: Reaches
}

/** A module of `providers/`: everything about one backend. */
export interface ProviderModule {
  /**
   * Checks `store.provider.spec` and gives a provider that has not called anything yet.
   *
   * @throws {ResolverError} `INVALID_STORE`
   */
  open(options: OpenOptions): Provider
}

/** A row of the table of providers. */
export interface ProviderRow {
  /** What the store's status says. */
  readonly capabilities: 'ReadOnly' | 'WriteOnly' | 'ReadWrite'
  /** The backend's answer depends on the property (a webhook's URL may hold it), so it is part of the location. */
  readonly readsProperty?: boolean
  /**
   * Whether what a ClusterSecretStore does depends on the namespace that uses it: its credentials are looked up there,
   * or it is told. Such a store has a session for each namespace. Absent = it depends.
   */
  isReferent?(store: Store): boolean
  /**
   * The hosts that a store's spec names, `host` or `host:port`, with the path of its server where it has one, for a
   * policy; absent = the provider has none.
   */
  hosts?(spec: Readonly<Record<string, unknown>>): readonly string[]
  /** What the spec says beside them that a policy may bound; absent = nothing. */
  scope?(spec: Readonly<Record<string, unknown>>): Scope
  /** Calls of one store at once that the backend takes without complaint; 8 unless given. */
  readonly concurrency?: number
  /** Whether External Secrets marks it unmaintained (event `StoreUnmaintained`). */
  readonly unmaintained?: boolean
  load(): Promise<ProviderModule>
}
