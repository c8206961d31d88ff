import { createHash, createHmac } from 'node:crypto'
import { basename } from 'node:path'
import { CoreError } from '@sealkit/core'
import { decodeBase64, isJson } from '@sealkit/core/manifest'
import { type KeyRing, label, privateKeyPem, scopeOf } from '@sealkit/core/sealed'
import { type Branch, formatOf, isBranch, isForeign, isList, openStore, type Value } from '@sealkit/core/sops'
import { about } from '../sops/outcome.ts'
import type { Version } from '../sops/version.ts'

/** What opens the items of a version. */
export interface VersionKeys {
  readonly keyRing: KeyRing | undefined
  /** Namespace of SealedSecrets that declare none. */
  readonly namespace: string | undefined
}

/**
 * The documents of a version that holds SealedSecrets, with its items in plain text as far as the keys open them; the
 * others are marks of their ciphertexts, see {@link isSealed}. Null where there is no SealedSecret in it.
 *
 * @throws what the store throws, naming the file
 */
export async function sealedDocuments(version: Version, keys: VersionKeys): Promise<readonly Branch[] | null> {
  const documents = await loaded(version)
  return documents === null ? null : replaced(documents, (item) => openedItem(item, keys))
}

/** Whether a value of {@link sealedDocuments} is one that no key opened: then only its ciphertext is known. */
export function isSealed(value: Value | undefined): boolean {
  return value !== undefined && value !== null && isForeign(value) && value.type === sealedType
}

/**
 * What git may show of a version with SealedSecrets: each item as a fingerprint, the same for the same file and keys.
 * Without keys it is one of the ciphertext; with them of the value, keyed by the private keys, so that nobody else can
 * try values out, and a value that was sealed again keeps it. Null where there is no SealedSecret in it.
 *
 * @throws what the store throws, naming the file
 */
export async function maskedSealed(version: Version, keys: VersionKeys): Promise<string | null> {
  const documents = await loaded(version)
  if (documents === null) return null
  const secret = await fingerprintKey(keys.keyRing)
  const masked = await replaced(documents, async (item) => {
    const bytes = await openedBytes(item, keys)
    if (bytes === null) return markText(item.sealed)
    // With its key: two items of one value are not to be told by looking.
    const digest = createHmac('sha256', secret).update(JSON.stringify(item.key)).update(bytes).digest('hex')
    return `<value ${digest.slice(0, 12)}>`
  })
  return Buffer.from((await openStore('yaml')).emit(masked.map(hidden))).toString()
}

/** A version with SealedSecrets with its items in plain text; null where there is none in it. */
export async function plainSealed(version: Version, keys: VersionKeys): Promise<Uint8Array | null> {
  const documents = await sealedDocuments(version, keys)
  return documents === null ? null : (await openStore('yaml')).emit(documents)
}

async function loaded({ path, bytes }: Version): Promise<readonly Branch[] | null> {
  const text = Buffer.from(bytes).toString()
  // What SOPS encrypted is a SOPS file, whatever manifest it is.
  if (!text.includes('SealedSecret') || text.includes('ENC[AES256_GCM,')) return null
  const format = isJson(text) ? 'json' : 'yaml'
  if (format === 'yaml' && !['yaml', 'binary'].includes(formatOf(basename(path)))) return null
  try {
    const documents = (await openStore(format)).load(bytes)
    return documents.some(holdsSealed) ? documents : null
  } catch (error) {
    throw about(path, error)
  }
}

function holdsSealed(document: Branch): boolean {
  return membersOf(document).some(isSealedSecret)
}

/** The members of a List, or the object itself. */
function membersOf(object: Branch): readonly Value[] {
  const items = at(object, 'items')
  return isList(items) && /List$/.test(textAt(object, 'kind') ?? 'List') ? items : [object]
}

function isSealedSecret(value: Value): value is Branch {
  return isBranch(value) && textAt(value, 'kind') === 'SealedSecret'
}

/** One item: its key, its ciphertext, and the object that it is sealed for. */
interface Item {
  readonly key: string
  readonly sealed: string
  readonly object: Branch
}

type Replace = (item: Item) => Promise<Value>

function replaced(documents: readonly Branch[], replace: Replace): Promise<Branch[]> {
  return Promise.all(
    documents.map(async (document) => {
      if (isSealedSecret(document)) return replacedObject(document, replace)
      if (!holdsSealed(document)) return document
      return withValue(document, 'items', async () =>
        Promise.all(membersOf(document).map((one) => (isSealedSecret(one) ? replacedObject(one, replace) : one))),
      )
    }),
  )
}

function replacedObject(object: Branch, replace: Replace): Promise<Branch> {
  const one = (key: string, value: Value): Promise<Value> =>
    typeof value === 'string' ? replace({ key, sealed: value, object }) : Promise.resolve(value)
  return withValue(object, 'spec', async (spec) => {
    if (!isBranch(spec)) return spec
    const items = await withValue(spec, 'encryptedData', async (data) => {
      if (!isBranch(data)) return data
      const entries = data.items.map(async ({ key, value }) => {
        return { key, value: typeof key === 'string' ? await one(key, value) : value }
      })
      return { kind: 'branch', items: await Promise.all(entries) }
    })
    // The format before 0.7 seals the whole Secret as one.
    return withValue(items, 'data', (data) => one('spec.data', data))
  })
}

async function withValue(object: Branch, name: string, change: (value: Value) => Promise<Value>): Promise<Branch> {
  const items = object.items.map(async (item) => {
    return item.key === name ? { ...item, value: await change(item.value) } : item
  })
  return { kind: 'branch', items: await Promise.all(items) }
}

const sealedType = 'sealed'

async function openedItem(item: Item, keys: VersionKeys): Promise<Value> {
  const bytes = await openedBytes(item, keys)
  if (bytes === null) return { kind: 'foreign', type: sealedType, text: markText(item.sealed) }
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : bytes
}

/** The plaintext, or null where no key opens the item. */
async function openedBytes(item: Item, { keyRing, namespace }: VersionKeys): Promise<Buffer | null> {
  if (keyRing === undefined) return null
  try {
    return Buffer.from(await keyRing.unseal(decodeBase64(item.sealed), labelOf(item.object, namespace)))
  } catch (error) {
    if (error instanceof CoreError) return null
    throw error
  }
}

function labelOf(object: Branch, namespace = ''): Uint8Array {
  const annotations = at(object, 'metadata', 'annotations')
  const texts = isBranch(annotations)
    ? annotations.items.flatMap(({ key, value }) =>
        typeof key === 'string' && typeof value === 'string' ? [[key, value] as const] : [],
      )
    : []
  const place = textAt(object, 'metadata', 'namespace') || namespace
  return label(scopeOf(Object.fromEntries(texts)), place, textAt(object, 'metadata', 'name') ?? '')
}

/** What can be said of a ciphertext in public. Line breaks behind it mean nothing. */
function markText(sealed: string): string {
  const text = sealed.trimEnd()
  // A placeholder, or a value that somebody forgot to seal.
  if (!/^[A-Za-z\d+/\s]{100,}=*$/.test(text)) return '<not sealed>'
  return `<sealed ${createHash('sha256').update(text).digest('hex').slice(0, 12)}>`
}

async function fingerprintKey(keyRing: KeyRing | undefined): Promise<Uint8Array> {
  const keys = (keyRing?.keys() ?? []).toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
  const hash = createHash('sha256').update('sealkit diff --textconv')
  for (const { privateKey } of keys) hash.update(await privateKeyPem(privateKey))
  return hash.digest()
}

/** A plain Secret that stands beside SealedSecrets shows its keys only. */
function hidden(document: Branch): Branch {
  if (textAt(document, 'kind') !== 'Secret') return document
  const items = document.items.map((item) => {
    const secret = (item.key === 'data' || item.key === 'stringData') && isBranch(item.value)
    return secret && isBranch(item.value) ? { ...item, value: withoutValues(item.value) } : item
  })
  return { kind: 'branch', items }
}

function withoutValues(data: Branch): Branch {
  return { kind: 'branch', items: data.items.map((item) => ({ ...item, value: '<not encrypted>' })) }
}

function at(object: Branch, ...path: readonly string[]): Value {
  return path.reduce<Value>((value, name) => {
    return isBranch(value) ? (value.items.findLast(({ key }) => key === name)?.value ?? null) : null
  }, object)
}

function textAt(object: Branch, ...path: readonly string[]): string | undefined {
  const value = at(object, ...path)
  return typeof value === 'string' ? value : undefined
}
