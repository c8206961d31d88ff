import { encodeBase64, type Manifest, type ObjectMeta } from '@sealkit/core/manifest'
import { platform } from '@sealkit/core/platform'
import {
  type KeyRing,
  label,
  type SealingKey,
  scopeOf,
  sealItem,
  sealSecret,
  unsealData,
  unsealItems,
  unsealManifest,
  withScope,
} from '@sealkit/core/sealed'
import { ControllerError } from '../error.ts'

/**
 * Whether every item of a SealedSecret can be decrypted. Templates are never rendered: whoever may ask could otherwise
 * learn about values by what a template does with them (upstream's issue 2019).
 */
export async function isDecryptable(sealedSecret: Manifest, keyRing: KeyRing): Promise<boolean> {
  try {
    if (isV1(sealedSecret)) await unsealManifest(sealedSecret, keyRing)
    // One by one: the first that fails is the answer.
    else for (const item of itemsOf(sealedSecret)) await unsealItems(item, keyRing)
    return true
  } catch {
    return false
  }
}

/** The SealedSecret with each of its items alone. */
function* itemsOf(sealedSecret: Manifest): Iterable<Manifest> {
  for (const [key, value] of Object.entries(record(record(sealedSecret['spec'])['encryptedData']))) {
    yield { ...sealedSecret, spec: { encryptedData: { [key]: value } } }
  }
}

/**
 * Seals a SealedSecret again with the newest key. Its scope is that of its own annotations before and after, whatever
 * its template says (CVE-2026-22728); the template, its texts included, stays as it is and is not rendered.
 *
 * @throws {CoreError} `DECRYPTION_FAILED` and what else unsealing throws
 * @throws {ControllerError} `KEY_MISSING`
 */
export async function resealed(sealedSecret: Manifest, keyRing: KeyRing): Promise<Manifest> {
  const newest = keyRing.newest()
  if (newest === undefined) throw new ControllerError('KEY_MISSING', 'there is no key to seal with')
  if (isV1(sealedSecret)) return fromV1(sealedSecret, keyRing, newest)
  const { metadata = {} } = sealedSecret
  const { namespace = '', name = '' } = metadata
  const scope = scopeOf(metadata.annotations)
  const data = await unsealData(withoutTemplates(sealedSecret), keyRing)
  const publicKey = platform.publicKey(newest.privateKey)
  const items: [string, string][] = []
  for (const [key, plaintext] of data) {
    const sealed = await sealItem({ publicKey, label: label(scope, namespace, name), plaintext })
    items.push([key, encodeBase64(sealed)])
  }
  const spec = record(sealedSecret['spec'])
  const template = record(spec['template'])
  const templateMetadata: ObjectMeta = { ...plainMetadata(record(template['metadata'])), name, namespace }
  templateMetadata.annotations = withScope(templateMetadata.annotations, scope)
  if (Object.keys(templateMetadata.annotations).length === 0) delete templateMetadata.annotations
  return {
    metadata: plainMetadata(metadata),
    spec: { template: { ...template, metadata: templateMetadata }, encryptedData: Object.fromEntries(items) },
  }
}

/** The format before 0.7 holds the whole Secret; sealed again it has an item for each key. */
async function fromV1(sealedSecret: Manifest, keyRing: KeyRing, newest: SealingKey): Promise<Manifest> {
  const secret = await unsealManifest(sealedSecret, keyRing)
  const scope = scopeOf(sealedSecret.metadata?.annotations)
  const metadata = { ...secret.metadata }
  metadata.annotations = withScope(metadata.annotations, scope)
  const {
    apiVersion: _,
    kind: __,
    ...rest
  } = await sealSecret(
    { ...secret, metadata },
    { publicKey: platform.publicKey(newest.privateKey), allowEmptyData: true },
  )
  return rest
}

function isV1(sealedSecret: Manifest): boolean {
  return record(sealedSecret['spec'])['data'] != null
}

function withoutTemplates(sealedSecret: Manifest): Manifest {
  const spec = record(sealedSecret['spec'])
  const { data: _, ...template } = record(spec['template'])
  return { ...sealedSecret, spec: { ...spec, template } }
}

/** Metadata without what a server wrote, which a client may have sent along. */
function plainMetadata(metadata: Readonly<Record<string, unknown>>): ObjectMeta {
  const { name, namespace, labels, annotations, finalizers } = metadata
  const all = { name, namespace, labels, annotations, finalizers }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value != null))
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
