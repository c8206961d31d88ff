import {
  apiVersion,
  type Cluster,
  type ClusterObject,
  isKubernetesError,
  type Key,
  keyOf,
  resources,
} from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'
import { addFinalizer, removeFinalizer } from '../finalizers.ts'
import { intervalOf } from '../interval.ts'
import { errorFields, errorMessage, type Log } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import { observeReady } from '../readiness.ts'
import type { Reconcile } from '../reconcile.ts'
import {
  type ClusterExternalSecret,
  type ClusterExternalSecretStatus,
  chooses,
  type NamespaceFailure,
  readClusterExternalSecret,
  selectorProblem,
  statusOf,
} from './spec.ts'

/** What the reconciler of ClusterExternalSecrets works with. */
export interface ClusterExternalSecretContext {
  readonly cluster: Cluster
  /** The ClusterExternalSecret as the informer saw it; null when it is gone. */
  readonly clusterExternalSecret: (key: Key) => ClusterObject | null
  /** Metadata of every namespace. */
  readonly namespaces: () => Iterable<ClusterObject>
  /** Milliseconds between looks at one that names no `refreshTime`. */
  readonly requeueInterval: number
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  readonly metrics: ExternalSecretMetrics
  readonly log: Log
}

const finalizer = 'externalsecrets.external-secrets.io/clusterexternalsecret-cleanup'
/** External Secrets marks namespaces so, and leaves the mark on those that are chosen no more: they never end. */
const namespaceFinalizer = (name: string): string => `externalsecrets.external-secrets.io/ces-${name}`

/**
 * Keeps one ExternalSecret in each namespace that a ClusterExternalSecret chooses, and in no other.
 *
 * Differs from External Secrets on purpose: namespaces carry no finalizer, and those that it left are taken off.
 */
export function reconcileClusterExternalSecret(context: ClusterExternalSecretContext): Reconcile {
  return async (key, signal) => {
    const started = performance.now()
    const seen = context.clusterExternalSecret(key)
    if (seen === null) return {}
    await freeNamespaces(context, seen.metadata.name)
    const finalized = { cluster: context.cluster, resource: resources.clusterExternalSecret, object: seen }
    if (seen.metadata.deletionTimestamp !== undefined) {
      await removeChildren(context, seen)
      await removeFinalizer(finalized, finalizer)
      return {}
    }
    const object = await addFinalizer(finalized, finalizer)
    const wanted = readClusterExternalSecret(object)
    const failed = await provision(context, object, wanted, signal)
    await writeStatus(context, object, nextStatus(context, object, wanted, failed))
    const { name } = object.metadata
    context.metrics.clusterReconcileDuration.set(
      { name, namespace: '' },
      Math.round((performance.now() - started) * 1e6),
    )
    const again = failed.find(({ error }) => !isOwnedElsewhere(error))
    if (again !== undefined) throw again.error
    const { duration, requeueInterval } = context
    return { requeueAfter: intervalOf(wanted.refreshTime, { duration, otherwise: requeueInterval }) }
  }
}

/** A failure in one namespace: what the status says of it, and the error itself. */
interface Failed extends NamespaceFailure {
  readonly error: unknown
  /** An ExternalSecret that should be gone is still there. */
  readonly removing: boolean
}

/** Trying again soon changes nothing: the next regular look sees whether that ExternalSecret is gone. */
function isOwnedElsewhere(error: unknown): boolean {
  return error instanceof ControllerError && error.code === 'EXTERNAL_SECRET_OWNED'
}

/** Makes, changes and deletes ExternalSecrets; the namespaces where that failed, with the reason. */
async function provision(
  context: ClusterExternalSecretContext,
  object: ClusterObject,
  wanted: ClusterExternalSecret,
  signal: AbortSignal,
): Promise<Failed[]> {
  const { provisionedNamespaces = [], externalSecretName = wanted.childName } = statusOf(object)
  const problem = selectorProblem(wanted.selectors)
  if (problem !== null) {
    // External Secrets has no name for the namespaces that nobody can choose.
    const error = new ControllerError('RECONCILE_FAILED', problem, { hint: 'correct the operator of the selector' })
    return [{ namespace: 'unknown', reason: problem, error, removing: true }]
  }
  const chosen = chosenNamespaces(context, wanted)
  const failures: Failed[] = []
  const attempt = async (namespace: string, removing: boolean, work: () => Promise<void>): Promise<void> => {
    signal.throwIfAborted()
    try {
      await work()
    } catch (error) {
      failures.push({ namespace, reason: errorMessage(error), error, removing })
      context.log.warn('Error in a namespace of a ClusterExternalSecret', {
        clusterExternalSecret: object.metadata.name,
        namespace,
        ...errorFields(error),
      })
    }
  }
  const gone = provisionedNamespaces.filter((name) => externalSecretName !== wanted.childName || !chosen.includes(name))
  for (const namespace of gone) {
    await attempt(namespace, true, () => removeChild(context, object, { namespace, name: externalSecretName }))
  }
  for (const namespace of chosen) await attempt(namespace, false, () => applyChild(context, object, wanted, namespace))
  return failures
}

function chosenNamespaces(context: ClusterExternalSecretContext, wanted: ClusterExternalSecret): string[] {
  return [...context.namespaces()]
    .filter((namespace) => chooses(wanted, namespace))
    .map(({ metadata }) => metadata.name)
    .sort()
}

/** The child's own controller writes to it too, so a conflict is looked at again at once. */
async function applyChild(
  context: ClusterExternalSecretContext,
  owner: ClusterObject,
  wanted: ClusterExternalSecret,
  namespace: string,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await applyOnce(context, owner, wanted, namespace)
    } catch (error) {
      if (tries >= 5 || !isKubernetesError(error, 'CONFLICT', 'ALREADY_EXISTS')) throw error
    }
  }
}

async function applyOnce(
  { cluster }: ClusterExternalSecretContext,
  owner: ClusterObject,
  wanted: ClusterExternalSecret,
  namespace: string,
): Promise<void> {
  const key = { namespace, name: wanted.childName }
  const current = await cluster.get(resources.externalSecret, key)
  const spec = wanted.childSpec
  if (current === null) {
    const metadata = { ...childMetadata(key, wanted), ownerReferences: [ownerReference(owner)] }
    await cluster.create(resources.externalSecret, { ...kindOf, metadata, spec })
    return
  }
  if (!isOwned(current, owner)) {
    throw new ControllerError('EXTERNAL_SECRET_OWNED', 'external secret already exists in namespace')
  }
  const metadata = childMetadata(current.metadata, wanted)
  if (equal(metadata, current.metadata) && equal(spec, current['spec'])) return
  await cluster.update(resources.externalSecret, { ...current, metadata, spec })
}

const kindOf = { apiVersion: apiVersion(resources.externalSecret), kind: resources.externalSecret.kind }

/** Labels and annotations are the ClusterExternalSecret's alone, as with External Secrets. */
function childMetadata(
  { labels: _, annotations: __, ...metadata }: ClusterObject['metadata'],
  { childLabels, childAnnotations }: ClusterExternalSecret,
): ClusterObject['metadata'] {
  return {
    ...metadata,
    ...(childLabels === undefined ? {} : { labels: { ...childLabels } }),
    ...(childAnnotations === undefined ? {} : { annotations: { ...childAnnotations } }),
  }
}

function ownerReference({ metadata: { name, uid = '' } }: ClusterObject) {
  const { kind } = resources.clusterExternalSecret
  const reference = { apiVersion: apiVersion(resources.clusterExternalSecret), kind, name, uid }
  return { ...reference, controller: true, blockOwnerDeletion: true }
}

function isOwned({ metadata: { ownerReferences = [] } }: ClusterObject, { metadata }: ClusterObject): boolean {
  const owner = ownerReferences.find(({ controller }) => controller === true)
  return owner?.kind === resources.clusterExternalSecret.kind && owner.name === metadata.name
}

/** The end of a ClusterExternalSecret: what it made goes with it, and not only when the garbage is collected. */
async function removeChildren(context: ClusterExternalSecretContext, owner: ClusterObject): Promise<void> {
  const { provisionedNamespaces = [], externalSecretName: name = owner.metadata.name } = statusOf(owner)
  for (const namespace of provisionedNamespaces) await removeChild(context, owner, { namespace, name })
}

async function removeChild({ cluster }: ClusterExternalSecretContext, owner: ClusterObject, key: Key): Promise<void> {
  const current = await cluster.get(resources.externalSecret, key)
  if (current === null || !isOwned(current, owner)) return
  const { uid } = current.metadata
  try {
    await cluster.delete(resources.externalSecret, key, uid === undefined ? {} : { preconditions: { uid } })
  } catch (error) {
    if (!isKubernetesError(error, 'NOT_FOUND')) throw error
  }
}

function nextStatus(
  context: ClusterExternalSecretContext,
  object: ClusterObject,
  wanted: ClusterExternalSecret,
  failures: readonly Failed[],
): ClusterExternalSecretStatus {
  const failed = new Set(failures.map(({ namespace }) => namespace))
  const ready = failed.size === 0
  observeReady(context.metrics.clusterCondition, object, ready)
  const before = statusOf(object)
  const stuck = failures.some(({ removing }) => removing)
  const provisioned = stuck
    ? (before.provisionedNamespaces ?? [])
    : chosenNamespaces(context, wanted).filter((namespace) => !failed.has(namespace))
  return {
    conditions: [
      {
        type: 'Ready',
        status: ready ? 'True' : 'False',
        ...(ready ? {} : { message: 'one or more namespaces failed' }),
      },
    ],
    // What could not be deleted stays known by its name and place, so that it is tried again.
    externalSecretName: stuck ? (before.externalSecretName ?? wanted.childName) : wanted.childName,
    ...(ready ? {} : { failedNamespaces: reported(failures) }),
    // An empty list is left out, as Go leaves it out.
    ...(provisioned.length === 0 ? {} : { provisionedNamespaces: provisioned }),
  }
}

function reported(failures: readonly Failed[]): NamespaceFailure[] {
  const plain = failures.map(({ namespace, reason }) => ({ namespace, reason }))
  return plain.sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
}

async function writeStatus(
  { cluster }: ClusterExternalSecretContext,
  object: ClusterObject,
  status: ClusterExternalSecretStatus,
): Promise<void> {
  if (equal(object['status'], status)) return
  await cluster.updateStatus(resources.clusterExternalSecret, { ...object, status })
}

/** Takes off what External Secrets left on namespaces: nothing else ever does, and they could not be deleted. */
async function freeNamespaces(context: ClusterExternalSecretContext, name: string): Promise<void> {
  const left = namespaceFinalizer(name)
  for (const namespace of context.namespaces()) {
    const { finalizers = [], resourceVersion } = namespace.metadata
    if (!finalizers.includes(left)) continue
    const metadata = { resourceVersion, finalizers: finalizers.filter((each) => each !== left) }
    try {
      await context.cluster.patch(resources.namespace, keyOf(namespace), { type: 'merge', body: { metadata } })
    } catch (error) {
      if (isKubernetesError(error, 'FORBIDDEN')) {
        context.log.warn('a finalizer of External Secrets stays on a namespace', { namespace: namespace.metadata.name })
      } else if (!isKubernetesError(error, 'NOT_FOUND')) throw error
    }
  }
}
