import { CoreError } from '../error.ts'
import { decodeBase64, encodeBase64 } from '../manifest/base64.ts'
import type { Manifest, ObjectMeta } from '../manifest/object.ts'
import type { PublicKey } from '../platform/platform.ts'
import { sealItem } from './encrypt.ts'
import { label } from './label.ts'
import { type Scope, scopeOf, withScope } from './scope.ts'

/** API version and kind of a SealedSecret. */
export const sealedSecretType = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret' } as const

/** Annotations in which other tools keep a copy of the whole Secret, values included (upstream issue 227). */
const leakingAnnotations: readonly string[] = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubecfg.ksonnet.io/last-applied-configuration',
]

/**
 * Metadata that a server wrote. Upstream clears the same fields but leaves `managedFields`, which lists the keys and
 * makes the template unusable.
 */
const serverMetadata: readonly string[] = [
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'ownerReferences',
]

/** What {@link sealSecret} takes besides the Secret. */
export interface SealOptions {
  readonly publicKey: PublicKey
  /** Replaces the scope annotations. Upstream's `--scope strict` leaves them as they are, which is no scope given here. */
  readonly scope?: Scope
  /** Overrides the Secret's name. */
  readonly name?: string
  /**
   * The namespace to seal for, given the one that the Secret declares (empty when none). Not asked in cluster-wide
   * scope. May throw to refuse.
   */
  readonly namespace?: (declared: string) => string | Promise<string>
  /** Lets a Secret without data pass. */
  readonly allowEmptyData?: boolean
  /** Which labels and annotations, by key, the SealedSecret itself gets too; upstream puts them into the template only. */
  readonly copy?: (key: string) => boolean
  readonly random?: (length: number) => Uint8Array
}

/**
 * Seals a v1 Secret: every value of `data` and `stringData` (which wins) is encrypted for its scope, everything else
 * becomes the template.
 *
 * @throws INVALID_MANIFEST without data, name or, unless cluster-wide, namespace
 * @throws INVALID_BASE64 naming the key
 * @throws INVALID_KEY
 */
export async function sealSecret(secret: Manifest, options: SealOptions): Promise<Manifest> {
  const plaintexts = secretData(secret)
  if (plaintexts.size === 0 && options.allowEmptyData !== true) throw emptyData()
  const metadata: ObjectMeta = { ...secret.metadata }
  if (options.name !== undefined && options.name !== '') metadata.name = options.name
  if (metadata.name === undefined || metadata.name === '') throw missingName()
  if (options.scope !== undefined) setScope(metadata, options.scope)
  const scope = scopeOf(metadata.annotations)
  const namespace = await sealingNamespace(metadata.namespace ?? '', scope, options)
  if (namespace !== '') metadata.namespace = namespace
  const encryptedData = await sealItems(plaintexts, label(scope, namespace, metadata.name), options)
  return {
    ...sealedSecretType,
    metadata: sealedMetadata(metadata, scope, options.copy),
    spec: { template: template(secret, metadata), encryptedData },
  }
}

/** How many Secrets are sealed at a time: enough to keep the runtime's threads busy. */
const secretsAhead = 16

/**
 * Seals Secrets like {@link sealSecret}, several at a time, and gives them in their order; an error comes where its
 * Secret stands, after all that were before it.
 *
 * @throws like {@link sealSecret}
 */
export async function* sealSecrets(secrets: Iterable<Manifest>, options: SealOptions): AsyncGenerator<Manifest, void> {
  const ahead: Promise<Manifest>[] = []
  for (const secret of secrets) {
    const sealed = sealSecret(secret, options)
    // It is told when its turn comes.
    sealed.catch(() => {})
    ahead.push(sealed)
    const [first] = ahead
    if (first === undefined || ahead.length < secretsAhead) continue
    ahead.shift()
    yield await first
  }
  for (const sealed of ahead) yield await sealed
}

function setScope(metadata: ObjectMeta, scope: Scope): void {
  const annotations = withScope(metadata.annotations, scope)
  if (metadata.annotations !== undefined || Object.keys(annotations).length > 0) metadata.annotations = annotations
}

async function sealingNamespace(declared: string, scope: Scope, options: SealOptions): Promise<string> {
  if (scope === 'cluster-wide') return declared
  const namespace = options.namespace === undefined ? declared : await options.namespace(declared)
  if (namespace !== '') return namespace
  throw new CoreError('INVALID_MANIFEST', 'the Secret declares no namespace', {
    hint: 'set metadata.namespace, pass --namespace, or seal with --scope cluster-wide',
    upstream: 'secret must declare a namespace',
  })
}

/** Plaintext of every key; `stringData` wins over `data`. */
function secretData(secret: Manifest): Map<string, Uint8Array> {
  const plaintexts = new Map<string, Uint8Array>()
  for (const [key, value] of stringEntries(secret['data'])) plaintexts.set(key, decodeValue(key, value))
  for (const [key, value] of stringEntries(secret['stringData'])) plaintexts.set(key, new TextEncoder().encode(value))
  return plaintexts
}

function stringEntries(map: unknown): [string, string][] {
  if (typeof map !== 'object' || map === null) return []
  return Object.entries(map).map(([key, value]) => {
    if (value === null || value === undefined) return [key, '']
    if (typeof value === 'string') return [key, value]
    throw new CoreError('INVALID_MANIFEST', `the value of ${key} is no string`, { hint: `quote the value of ${key}` })
  })
}

function decodeValue(key: string, value: string): Uint8Array {
  try {
    return decodeBase64(value)
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new CoreError(error.code, `data.${key}: ${error.message}`, {
      hint: 'values of data are base64; plain text belongs in stringData',
      ...(error.upstream === undefined ? {} : { upstream: error.upstream }),
    })
  }
}

async function sealItems(
  plaintexts: ReadonlyMap<string, Uint8Array>,
  itemLabel: Uint8Array,
  { publicKey, random }: SealOptions,
): Promise<Record<string, string>> {
  const source = random === undefined ? {} : { random }
  const items = [...plaintexts].map(async ([key, plaintext]) => {
    return [key, encodeBase64(await sealItem({ publicKey, label: itemLabel, plaintext, ...source }))] as const
  })
  return Object.fromEntries(await Promise.all(items))
}

/** Only the name, the namespace and the scope go on the SealedSecret itself, and what is to be copied. */
function sealedMetadata(metadata: ObjectMeta, scope: Scope, copy: (key: string) => boolean = () => false): ObjectMeta {
  const own: ObjectMeta = {}
  if (metadata.name !== undefined) own.name = metadata.name
  if (metadata.namespace !== undefined) own.namespace = metadata.namespace
  const copied = (texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => copy(key) && !leakingAnnotations.includes(key)))
  const labels = copied(metadata.labels)
  if (Object.keys(labels).length > 0) own.labels = labels
  const annotations = withScope(copied(metadata.annotations), scope)
  if (Object.keys(annotations).length > 0) own.annotations = annotations
  return own
}

function template(secret: Manifest, metadata: ObjectMeta): Record<string, unknown> {
  const kept: ObjectMeta = Object.fromEntries(
    Object.entries(metadata).filter(([field]) => !serverMetadata.includes(field)),
  )
  if (kept.annotations !== undefined) {
    const annotations = Object.entries(kept.annotations).filter(([key]) => !leakingAnnotations.includes(key))
    kept.annotations = Object.fromEntries(annotations)
  }
  const spec: Record<string, unknown> = { metadata: kept }
  if (secret['type'] !== undefined && secret['type'] !== '') spec['type'] = secret['type']
  if (typeof secret['immutable'] === 'boolean') spec['immutable'] = secret['immutable']
  return spec
}

function emptyData(): CoreError {
  return new CoreError('INVALID_MANIFEST', 'the Secret has no data', {
    hint: 'check the input; to seal a Secret without data pass --allow-empty-data',
    upstream:
      'secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used',
  })
}

function missingName(): CoreError {
  return new CoreError('INVALID_MANIFEST', 'the Secret has no metadata.name', {
    hint: 'set metadata.name or pass --name',
    upstream: 'missing metadata.name in input Secret',
  })
}
