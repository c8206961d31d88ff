import { createHash } from 'node:crypto'
import { CoreError } from '../error.ts'
import { unwrapDataKey } from './datakey.ts'
import { decryptDocuments, fileMac } from './decrypt.ts'
import type { SopsFile } from './encrypt.ts'
import type { OpenOptions } from './file.ts'
import { macSeed } from './mac.ts'
import { type Choice, choices, type KeyOrders, keyOrders } from './orders.ts'
import { fromPlain, toPlain } from './plain.ts'
import { type Selector, selector } from './rules.ts'
import { takeBlock } from './store/block.ts'
import { type Branch, isBranch, isComment, isList, type Value } from './tree.ts'
import { plaintext } from './value.ts'
import { checkVersion } from './version.ts'
import { walk } from './walk.ts'

/**
 * What is known of a MAC: it is right; it is wrong in every order that the keys may have had; or there are more orders
 * than were tried.
 */
export type MacVerdict = 'verified' | 'refuted' | 'undecided'

/** How an object that has lost the order of its keys is decrypted. */
export interface UnorderedOptions extends Pick<OpenOptions, 'unwrap' | 'order' | 'attempts'> {
  /** Orders that people write keys in, tried before all others; keys that a list does not name come after, sorted. */
  readonly likely?: readonly (readonly string[])[]
  /** How many orders are tried at most; a try takes a few microseconds. 0 leaves the MAC undecided. */
  readonly budget?: number
  /** Awaited every few milliseconds of work. */
  readonly pause?: () => Promise<void>
}

const defaultBudget = 400_000
const shortLook = 2_000
const triesBetweenPauses = 500

/**
 * Decrypts a SOPS-encrypted object of an API that sorts keys, as Kubernetes does. Each value is authenticated with its
 * place; the MAC covers the values in the order of the file, so that order is looked for: orders in which people write
 * come first, then all others while the budget lasts. `mac_only_encrypted` files have the fewest.
 *
 * @param variants the object, with what the API added to it left out: the first gives the plain object, and where
 * several may have been the file (a namespace that was in it, or not), the MAC may be that of any. Keys are tried in
 * the order in which they stand, too
 * @returns the plain object without `sops`; null where it has no `sops` field
 * @throws as `decryptManifest`; never `MAC_MISMATCH` for a MAC that decrypts
 */
export async function decryptUnordered(
  variants: readonly Readonly<Record<string, unknown>>[],
  options: UnorderedOptions,
): Promise<{ readonly plain: Record<string, unknown>; readonly mac: MacVerdict } | null> {
  const files = variants.flatMap((variant) => encrypted(fromPlain(variant)))
  const [first] = files
  if (first === undefined) return null
  const { metadata } = first
  checkVersion(metadata.version)
  const dataKey = await unwrapDataKey(metadata, options)
  const rule = await selector(metadata.rule)
  const stored = fileMac(first, dataKey)
  // Where the MAC covers encrypted values alone, what the API added is none of its business.
  const tried = (metadata.macOnlyEncrypted ? [first] : files).map((file) => {
    const { macOnlyEncrypted } = file.metadata
    const [document] = decryptDocuments(file, rule, { dataKey }).documents
    if (document === undefined) throw new CoreError('INVALID_MANIFEST', 'a manifest is an object')
    const part = macBytes(document, rule, macOnlyEncrypted)
    return { document, covered: { part, seed: macSeed(macOnlyEncrypted) } }
  })
  const covered = tried.map((each) => each.covered)
  const mac = await search(covered, stored, options)
  const [plain] = tried
  return { plain: toPlain(plain?.document ?? null) as Record<string, unknown>, mac }
}

function encrypted(document: Value): SopsFile[] {
  if (!isBranch(document)) throw new CoreError('INVALID_MANIFEST', 'a manifest is an object')
  return document.items.some(({ key }) => key === 'sops') ? [takeBlock([document])] : []
}

/** A part of a document as the MAC sees it: bytes, parts in order, or parts whose order is not known. */
type Part = Uint8Array | readonly Part[] | Unordered

interface Unordered {
  /** Maps of one place and with the same keys: most files write them in one order. */
  readonly place: string
  readonly parts: ReadonlyMap<string, Part>
}

function macBytes(document: Branch, rule: Selector, onlyEncrypted: boolean): Part {
  const covered = walk(document, rule, (leaf, { selected }) => {
    if (isComment(leaf) || (onlyEncrypted && !selected)) return null
    const bytes = plaintext(leaf)
    return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  })
  return part(covered, '') ?? []
}

/** Null for what holds no bytes; a map of one part is that part. */
function part(value: Value, path: string): Part | null {
  if (value instanceof Uint8Array) return value.length === 0 ? null : value
  if (isList(value)) {
    const parts = value.map((entry) => part(entry, path)).filter((entry) => entry !== null)
    return parts.length === 0 ? null : parts
  }
  if (!isBranch(value)) return null
  const parts = new Map<string, Part>()
  for (const { key, value: entry } of value.items) {
    const held = typeof key === 'string' ? part(entry, `${path}:${key}`) : null
    if (typeof key === 'string' && held !== null) parts.set(key, held)
  }
  const [only] = parts.values()
  if (parts.size <= 1) return only ?? null
  return { place: `${path} ${[...parts.keys()].sort().join(' ')}`, parts }
}

/** The maps of a part, outermost first. */
function* maps(from: Part): Generator<Unordered> {
  if (from instanceof Uint8Array) return
  if (isUnordered(from)) yield from
  for (const inner of isUnordered(from) ? from.parts.values() : from) yield* maps(inner)
}

function isUnordered(from: Exclude<Part, Uint8Array>): from is Unordered {
  return 'parts' in from
}

/** What a MAC may be of. */
interface Covered {
  readonly part: Part
  readonly seed: Uint8Array
}

async function search(
  documents: readonly Covered[],
  stored: string,
  { likely = [], budget = defaultBudget, pause }: UnorderedOptions,
): Promise<MacVerdict> {
  // First as if all maps of a place had one order, which most files have; then each with its own.
  const alike = documents.map((document) => new Tester(document, likely, true))
  const apart = documents.map((document) => new Tester(document, likely, false))
  const testers = [
    ...alike,
    ...apart.filter((tester, index) => tester.orders.length > (alike[index]?.orders.length ?? 0)),
  ]
  let tries = 0
  // A short look at each, so that a likely order is found soon; then as long a look as the budget lasts.
  for (const longest of [Math.min(budget, shortLook), budget]) {
    let complete = true
    for (const [index, tester] of testers.entries()) {
      const share = Math.floor((budget - tries) / (testers.length - index))
      for (const choice of choices(tester.orders, Math.min(longest, share))) {
        if (choice === 'incomplete') complete = false
        else if (tester.mac(choice) === stored) return 'verified'
        tries += 1
        if (tries % triesBetweenPauses === 0) await pause?.()
      }
    }
    if (complete) return 'refuted'
  }
  return 'undecided'
}

/** Computes MACs of one document for choices of orders. */
class Tester {
  readonly orders: readonly KeyOrders[]
  readonly #document: Covered
  readonly #index = new Map<Unordered, number>()

  /** @param together maps of one place have one order */
  constructor(document: Covered, likely: readonly (readonly string[])[], together: boolean) {
    this.#document = document
    const orders: KeyOrders[] = []
    const places = new Map<string, number>()
    for (const map of maps(document.part)) {
      const known = together ? places.get(map.place) : undefined
      const index = known ?? orders.push(keyOrders([...map.parts.keys()], likely)) - 1
      places.set(map.place, index)
      this.#index.set(map, index)
    }
    this.orders = orders
  }

  mac(choice: Choice): string {
    const bytes: Uint8Array[] = [this.#document.seed]
    this.#gather(this.#document.part, choice, bytes)
    return createHash('sha512').update(Buffer.concat(bytes)).digest('hex').toUpperCase()
  }

  #gather(from: Part, choice: Choice, into: Uint8Array[]): void {
    if (from instanceof Uint8Array) into.push(from)
    else if (!isUnordered(from)) for (const inner of from) this.#gather(inner, choice, into)
    else {
      const index = this.#index.get(from) ?? 0
      for (const key of this.orders[index]?.at(choice[index] ?? 0) ?? []) {
        const inner = from.parts.get(key)
        if (inner !== undefined) this.#gather(inner, choice, into)
      }
    }
  }
}
