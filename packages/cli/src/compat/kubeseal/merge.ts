import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  findYamlDocument,
  isJson,
  type Manifest,
  readManifests,
  sealedSecretObject,
  setYamlEntries,
} from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { scopeOf } from '@sealkit/core/sealed'
import { replaceFile } from '../../file.ts'
import type { Call } from './call.ts'
import { failure, fileFailure } from './failure.ts'
import { print } from './print.ts'
import { sealAll } from './seal.ts'
import { checkKind, readTyped } from './typed.ts'

/**
 * Adds the input's items, and its labels, annotations and templates, to a SealedSecret in a file. Name, namespace and
 * scope are the file's. A YAML file keeps its comments, its order and its other documents.
 */
export async function merge(call: Call, publicKey: PublicKey): Promise<void> {
  const path = resolve(call.io.cwd, call.values.text('merge-into'))
  const file = readTarget(path, call.values.text('merge-into'))
  const targets = await readTyped(file)
  const target = targets.find(({ kind = 'SealedSecret' }) => kind === 'SealedSecret')
  const [first] = targets
  if (target === undefined && first !== undefined) checkKind(first)
  if (target === undefined) throw failure('no SealedSecret found in the file of --merge-into')
  const updates = await sealFor(target, call, publicKey)
  const text = new TextDecoder().decode(file)
  const yaml = !isJson(text) && !call.values.given('format')
  const merged = yaml ? mergeText(text, updates) : await mergeObject(target, updates, call.output.format)
  await checkMerged(merged, updates)
  replaceFile(path, Buffer.from(merged))
}

function readTarget(path: string, shown: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fileFailure(error, 'open', shown)
  }
}

async function sealFor(target: Manifest, call: Call, publicKey: PublicKey): Promise<Manifest[]> {
  const { name = '', namespace = '', annotations } = target.metadata ?? {}
  const scope = scopeOf(annotations)
  const asked = call.values.text('scope')
  if (call.values.given('scope') && asked !== scope) {
    throw failure(`scope mismatch: the file is sealed with scope ${scope} but --scope ${asked} was given`)
  }
  const updates: Manifest[] = []
  for await (const update of sealAll(call, publicKey, { name, namespace, scope })) updates.push(update)
  return updates
}

/** Reads the result again before the file is replaced: an item that is not there would be lost in silence. */
async function checkMerged(text: string, updates: readonly Manifest[]): Promise<void> {
  const objects = await readManifests(sealedSecretObject, text)
  const items = objects.flatMap((object) => Object.entries(spec(object).encryptedData ?? {}))
  for (const [key, value] of updates.flatMap((update) => Object.entries(spec(update).encryptedData ?? {}))) {
    if (items.some(([name, item]) => name === key && item === value)) continue
    throw failure(`cannot merge ${key} into the file: write spec.encryptedData as a block mapping`)
  }
}

interface Spec {
  readonly template?: { readonly metadata?: Manifest['metadata']; readonly data?: Record<string, string> }
  readonly encryptedData?: Record<string, string>
}

function spec(manifest: Manifest): Spec {
  return (manifest['spec'] ?? {}) as Spec
}

/** The maps of a SealedSecret that a merge adds to. */
const merged: readonly { readonly path: readonly string[]; of(spec: Spec): Record<string, string> | undefined }[] = [
  { path: ['spec', 'encryptedData'], of: ({ encryptedData }) => encryptedData },
  { path: ['spec', 'template', 'metadata', 'annotations'], of: ({ template }) => template?.metadata?.annotations },
  { path: ['spec', 'template', 'metadata', 'labels'], of: ({ template }) => template?.metadata?.labels },
  { path: ['spec', 'template', 'data'], of: ({ template }) => template?.data },
]

function mergeText(text: string, updates: readonly Manifest[]): string {
  const document = findYamlDocument(text, 'SealedSecret')
  return updates.reduce(
    (edited, update) =>
      merged.reduce(
        (part, { path, of }) => setYamlEntries(part, document, { path, entries: of(spec(update)) ?? {} }),
        edited,
      ),
    text,
  )
}

function mergeObject(target: Manifest, updates: readonly Manifest[], format: string): Promise<string> {
  let object: Manifest = { ...target, kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1' }
  for (const update of updates) object = { ...object, spec: mergedSpec(spec(object), spec(update)) }
  return print(sealedSecretObject, object, format)
}

function mergedSpec({ template = {}, encryptedData, ...rest }: Spec, added: Spec): Spec {
  const metadata = {
    ...template.metadata,
    annotations: { ...template.metadata?.annotations, ...added.template?.metadata?.annotations },
    labels: { ...template.metadata?.labels, ...added.template?.metadata?.labels },
  }
  const data = { ...template.data, ...added.template?.data }
  const items = { ...encryptedData, ...added.encryptedData }
  return { ...rest, template: { ...template, metadata, data }, encryptedData: items }
}
