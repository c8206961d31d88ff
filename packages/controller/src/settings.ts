import type { KeyOrder } from '@sealkit/core/sealed'
import type { Namespaces } from './informers.ts'
import type { NoticeAddress } from './notices/server.ts'
import type { MacPolicy } from './sops-secret/decrypt.ts'

/** The kinds that a controller may be asked to take care of. */
export const kinds = ['sealed-secrets', 'external-secrets', 'sops-secrets'] as const

/** One of {@link kinds}. */
export type Kind = (typeof kinds)[number]

/** How SealedSecrets are taken care of; durations in milliseconds. */
export interface SealedSecretSettings {
  readonly keyPrefix: string
  readonly keySize: number
  readonly keyTtl: number
  readonly commonName: string
  readonly keyRenewPeriod: number
  readonly keyOrder: KeyOrder
  readonly keyCutoff: Date | null
  readonly keyLabels: Readonly<Record<string, string>>
  readonly keyAnnotations: Readonly<Record<string, string>>
  readonly watchKeys: boolean
  readonly acceptV1Data: boolean
  readonly namespaces: Namespaces
  readonly labelSelector: string
  readonly rateLimit: number
  readonly rateLimitBurst: number
  readonly oldGcBehavior: boolean
  readonly updateStatus: boolean
  /** Report the condition of each SealedSecret as a metric. */
  readonly conditionMetric: boolean
  readonly watchSecrets: boolean
  readonly workers: number
  /** Tries after the first of what may succeed by itself; null = as long as it fails, ever more slowly. */
  readonly maxRetries: number | null
  readonly address: string
  readonly readTimeout: number
  readonly writeTimeout: number
}

/** How ExternalSecrets and their stores are taken care of; durations in milliseconds. */
export interface ExternalSecretSettings {
  readonly namespaces: Namespaces
  readonly controllerClass: string
  readonly workers: number
  readonly storeRequeueInterval: number
  readonly floodGate: boolean
  readonly clusterStores: boolean
  readonly clusterExternalSecrets: boolean
  readonly pushSecrets: boolean
  /** Where reports of changes are taken; null = nowhere. */
  readonly notices: NoticeAddress | null
  /** Other kinds than Secret that may be written, empty = any but those that give rights; null = Secrets only. */
  readonly genericTargets: readonly string[] | null
  readonly leftDelimiter: string
  readonly rightDelimiter: string
  /** Where liveness and readiness are asked for; empty = nowhere. */
  readonly healthAddress: string
}

/** How SopsSecrets are taken care of. */
export interface SopsSecretSettings {
  readonly namespaces: Namespaces
  readonly workers: number
  /** File of the operator's rules of keys; empty = each namespace has its own labelled Secrets. */
  readonly rulesFile: string
  readonly mac: MacPolicy
  /** Take over Secrets that are there already, where the object does not say. */
  readonly enforceOwnership: boolean
  /** Where liveness and readiness are asked for; empty = nowhere. */
  readonly healthAddress: string
}

/** What every kind shares. */
export interface Settings {
  readonly version: string
  /** The controller's own namespace: sealing keys and leases are there. */
  readonly namespace: string
  readonly sealedSecrets: SealedSecretSettings | null
  readonly externalSecrets: ExternalSecretSettings | null
  readonly sopsSecrets: SopsSecretSettings | null
  readonly metricsAddress: string
  /** Stand for election with other replicas. */
  readonly leaderElection: boolean
  /** Unlike every other replica's. */
  readonly identity: string
  /** Run even where upstream's controller of the same kind runs. */
  readonly takeover: boolean
}
