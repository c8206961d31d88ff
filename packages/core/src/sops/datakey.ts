import { randomFillSync } from 'node:crypto'
import { CoreError, SealkitError } from '../error.ts'
import type { Attempts, GroupResult } from './attempts.ts'
import { type KeyEntry, keyName, keyTable } from './keygroup.ts'
import type { Metadata } from './metadata.ts'
import type { Random } from './value.ts'

const dataKeyLength = 32

/** What an attempt with a master key is given. */
export interface AttemptOptions {
  /** Ends the attempt: its result is no longer wanted. */
  readonly signal?: AbortSignal
}

/** Wraps one part of a data key with one master key; throws where that key fails. */
export type Wrap = (part: Uint8Array, key: KeyEntry, options?: AttemptOptions) => Promise<KeyEntry>

/** Unwraps one part of a data key; throws where the key cannot do it. */
export type Unwrap = (key: KeyEntry, options?: AttemptOptions) => Promise<Uint8Array>

/** 32 random bytes. */
export function newDataKey(random: Random = randomFillSync): Uint8Array {
  const key = new Uint8Array(dataKeyLength)
  random(key)
  return key
}

/** What became of one master key. */
export interface KeyFailure {
  readonly key: KeyEntry
  readonly error: unknown
}

/** The error of {@link wrapDataKey} and {@link unwrapDataKey} where master keys failed. */
export class DataKeyError extends CoreError {
  /** Per key group, what failed; null for a group that was recovered. */
  readonly groups: readonly (readonly KeyFailure[] | null)[]

  constructor(message: string, groups: readonly (readonly KeyFailure[] | null)[], options: { hint: string }) {
    super('DATA_KEY_UNAVAILABLE', message, options)
    this.groups = groups
  }
}

/**
 * Wraps a data key with every master key of the file: whole for one group, one Shamir share a group for several. Every
 * key must succeed.
 *
 * @throws `DATA_KEY_UNAVAILABLE` as {@link DataKeyError}, `METADATA_INVALID` without keys, `INVALID_KEY` for a bad threshold.
 */
export async function wrapDataKey(
  metadata: Metadata,
  dataKey: Uint8Array,
  options: { wrap: Wrap; random?: Random },
): Promise<Metadata> {
  const { keyGroups } = metadata
  if (keyGroups.length === 0) throw noKeys('no key groups provided')
  if (keyGroups.some((group) => group.length === 0)) throw noKeys('empty key group provided')
  const shamirThreshold =
    keyGroups.length > 1 && metadata.shamirThreshold === 0 ? keyGroups.length : metadata.shamirThreshold
  const parts = await partsFor({ ...metadata, shamirThreshold }, dataKey, options.random ?? randomFillSync)
  const failures: KeyFailure[] = []
  const wrapped: KeyEntry[][] = []
  for (const [index, group] of keyGroups.entries()) {
    const done: KeyEntry[] = []
    for (const key of group) {
      try {
        done.push(await options.wrap(parts[index] ?? dataKey, key))
      } catch (error) {
        failures.push({ key, error })
      }
    }
    wrapped.push(done)
  }
  if (failures.length > 0) throw wrapFailure(failures)
  return { ...metadata, shamirThreshold, keyGroups: wrapped }
}

async function partsFor(metadata: Metadata, dataKey: Uint8Array, random: Random): Promise<Uint8Array[]> {
  const parts = metadata.keyGroups.length
  if (parts === 1) return [dataKey]
  const { split } = await import('./shamir.ts')
  return split(dataKey, { parts, threshold: metadata.shamirThreshold, random })
}

/** How a data key is recovered. */
export interface UnwrapOptions {
  readonly unwrap: Unwrap
  /** Kinds of master key to ask first: age and pgp where it is absent. */
  readonly order?: readonly string[] | undefined
  /** Timing of attempts at the same time; `one by one` asks every group, and in it key after key, as sops does. */
  readonly attempts?: Attempts | 'one by one' | undefined
}

/**
 * Recovers a data key. Kinds in `order` come first; the first key of a group that works gives the group's part.
 *
 * @throws `DATA_KEY_UNAVAILABLE` as {@link DataKeyError} where too few groups were recovered.
 */
export async function unwrapDataKey(metadata: Metadata, options: UnwrapOptions): Promise<Uint8Array> {
  const { keyGroups, shamirThreshold } = metadata
  const shared = keyGroups.length > 1
  const needed = shared ? shamirThreshold : 1
  const ordered = keyGroups.map((group) => inOrder(group, options.order ?? ['age', 'pgp']))
  const results = await askGroups(ordered, options, needed)
  const parts = results.filter((result) => result instanceof Uint8Array)
  if (parts.length < needed) {
    const groups = results.map((result) => (result instanceof Uint8Array ? null : (result ?? [])))
    throw unwrapFailure(groups, { needed, recovered: parts.length, shared })
  }
  if (shared) return (await import('./shamir.ts')).combine(parts)
  const [dataKey] = parts
  if (dataKey === undefined) throw noKeys('no key groups provided')
  return dataKey
}

/** One key needs no timing, and the module for it is not loaded. */
async function askGroups(
  groups: readonly (readonly KeyEntry[])[],
  { unwrap, attempts = {} }: UnwrapOptions,
  needed: number,
): Promise<GroupResult[]> {
  const alone = groups.length === 1 && groups[0]?.length === 1 && keyTable[groups[0][0]?.kind ?? 'age'].remote !== true
  if (attempts !== 'one by one' && !alone) {
    return (await import('./attempts.ts')).askTogether(groups, unwrap, { ...attempts, needed })
  }
  const results: GroupResult[] = []
  for (const group of groups) results.push(await unwrapGroup(group, unwrap))
  return results
}

async function unwrapGroup(group: readonly KeyEntry[], unwrap: Unwrap): Promise<Uint8Array | readonly KeyFailure[]> {
  const failures: KeyFailure[] = []
  for (const key of group) {
    try {
      return await unwrap(key)
    } catch (error) {
      failures.push({ key, error })
    }
  }
  return failures
}

/** Kinds that the order names come first, in its order; the rest keep the file's. */
function inOrder(group: readonly KeyEntry[], order: readonly string[]): readonly KeyEntry[] {
  const rank = (key: KeyEntry): number => (order.includes(key.kind) ? order.lastIndexOf(key.kind) : order.length)
  return [...group].sort((a, b) => rank(a) - rank(b))
}

function wrapFailure(failures: readonly KeyFailure[]): DataKeyError {
  const names = failures.map(({ key }) => `${key.kind} ${keyName(key)}`).join(', ')
  return new DataKeyError(`the data key could not be wrapped with ${names}: ${reason(failures)}`, [failures], {
    hint: 'every master key must be reachable to encrypt',
  })
}

function unwrapFailure(
  groups: readonly (readonly KeyFailure[] | null)[],
  { needed, recovered, shared }: { needed: number; recovered: number; shared: boolean },
): DataKeyError {
  const failures = groups.flatMap((group) => group ?? [])
  const message = shared
    ? `${recovered} of the ${needed} key groups that the file needs gave their part of the data key: ${reason(failures)}`
    : `no master key of the file gave the data key: ${reason(failures)}`
  return new DataKeyError(message, groups, { hint: hintOf(failures) })
}

function reason(failures: readonly KeyFailure[]): string {
  const messages = failures.map(({ error }) => (error instanceof Error ? error.message : String(error)))
  return [...new Set(messages)].join('; ')
}

function hintOf(failures: readonly KeyFailure[]): string {
  for (const { error } of failures) if (error instanceof SealkitError && error.hint !== undefined) return error.hint
  return 'see that a private key of one of the recipients is in reach'
}

function noKeys(upstream: string): CoreError {
  return new CoreError('METADATA_INVALID', upstream, {
    hint: 'name at least one master key, for example with --age, or a creation rule in .sops.yaml',
    upstream,
  })
}
