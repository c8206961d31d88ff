import { type DesiredSecret, type Manifest, secretManifest } from '@sealkit/core/manifest'
import {
  apiVersion,
  type Cluster,
  type ClusterObject,
  type Condition,
  isKubernetesError,
  type Key,
  keyText,
  resources,
  setCondition,
} from '@sealkit/kubernetes'
import { type SopsContext, SourceError, sopsSource } from 'sealkit'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'
import type { RecordEvent } from '../event.ts'
import { errorMessage, type Log } from '../log.ts'
import { type Reconcile, TerminalError } from '../reconcile.ts'
import { isControlledBy } from '../sealed-secret/target.ts'

/** What the reconciler of SOPS-encrypted Secrets works with. */
export interface SopsManifestContext {
  readonly cluster: Cluster
  /** The encrypted manifest as the informer saw it; null when it is gone. */
  readonly manifest: (key: Key) => ClusterObject | null
  readonly sops: SopsContext
  readonly recordEvent: RecordEvent
  readonly log: Log
  readonly now: () => Date
  /** Recorded as the writer of Secrets. */
  readonly fieldManager: string
}

/**
 * Brings the Secret of one SOPS-encrypted manifest to what it says; the MAC is verified each time. A manifest that goes
 * takes its Secret with it, as its owner.
 */
export function reconcileSopsManifest(context: SopsManifestContext): Reconcile {
  return async (key) => {
    const manifest = context.manifest(key)
    if (manifest === null) return {}
    try {
      await store(context, manifest, await decrypted(manifest, context.sops))
    } catch (error) {
      await record(context, manifest, error)
      if (isKubernetesError(error)) throw error
      throw new TerminalError(errorMessage(error), { cause: error })
    }
    await record(context, manifest, null)
    return {}
  }
}

async function decrypted(manifest: ClusterObject, sops: SopsContext): Promise<DesiredSecret> {
  const { text, index } = manifest['spec'] as { readonly text: string; readonly index: number }
  const format = /^\s*\{/.test(text) ? 'json' : 'yaml'
  const secret = await sopsSource.desired({ object: manifest, file: { text, format, index } }, sops)
  if (secret !== null) return secret
  throw new SourceError('INVALID_OBJECT', 'the encrypted document is no Secret')
}

async function store(context: SopsManifestContext, manifest: ClusterObject, secret: DesiredSecret): Promise<void> {
  const { cluster, fieldManager, log } = context
  const { name, namespace = '', uid = '' } = manifest.metadata
  const { kind } = resources.sopsManifest
  const owner = { apiVersion: apiVersion(resources.sopsManifest), kind, name, uid, controller: true }
  const wanted = secretManifest({ ...secret, name, namespace, ownerReferences: [owner] })
  const existing = await cluster.get(resources.secret, { namespace, name })
  if (existing === null) {
    await cluster.create(resources.secret, wanted, { fieldManager })
    log.info('Secret created', { key: keyText({ namespace, name }) })
    return
  }
  if (!isControlledBy(existing, manifest)) throw unmanaged(name)
  const updated = { ...existing, ...wanted, metadata: { ...existing.metadata, ...wanted.metadata, name } }
  if (equal(content(existing), content(updated))) return
  await cluster.update(resources.secret, updated, { fieldManager })
  log.info('Secret updated', { key: keyText({ namespace, name }) })
}

function unmanaged(name: string): ControllerError {
  return new ControllerError(
    'SECRET_UNMANAGED',
    `failed update: Resource "${name}" already exists and is not managed by the SOPS-encrypted manifest`,
    { hint: 'delete the Secret, or rename one of the two' },
  )
}

/** What an update may change. */
function content({ metadata = {}, data = {}, type = 'Opaque', immutable = false }: Manifest): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [] } = metadata
  return { labels, annotations, ownerReferences, data, type, immutable }
}

/** Says in the Ready condition and an event how a reconcile went, where that is news. */
async function record(context: SopsManifestContext, manifest: ClusterObject, error: unknown): Promise<void> {
  const status = (manifest['status'] ?? {}) as { readonly conditions?: readonly Condition[] }
  const { generation } = manifest.metadata
  const condition: Condition = {
    type: 'Ready',
    status: error === null ? 'True' : 'False',
    reason: error === null ? 'Decrypted' : 'DecryptionFailed',
    message: error === null ? 'secret decrypted' : errorMessage(error),
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  const conditions = setCondition(status.conditions, condition, context.now())
  if (conditions === status.conditions) return
  await context.cluster.updateStatus(resources.sopsManifest, { ...manifest, status: { ...status, conditions } })
  const { reason = '', message = '' } = condition
  context.recordEvent(manifest, { type: error === null ? 'Normal' : 'Warning', reason, message })
}
