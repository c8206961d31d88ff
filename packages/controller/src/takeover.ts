import { type Cluster, isKubernetesError, resources } from '@sealkit/kubernetes'
import { ControllerError } from './error.ts'
import { errorFields, type Log } from './log.ts'
import type { Kind, Settings } from './settings.ts'

/** Labels of the pods of upstream's controllers, as their manifests and charts set them. */
const upstreams: readonly { readonly kind: Kind; readonly name: string; readonly selectors: readonly string[] }[] = [
  {
    kind: 'sealed-secrets',
    name: 'sealed-secrets-controller',
    selectors: ['name=sealed-secrets-controller', 'app.kubernetes.io/name=sealed-secrets'],
  },
  { kind: 'external-secrets', name: 'external-secrets', selectors: ['app.kubernetes.io/name=external-secrets'] },
  {
    kind: 'sops-secrets',
    name: 'sops-secrets-operator',
    selectors: ['app.kubernetes.io/name=sops-secrets-operator', 'name=sops-secrets-operator'],
  },
]

/** The label by which this controller's own pods are told from upstream's. */
const partOf = 'app.kubernetes.io/part-of'

/**
 * Two controllers never share a kind: refuses to start where a pod of upstream's runs.
 *
 * @throws {ControllerError} `UPSTREAM_RUNNING`
 */
export async function refuseBesideUpstream(cluster: Cluster, settings: Settings, log: Log): Promise<void> {
  const settingsOf: Readonly<Record<Kind, unknown>> = {
    'sealed-secrets': settings.sealedSecrets,
    'external-secrets': settings.externalSecrets,
    'sops-secrets': settings.sopsSecrets,
  }
  for (const { name, selectors } of upstreams.filter(({ kind }) => settingsOf[kind] !== null)) {
    for (const labelSelector of selectors) {
      const place = await runningPod(cluster, labelSelector, log)
      if (place === null) continue
      throw new ControllerError('UPSTREAM_RUNNING', `${name} runs in this cluster (pod ${place})`, {
        hint: 'scale it to 0 first, or pass --takeover if it is about to go',
      })
    }
  }
}

async function runningPod(cluster: Cluster, labelSelector: string, log: Log): Promise<string | null> {
  try {
    const { items } = await cluster.list(resources.pod, { labelSelector: `${labelSelector},${partOf}!=sealkit` })
    const running = items.find(({ status }) => (status as { phase?: string } | undefined)?.phase === 'Running')
    return running === undefined ? null : `${running.metadata.namespace}/${running.metadata.name}`
  } catch (error) {
    if (!isKubernetesError(error, 'FORBIDDEN', 'UNSUPPORTED_VERB', 'NOT_FOUND')) throw error
    log.warn('cannot see whether the upstream controller runs; stop it before this one starts', errorFields(error))
    return null
  }
}
