import { apiVersion, type ClusterObject, resources } from '@sealkit/kubernetes'

type Fields = Readonly<Record<string, unknown>>

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Labels and annotations that GitOps tools add to what they apply. */
const added: readonly RegExp[] = [
  /^kubectl\.kubernetes\.io\//,
  /^kustomize\.toolkit\.fluxcd\.io\/(name|namespace|checksum)$/,
  /^helm\.toolkit\.fluxcd\.io\//,
  /^argocd\.argoproj\.io\/(instance|tracking-id)$/,
  /^app\.kubernetes\.io\/instance$/,
  /^meta\.helm\.sh\//,
]

/**
 * What the encrypted file of a SopsSecret may have been, the likeliest first. All are alike in `spec` and `sops`; the
 * MAC covers the metadata of the file too, and the cluster and the tools on the way to it add to them.
 */
export function variants(object: ClusterObject): Fields[] {
  const { status: _, metadata, ...content } = object
  const { name, namespace, labels = {}, annotations = {} } = metadata
  const whole = { name, namespace, labels, annotations: without(annotations, [lastApplied]) }
  const bare = { name, namespace, labels: untouched(labels), annotations: untouched(annotations) }
  const candidates = [applied(annotations[lastApplied]), bare, whole]
    .filter((candidate) => candidate !== null)
    .flatMap((candidate) => [candidate, without(candidate, ['namespace'])])
    .map((candidate) => ({ ...content, metadata: candidate }))
  // Files of the older version are given back as the newer one.
  const older = candidates.map((candidate) => ({ ...candidate, apiVersion: olderVersion }))
  // A definition that does not know the flag drops it.
  const flagged = candidates
    .slice(0, 1)
    .map((candidate) => ({ ...candidate, sops: { ...record(object['sops']), mac_only_encrypted: true } }))
  return distinct([...candidates, ...flagged, ...older])
}

const olderVersion = apiVersion({ ...resources.sopsSecret, version: 'v1alpha2' })

/** The metadata that `kubectl apply` was given, which it keeps in an annotation. */
function applied(text: string | undefined): Fields | null {
  if (text === undefined) return null
  try {
    const { metadata } = JSON.parse(text) as { metadata?: unknown }
    return typeof metadata === 'object' && metadata !== null ? (metadata as Fields) : null
  } catch {
    return null
  }
}

function untouched(map: Readonly<Record<string, string>>): Fields {
  return without(
    map,
    Object.keys(map).filter((name) => added.some((pattern) => pattern.test(name))),
  )
}

function without(map: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)))
}

function distinct(all: readonly Fields[]): Fields[] {
  const texts = new Map(all.map((each) => [JSON.stringify(each), each] as const).toReversed())
  return [...texts.values()].toReversed()
}

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
