import { CoreError } from '../error.ts'
import { sameValue } from './compare.ts'
import { conflictText, type Labels } from './conflict.ts'
import type { Wrap } from './datakey.ts'
import { sameSettings } from './encryptover.ts'
import type { KeyEntry, KeyGroup } from './keygroup.ts'
import { type Conflict, mergeDocuments, type Side, type Versions } from './merge.ts'
import type { Metadata } from './metadata.ts'
import { has, rewrapDataKey, sameGroups, thresholdOf } from './recipients.ts'
import { encryptAgain, type PlainFile } from './session.ts'
import type { Store } from './store/index.ts'
import type { Branch } from './tree.ts'
import { IvStash } from './value.ts'

/** Three versions of a file; none in `base` where both sides added it. */
export type FileVersions = { readonly base: PlainFile | null } & Omit<Versions<PlainFile>, 'base'>

/** A merged file. */
export interface MergedFile {
  /** The encrypted file; with conflicts its text has git's markers, around ciphertext only. */
  readonly text: string
  readonly conflicts: readonly Conflict[]
}

/** What {@link mergeFiles} works with. */
export interface MergeOptions {
  /** Writes the result. */
  readonly store: Store
  readonly wrap: Wrap
  readonly now: Date
  readonly labels: Labels
}

/**
 * Merges three versions of an encrypted file: the plain values, the master keys and the rule, each where a side changed
 * them. The MAC is made anew; what a side did not change keeps its ciphertext.
 *
 * Where both sides changed one value, the text holds both between conflict markers, and each side of it, taken alone,
 * is a whole encrypted file with a MAC of its own. It is no valid file as a whole, so nothing uses it by mistake.
 *
 * @throws `METADATA_INVALID` where both sides changed the rule or the groups of keys, each in another way;
 * `DATA_KEY_UNAVAILABLE`, and all of encryption's
 */
export async function mergeFiles(versions: FileVersions, options: MergeOptions): Promise<MergedFile> {
  const file = await mergedFile(versions, options)
  const write = async (documents: readonly Branch[]): Promise<string> => {
    return Buffer.from(options.store.emitEncrypted(await encryptAgain(file, { documents }, options))).toString()
  }
  const sides = documentsOf(versions)
  const ours = mergeDocuments(sides, 'ours')
  const texts = { ours: await write(ours.documents), theirs: '' }
  if (ours.conflicts.length === 0) return { text: texts.ours, conflicts: [] }
  texts.theirs = await write(mergeDocuments(sides, 'theirs').documents)
  return { text: conflictText(texts, options.labels), conflicts: ours.conflicts }
}

/** The side that the merge comes to as it is; null where it is neither. */
export function mergedSide(versions: FileVersions): Side | null {
  const { base, ours, theirs } = versions
  if (same(ours, theirs) || (base !== null && same(base, theirs))) return 'ours'
  return base !== null && same(base, ours) ? 'theirs' : null
}

function same(a: PlainFile, b: PlainFile): boolean {
  return isDataKey(a.dataKey, b.dataKey) && sameSettings(a.metadata, b.metadata) && sameValue(a.documents, b.documents)
}

function documentsOf({ base, ours, theirs }: FileVersions): Versions<readonly Branch[]> {
  return { base: base?.documents ?? [], ours: ours.documents, theirs: theirs.documents }
}

/** Data key, vectors and metadata of the merged file; its documents are still ours. */
async function mergedFile(versions: FileVersions, { wrap }: MergeOptions): Promise<PlainFile> {
  const { base, ours, theirs } = versions
  // A side that made a new data key did so on purpose: mostly to shut somebody out.
  const rotated = base !== null && isDataKey(base.dataKey, ours.dataKey) && !isDataKey(base.dataKey, theirs.dataKey)
  const [main, other] = rotated ? [theirs, ours] : [ours, theirs]
  const { dataKey } = main
  const metadata = mergedMetadata(versions)
  const known = isDataKey(dataKey, other.dataKey) ? joined(main.metadata, other.metadata) : main.metadata
  const stash = new IvStash()
  for (const one of [base, other, main]) if (one !== null && isDataKey(one.dataKey, dataKey)) stash.addAll(one.stash)
  return {
    documents: main.documents,
    metadata: await rewrapDataKey(known, metadata, { dataKey, wrap }),
    dataKey,
    stash,
  }
}

/** The keys of both, with what each has wrapped of the same data key. */
function joined(a: Metadata, b: Metadata): Metadata {
  const [first = [], ...others] = a.keyGroups
  if (others.length > 0 || b.keyGroups.length !== 1) return a
  return { ...a, keyGroups: [[...first, ...b.keyGroups.flat().filter((key) => !has(first, key))]] }
}

function mergedMetadata({ base, ours, theirs }: FileVersions): Metadata {
  const sides = { base: base?.metadata ?? null, ours: ours.metadata, theirs: theirs.metadata }
  const { rule, macOnlyEncrypted } = chosen(sides, 'rules', (a, b) =>
    sameSettings({ ...a, keyGroups: [], shamirThreshold: 0 }, { ...b, keyGroups: [], shamirThreshold: 0 }),
  )
  return { ...sides.ours, ...mergedGroups(sides), rule, macOnlyEncrypted }
}

type MetadataVersions = { readonly base: Metadata | null } & Omit<Versions<Metadata>, 'base'>

function mergedGroups(sides: MetadataVersions): Pick<Metadata, 'keyGroups' | 'shamirThreshold'> {
  const all = [sides.base, sides.ours, sides.theirs]
  if (all.some((side) => side !== null && side.keyGroups.length !== 1)) {
    const { keyGroups, shamirThreshold } = chosen(
      sides,
      'key groups',
      (a, b) => sameGroups(a.keyGroups, b.keyGroups) && thresholdOf(a) === thresholdOf(b),
    )
    return { keyGroups, shamirThreshold }
  }
  const [base, ours = [], theirs = []] = all.map((side) => side?.keyGroups[0])
  return { keyGroups: [mergedKeys(base, ours, theirs)], shamirThreshold: 0 }
}

/** Keys that a side added are there, keys that a side took away are not. */
function mergedKeys(base: KeyGroup | undefined, ours: KeyGroup, theirs: KeyGroup): KeyEntry[] {
  const added = theirs.filter((key) => !has(ours, key))
  if (base === undefined) return [...ours, ...added]
  const kept = ours.filter((key) => has(theirs, key) || !has(base, key))
  return [...kept, ...added.filter((key) => !has(base, key))]
}

/** What the side that changed something says of it. */
function chosen(sides: MetadataVersions, what: string, isSame: (a: Metadata, b: Metadata) => boolean): Metadata {
  const { base, ours, theirs } = sides
  if (isSame(ours, theirs) || (base !== null && isSame(base, theirs))) return ours
  if (base !== null && isSame(base, ours)) return theirs
  throw new CoreError('METADATA_INVALID', `both sides changed the ${what} of the file, each in another way`, {
    hint: 'give both versions the same first, with: sealkit rotate --update-keys',
  })
}

function isDataKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
