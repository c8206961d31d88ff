import { compareUtf8, quote } from '@sealkit/core/go'
import { compile } from '@sealkit/core/go/regexp'
import { selects } from '../condition.ts'
import type { Values } from '../convert.ts'
import { patternError, prefixed, ResolverError } from '../error.ts'
import { rewrite } from '../rewrite.ts'
import type { Render } from '../template.ts'
import type { PushConversion, PushDataTo, PushEntry, PushSecret, PushStoreRef } from './spec.ts'

/** A store as references choose it. */
export interface PushStore {
  readonly kind: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Whether a reference means a store. */
export function refersTo({ kind, name, selector }: PushStoreRef, store: PushStore): boolean {
  if (kind !== store.kind) return false
  return name === '' && selector !== null ? selects(selector, store.labels) : name === store.name
}

/**
 * What goes to one store: the entries of `data`, and those that `dataTo` makes of the keys that no entry of `data`
 * takes.
 *
 * @throws {ResolverError} `INVALID_PUSH_SECRET` for a pattern that does not compile, or when two would write one place
 */
export async function pushEntries(
  pushSecret: PushSecret,
  store: PushStore,
  data: Values,
  render?: Render,
): Promise<readonly PushEntry[]> {
  const taken = new Set(pushSecret.data.map(({ secretKey }) => secretKey))
  const made: PushEntry[] = []
  const sources = new Map<string, string>()
  for (const [index, to] of pushSecret.dataTo.filter((to) => refersTo(to.store, store)).entries()) {
    try {
      const entries = await expand(to, data, taken, render)
      for (const { remoteKey, secretKey } of entries) {
        refuseSame(sources.get(remoteKey), remoteKey, secretKey)
        sources.set(remoteKey, `dataTo[${index}]:${secretKey}`)
      }
      made.push(...entries)
    } catch (error) {
      throw prefixed(`failed to expand dataTo: dataTo[${index}]: `, error, 'INVALID_PUSH_SECRET')
    }
  }
  const entries = [...made, ...pushSecret.data]
  refuseTwice(entries)
  return entries
}

/** Refuses a key of `dataTo` that goes where another one goes. @throws {ResolverError} `INVALID_PUSH_SECRET` */
function refuseSame(other: string | undefined, remoteKey: string, secretKey: string): void {
  if (other === undefined) return
  const same = `duplicate remote key ${quote(remoteKey)} from source key ${quote(secretKey)}`
  throw new ResolverError('INVALID_PUSH_SECRET', `${same} (conflicts with ${other})`, {
    hint: 'change match or rewrite of spec.dataTo, so that each key has a place of its own',
  })
}

/** Refuses entries of which one would overwrite the other. @throws {ResolverError} `INVALID_PUSH_SECRET` */
function refuseTwice(entries: readonly PushEntry[]): void {
  const seen = new Map<string, PushEntry>()
  for (const entry of entries) {
    const place = JSON.stringify([entry.remoteKey, entry.property])
    const first = seen.get(place)
    seen.set(place, entry)
    if (first === undefined) continue
    const key = `duplicate remote key ${quote(entry.remoteKey)}`
    const where = entry.property === '' ? key : `${key} with property ${quote(entry.property)}`
    const sources = `source keys ${quote(first.secretKey)} and ${quote(entry.secretKey)}`
    throw new ResolverError(
      'INVALID_PUSH_SECRET',
      `failed to merge data entries: ${where}: ${sources} both map to the same destination`,
      { hint: 'give each key of the Secret a place of its own' },
    )
  }
}

/** Where an entry is written, as the status names it: `remoteKey`, or `remoteKey/property`. */
export function placeOf({ remoteKey, property }: Pick<PushEntry, 'remoteKey' | 'property'>): string {
  return property === '' ? remoteKey : `${remoteKey}/${property}`
}

async function expand(
  to: PushDataTo,
  data: Values,
  taken: ReadonlySet<string>,
  render: Render | undefined,
): Promise<PushEntry[]> {
  const matches = matcher(to.match)
  const keys = [...reversed(to.conversion, data).keys()].filter(matches).sort(compareUtf8)
  const { remoteKey, metadata, conversion } = to
  if (remoteKey !== '') return [{ secretKey: '', remoteKey, property: '', metadata, conversion, keys: new Set(keys) }]
  const free = keys.filter((key) => !taken.has(key))
  const entries: PushEntry[] = []
  for (const key of free) {
    const place = await rewritten(to, key, render)
    if (place === '') {
      throw new ResolverError('INVALID_PUSH_SECRET', `empty remote key produced for source key ${quote(key)}`)
    }
    entries.push({ secretKey: key, remoteKey: place, property: '', metadata, conversion, keys: null })
  }
  return entries
}

async function rewritten(to: PushDataTo, key: string, render: Render | undefined): Promise<string> {
  try {
    const [place = ''] = (await rewrite(to.rewrite, new Map([[key, new Uint8Array()]]), render)).keys()
    return place
  } catch (error) {
    throw prefixed('rewrite failed: ', error, 'INVALID_PUSH_SECRET')
  }
}

function matcher(pattern: string): (key: string) => boolean {
  if (pattern === '') return () => true
  try {
    const compiled = compile(pattern)
    return (key) => compiled.test(key)
  } catch (error) {
    const failed = `match failed: failed to compile regexp pattern ${quote(pattern)}: `
    throw patternError(failed, error, 'INVALID_PUSH_SECRET')
  }
}

/**
 * The data with its keys as they were before an ExternalSecret's conversion `Unicode`.
 *
 * @throws {ResolverError} `KEY_COLLISION` when two keys become one
 */
export function reversed(conversion: PushConversion, data: Values): Values {
  if (conversion === 'None') return data
  const decode = (key: string): string =>
    key.replace(/_U([0-9a-fA-F]{4,6})_/g, (whole, digits: string) => {
      const point = Number.parseInt(digits, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    })
  const decoded = new Map<string, Uint8Array>()
  for (const [key, value] of data) {
    const name = decode(key)
    if (decoded.has(name)) {
      const collision = `secret name collision during conversion: ${name}`
      throw new ResolverError('KEY_COLLISION', `could not apply conversion strategy to keys: ${collision}`)
    }
    decoded.set(name, value)
  }
  return decoded
}
