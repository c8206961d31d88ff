import {
  type Cluster,
  type ClusterObject,
  type Condition,
  type Key,
  keyText,
  resources,
  setCondition,
} from '@sealkit/kubernetes'
import {
  type ClusterAccess,
  isTransient,
  LoginError,
  ResolverError,
  readStore,
  retryAfterOf,
  type Sessions,
  type Store,
  type StoreKind,
} from '@sealkit/resolver'
import { equal } from '../equal.ts'
import type { RecordEvent } from '../event.ts'
import type { AccessNeed } from '../external-secret/access.ts'
import { intervalOf } from '../interval.ts'
import { errorMessage } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import { isReady, observeReady } from '../readiness.ts'
import type { Reconcile } from '../reconcile.ts'
import { updateStatus } from '../status.ts'

/** What the reconciler of one kind of store works with. */
export interface SecretStoreContext {
  readonly kind: StoreKind
  readonly cluster: Cluster
  /** The store as the informer saw it; null when it is gone. */
  readonly store: (key: Key) => ClusterObject | null
  /** Objects of the cluster that are no older than a need. */
  readonly access: (need: AccessNeed) => ClusterAccess
  readonly sessions: Sessions
  readonly controllerClass: string
  /** Milliseconds between validations of a store that names no interval. */
  readonly requeueInterval: number
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  readonly recordEvent: RecordEvent
  readonly metrics: ExternalSecretMetrics
  readonly now: () => Date
}

/** What a validation says. */
interface Verdict {
  readonly ready: boolean
  readonly reason: 'Valid' | 'ValidationUnknown' | 'InvalidStoreConfiguration' | 'InvalidProviderConfig'
  readonly message: string
  /** The event's text where it says more than the condition's. */
  readonly event: string
  readonly error?: unknown
}

const ignoreMaintenance = 'external-secrets.io/ignore-maintenance-checks'

/** Validates one store by a real login, and says in its status whether it may be used. */
export function reconcileSecretStore(context: SecretStoreContext): Reconcile {
  /** Stores whose provider is away, and since when. */
  const away = new Map<string, number>()
  return async (key, signal) => {
    const object = context.store(key)
    if (object === null) {
      away.delete(keyText(key))
      await context.sessions.forget({ kind: context.kind, ...key })
      return {}
    }
    const spec = (object['spec'] ?? {}) as { readonly controller?: string; readonly refreshInterval?: unknown }
    if ((spec.controller ?? '') !== '' && spec.controller !== context.controllerClass) return {}
    const { verdict, store } = await validated(context, object, signal)
    signal.throwIfAborted()
    const asked = retryAfterOf(verdict.error)
    // A provider that has too much to do is there, and its store as good as it was.
    if (asked !== undefined && isReady(object)) return { requeueAfter: asked * (1 + 0.2 * Math.random()) }
    const changed = await writeStatus(context, object, verdict, store)
    const passing = isTransient(verdict.error)
    // A store that stays as it was is no news; one that fails is, at each validation, but for a provider that is away.
    if (changed || (!verdict.ready && !passing)) {
      const type = verdict.reason === 'Valid' ? 'Normal' : 'Warning'
      context.recordEvent(object, { type, reason: verdict.reason, message: verdict.event })
    }
    if (changed && verdict.reason === 'Valid' && store !== null) warnUnmaintained(context, object, store)
    if (passing) {
      const wait = nextTry(away, keyText(key))
      return { requeueAfter: Math.max(wait, asked ?? 0) }
    }
    away.delete(keyText(key))
    if (verdict.error !== undefined) throw verdict.error
    return { requeueAfter: interval(context, spec.refreshInterval) }
  }
}

/**
 * Whatever uses a store waits for it, so a provider that is away is tried again soon: after a fortieth of the time that
 * it has been away, between 1 and 30 s.
 */
function nextTry(away: Map<string, number>, id: string): number {
  const now = performance.now()
  const since = away.get(id) ?? now
  away.set(id, since)
  return Math.min(30_000, Math.max(1_000, (now - since) / 40)) * (0.8 + 0.4 * Math.random())
}

async function validated(
  { access, sessions }: SecretStoreContext,
  object: ClusterObject,
  signal: AbortSignal,
): Promise<{ readonly verdict: Verdict; readonly store: Store | null }> {
  let store: Store | null = null
  try {
    store = readStore(object)
    const session = await sessions.open(store, store.namespace, access({ since: sessions.moment() }), { fresh: true })
    try {
      const result = await session.provider.validate(signal)
      // Credentials of a ClusterSecretStore that are in the caller's namespace cannot be tried here, which is no fault.
      const unknown = result === 'unknown' && store.kind === 'SecretStore'
      return { verdict: unknown ? undetermined : valid, store }
    } finally {
      session.release()
    }
  } catch (error) {
    return { verdict: invalid(error), store }
  }
}

const valid: Verdict = { ready: true, reason: 'Valid', message: 'store validated', event: 'store validated' }
const undetermined: Verdict = {
  ready: true,
  reason: 'ValidationUnknown',
  message: 'could not determine validation status',
  event: 'unable to validate',
}

function invalid(error: unknown): Verdict {
  const event = errorMessage(error)
  const code = error instanceof ResolverError ? error.code : ''
  if (code === 'INVALID_STORE') {
    const message = `unable to validate store: ${event}`
    return { ready: false, reason: 'InvalidStoreConfiguration', message, event, error }
  }
  const early = code === 'CREDENTIAL_MISSING' || error instanceof LoginError
  const text = early ? 'unable to create client' : 'unable to validate store'
  return { ready: false, reason: 'InvalidProviderConfig', message: `${text}: ${event}`, event, error }
}

/** True when the Ready condition says something else than before. */
async function writeStatus(
  context: SecretStoreContext,
  object: ClusterObject,
  verdict: Verdict,
  store: Store | null,
): Promise<boolean> {
  const resource = context.kind === 'SecretStore' ? resources.secretStore : resources.clusterSecretStore
  const { ready, reason, message } = verdict
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason, message } as const
  let changed = false
  const written = await updateStatus({
    cluster: context.cluster,
    resource,
    object,
    next(current) {
      const before: StoreStatus = (current['status'] ?? {}) as StoreStatus
      const conditions = setCondition(before.conditions, condition, context.now())
      const capabilities =
        reason === 'Valid' && store !== null ? context.sessions.row(store).capabilities : before.capabilities
      const status = { ...before, conditions, ...(capabilities === undefined ? {} : { capabilities }) }
      changed = !equal(before.conditions, conditions)
      return equal(before, status) ? null : status
    },
  })
  if (written === null) return false
  const { metrics } = context
  observeReady(context.kind === 'SecretStore' ? metrics.storeCondition : metrics.clusterStoreCondition, object, ready)
  return changed
}

interface StoreStatus {
  readonly conditions?: readonly Condition[]
  readonly capabilities?: string
}

function warnUnmaintained({ sessions, recordEvent }: SecretStoreContext, object: ClusterObject, store: Store): void {
  if (sessions.row(store).unmaintained !== true || store.annotations[ignoreMaintenance] === 'true') return
  recordEvent(object, {
    type: 'Warning',
    reason: 'StoreUnmaintained',
    message: "store isn't currently maintained. Please plan and prepare accordingly.",
  })
}

/** Seconds as a number, or a Go duration; 0, absent and unreadable mean the controller's own. */
function interval({ requeueInterval, duration }: SecretStoreContext, written: unknown): number {
  if (typeof written === 'number') return written > 0 ? written * 1000 : requeueInterval
  const text = typeof written === 'string' && written !== '' ? written : null
  const seconds = text !== null && /^\d+$/.test(text) ? `${text}s` : text
  return intervalOf(seconds, { duration, otherwise: requeueInterval })
}
