import { CoreError, type CoreErrorCode, SealkitError } from '../error.ts'
import { decodeBase64, encodeBase64 } from '../manifest/base64.ts'
import type { Manifest, ObjectMeta } from '../manifest/object.ts'
import { type DesiredSecret, desiredSecret } from '../manifest/secret.ts'
import type { Unsealer } from './keyring.ts'
import { label } from './label.ts'
import { names, scopeOf } from './scope.ts'
import { sealedSecretType } from './seal.ts'

/**
 * Renders one value of `spec.template.data`, a Go template with sprig's functions, over the decrypted items and the
 * plain texts of its sibling templates.
 */
export type Render = (
  name: string,
  template: string,
  data: Readonly<Record<string, Uint8Array>>,
) => Uint8Array | Promise<Uint8Array>

/** What {@link unsealSecret} may be given. */
export interface UnsealOptions {
  readonly render?: Render
  /** Accept the format before 0.7, which holds the whole Secret in `spec.data`. On by default. */
  readonly acceptV1Data?: boolean
}

/**
 * Unseals a SealedSecret into the Secret that should exist, as upstream's controller makes it.
 *
 * @throws DECRYPTION_FAILED, INVALID_BASE64, TEMPLATE_FAILED; one error for all items, naming their keys
 * @throws TEMPLATE_REQUIRED when `spec.template.data` holds actions and no renderer was given
 * @throws INVALID_MANIFEST
 */
export async function unsealSecret(
  sealedSecret: Manifest,
  keyRing: Unsealer,
  options: UnsealOptions = {},
): Promise<DesiredSecret> {
  return desiredSecret(await unsealManifest(sealedSecret, keyRing, options))
}

/**
 * Unseals a SealedSecret into a whole v1 Secret manifest: every field of the template's metadata, and values in base64.
 *
 * @throws like {@link unsealSecret}
 */
export async function unsealManifest(
  sealedSecret: Manifest,
  keyRing: Unsealer,
  options: UnsealOptions = {},
): Promise<Manifest> {
  const spec = record(sealedSecret['spec'])
  const v1 = spec['data'] !== undefined && spec['data'] !== null
  const secret = v1
    ? await unsealV1(sealedSecret, keyRing, options)
    : fromTemplate(record(spec['template']), await unsealData(sealedSecret, keyRing, options))
  return { ...secret, metadata: ownedMetadata(sealedSecret, secret.metadata ?? {}) }
}

/** Decrypted items and rendered templates by key; encrypted items win. */
export async function unsealData(
  sealedSecret: Manifest,
  keyRing: Unsealer,
  options: UnsealOptions = {},
): Promise<Map<string, Uint8Array>> {
  return withTemplates(sealedSecret, await unsealItems(sealedSecret, keyRing), options)
}

/**
 * The Secret that a SealedSecret would become if its items held the given plaintexts: a preview of its template that
 * needs no private key.
 *
 * @throws TEMPLATE_FAILED, TEMPLATE_REQUIRED
 */
export async function previewSecret(
  sealedSecret: Manifest,
  items: ReadonlyMap<string, Uint8Array>,
  options: UnsealOptions = {},
): Promise<DesiredSecret> {
  const template = record(record(sealedSecret['spec'])['template'])
  const secret = fromTemplate(template, await withTemplates(sealedSecret, items, options))
  return desiredSecret({ ...secret, metadata: ownedMetadata(sealedSecret, secret.metadata ?? {}) })
}

async function withTemplates(
  sealedSecret: Manifest,
  data: ReadonlyMap<string, Uint8Array>,
  { render }: UnsealOptions,
): Promise<Map<string, Uint8Array>> {
  const spec = record(sealedSecret['spec'])
  const templates = Object.entries(record(record(spec['template'])['data']))
  const texts = templates.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text] as const] : []))
  const rendered = await renderAll(texts, data, render)
  return new Map([...rendered, ...data])
}

/**
 * Decrypted items by key, without the templates.
 *
 * @throws DECRYPTION_FAILED, INVALID_BASE64; one error for all items, naming their keys
 */
export async function unsealItems(sealedSecret: Manifest, keyRing: Unsealer): Promise<Map<string, Uint8Array>> {
  const items = record(record(sealedSecret['spec'])['encryptedData'])
  const itemLabel = labelOf(sealedSecret)
  const data = new Map<string, Uint8Array>()
  const failures = new Failures()
  for (const [key, value] of Object.entries(items)) {
    await failures.collect(key, async () => {
      // Upstream reads whatever is no string as an empty one, which then fails to decrypt.
      const sealed = decodeBase64(typeof value === 'string' ? value : '')
      data.set(key, await keyRing.unseal(sealed, itemLabel))
    })
  }
  failures.throwIfAny()
  return data
}

async function renderAll(
  templates: readonly (readonly [string, string])[],
  items: ReadonlyMap<string, Uint8Array>,
  render: Render | undefined,
): Promise<Map<string, Uint8Array>> {
  const plain = templates.map(([key, text]) => [key, new TextEncoder().encode(text)] as const)
  const context = Object.fromEntries([...plain, ...items])
  const rendered = new Map<string, Uint8Array>()
  const failures = new Failures()
  for (const [key, text] of templates) {
    await failures.collect(key, async () => {
      if (!text.includes('{{')) rendered.set(key, new TextEncoder().encode(text))
      else if (render === undefined) throw templateRequired(key)
      else rendered.set(key, await render(key, text, context))
    })
  }
  failures.throwIfAny()
  return rendered
}

function templateRequired(key: string): CoreError {
  return new CoreError('TEMPLATE_REQUIRED', `spec.template.data.${key} holds template actions and no renderer is set`, {
    hint: 'pass render, for example from @sealkit/template',
  })
}

/** The format before 0.7: `spec.data` holds the sealed JSON of the whole Secret. */
async function unsealV1(sealedSecret: Manifest, keyRing: Unsealer, options: UnsealOptions): Promise<Manifest> {
  const spec = record(sealedSecret['spec'])
  if (options.acceptV1Data === false) {
    throw v1Error("using deprecated 'data' field, use 'encryptedData' or flip the feature flag")
  }
  if (Object.keys(record(spec['encryptedData'])).length > 0) {
    throw v1Error("cannot use the field 'encryptedData' and the deprecated field 'data' at the same time")
  }
  const sealed = decodeBase64(typeof spec['data'] === 'string' ? spec['data'] : '')
  const plaintext = await keyRing.unseal(sealed, labelOf(sealedSecret))
  try {
    return record(JSON.parse(new TextDecoder().decode(plaintext))) as Manifest
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    // The cause would quote the plaintext.
    throw new CoreError('INVALID_MANIFEST', 'the decrypted spec.data is no JSON')
  }
}

function v1Error(text: string): CoreError {
  return new CoreError('INVALID_MANIFEST', text, { upstream: text, hint: 'seal the Secret again' })
}

function fromTemplate(template: Readonly<Record<string, unknown>>, data: ReadonlyMap<string, Uint8Array>): Manifest {
  const secret: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { ...record(template['metadata']) } }
  if (typeof template['immutable'] === 'boolean') secret['immutable'] = template['immutable']
  if (typeof template['type'] === 'string' && template['type'] !== '') secret['type'] = template['type']
  if (data.size > 0) secret['data'] = Object.fromEntries([...data].map(([key, value]) => [key, encodeBase64(value)]))
  return secret
}

/** Name and namespace come from the SealedSecret, whatever the template says, and it becomes the owner. */
function ownedMetadata(sealedSecret: Manifest, template: ObjectMeta): ObjectMeta {
  const { name = '', namespace = '', uid = '' } = sealedSecret.metadata ?? {}
  const metadata: ObjectMeta = { ...template, name, namespace }
  const annotations = record(record(record(record(sealedSecret['spec'])['template'])['metadata'])['annotations'])
  if (annotations[names.skipOwnerReferences] === 'true') return metadata
  return { ...metadata, ownerReferences: [{ ...sealedSecretType, name, uid, controller: true }] }
}

function labelOf({ metadata = {} }: Manifest): Uint8Array {
  return label(scopeOf(metadata.annotations), metadata.namespace ?? '', metadata.name ?? '')
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/**
 * Errors of single keys, thrown as one: equal texts are grouped and followed by their keys, `text (a, b)`, a line each
 * (upstream's `multierror.Uniq`, which prints the keys in random order).
 */
class Failures {
  readonly #errors: { readonly key: string; readonly error: SealkitError }[] = []

  async collect(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof SealkitError)) throw error
      this.#errors.push({ key, error })
    }
  }

  throwIfAny(): void {
    const [first] = this.#errors
    if (first === undefined) return
    const { error } = this.#errors.find((failure) => failure.error.code === 'DECRYPTION_FAILED') ?? first
    const code: CoreErrorCode = error instanceof CoreError ? error.code : 'TEMPLATE_FAILED'
    throw new CoreError(
      code,
      this.#grouped(({ message }) => message),
      {
        cause: error,
        upstream: this.#grouped(({ message, upstream = message }) => upstream),
        hint: error.hint ?? 'the values of these keys are damaged: seal them again',
      },
    )
  }

  #grouped(text: (error: SealkitError) => string): string {
    const groups = new Map<string, string[]>()
    for (const { key, error } of this.#errors) {
      const keys = groups.get(text(error))
      if (keys === undefined) groups.set(text(error), [key])
      else keys.push(key)
    }
    const lines = [...groups].map(([line, keys]) => `${line} (${keys.sort().join(', ')})`)
    return lines.sort().join('\n')
  }
}
