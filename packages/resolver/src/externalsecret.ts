import type { Location } from './provider.ts'
import type { StoreKind } from './store.ts'

/** An ExternalSecret with the CRD's defaults applied, so that a rendered manifest means what it means in a cluster. */
export interface ExternalSecret {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly refreshPolicy: 'Periodic' | 'OnChange' | 'CreatedOnce'
  /** A Go duration, as written. */
  readonly refreshInterval: string
  /** Null = refreshed at any time. */
  readonly syncWindows: SyncWindowsSpec | null
  readonly target: Target
  readonly dataFrom: readonly DataFrom[]
  readonly data: readonly DataEntry[]
}

/** `spec.syncWindows`: times in which refreshing is allowed, or is not. */
export interface SyncWindowsSpec {
  readonly kind: 'allow' | 'deny'
  /** As written: a cron schedule, and a Go duration. */
  readonly windows: readonly { readonly schedule: string; readonly duration: string }[]
}

/** `spec.target`: what is written and what happens to it. */
export interface Target {
  readonly name: string
  readonly creationPolicy: 'Owner' | 'Orphan' | 'Merge' | 'None' | 'CreateOrMerge'
  readonly deletionPolicy: 'Retain' | 'Delete' | 'Merge'
  readonly immutable: boolean
  /** Null = the Secret copies the ExternalSecret's labels and annotations. */
  readonly template: TargetTemplate | null
  /** Another kind than Secret; null = a Secret. */
  readonly manifest: { readonly apiVersion: string; readonly kind: string } | null
}

/** `spec.target.template`. */
export interface TargetTemplate {
  readonly type: string
  readonly engineVersion: string
  readonly mergePolicy: 'Replace' | 'Merge'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly finalizers: readonly string[]
  /** Null = `template.data` is absent. */
  readonly data: Readonly<Record<string, string>> | null
  readonly templateFrom: readonly TemplateFrom[]
}

/** One source of templates of `templateFrom`. */
export interface TemplateFrom {
  readonly source: TemplateObject | { readonly literal: string }
  /** As written: `Data`, `Annotations`, `Labels` in any case. */
  readonly target: string
  readonly valuesDecodingStrategy: DecodingStrategy
}

/** A ConfigMap or Secret of templates. */
export interface TemplateObject {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly items: readonly { readonly key: string; readonly templateAs: 'Values' | 'KeysAndValues' }[]
}

/** The store of an entry, with the kind that it has by default. */
export interface StoreRef {
  readonly kind: StoreKind
  readonly name: string
}

/** How fetched bytes are decoded; `None` is the default. */
export type DecodingStrategy = 'None' | 'Base64' | 'Base64URL' | 'Auto'
/** How the keys of extract and find become keys of a Secret; empty is `Default`, as it was written by nobody. */
export type ConversionStrategy = '' | 'Default' | 'Unicode'
/** What a 0x00 byte in a value does; `Ignore` is the default. */
export type NullBytePolicy = 'Ignore' | 'Fail'

/** A `remoteRef` or `extract`. */
export interface RemoteRef extends Location {
  readonly property: string
  readonly conversionStrategy: ConversionStrategy
  readonly decodingStrategy: DecodingStrategy
  readonly nullBytePolicy: NullBytePolicy
}

/** What a provider searches for. */
export interface FindQuery {
  /** Null = no path was given, which is not the same as an empty one. */
  readonly path: string | null
  /** RE2; null = by tags only. */
  readonly name: string | null
  readonly tags: Readonly<Record<string, string>> | null
  readonly conversionStrategy: ConversionStrategy
}

/** `dataFrom[].find`. */
export interface Find extends FindQuery {
  readonly decodingStrategy: DecodingStrategy
  readonly nullBytePolicy: NullBytePolicy
}

/** One entry of `spec.data`. */
export interface DataEntry {
  readonly secretKey: string
  readonly remoteRef: RemoteRef
  readonly store: StoreRef
  /** What the entry is when the provider has no such secret or property; absent = it is missing. */
  readonly otherwise?: Otherwise
}

/**
 * What stands in for a secret or property that the provider does not have. A Sealkit extension: `optional` leaves the
 * entry out, `default` gives it this text.
 */
export type Otherwise = 'optional' | { readonly default: string }

/** The generator that an entry of `dataFrom` names. */
export interface GeneratorRef {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
}

/** One entry of `spec.dataFrom`. */
export type DataFrom = DataFromSource & {
  readonly rewrite: readonly Rewrite[]
  readonly otherwise?: 'optional'
}

/** Where an entry of `spec.dataFrom` gets its map from. */
export type DataFromSource =
  | { readonly use: 'extract'; readonly extract: RemoteRef; readonly store: StoreRef }
  | { readonly use: 'find'; readonly find: Find; readonly store: StoreRef }
  | { readonly use: 'generator'; readonly generator: GeneratorRef }

/** One rule of `rewrite`, applied in order. */
export type Rewrite =
  | { readonly use: 'regexp'; readonly source: string; readonly target: string }
  | { readonly use: 'transform'; readonly template: string }
  | RewriteMerge

/** `rewrite[].merge`: the JSON objects in the values become one map. */
export interface RewriteMerge {
  readonly use: 'merge'
  readonly into: string
  readonly priority: readonly string[]
  readonly priorityPolicy: 'Strict' | 'IgnoreNotFound'
  readonly conflictPolicy: 'Error' | 'Ignore'
  readonly strategy: 'Extract' | 'JSON'
}
