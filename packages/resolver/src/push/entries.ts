import { compareUtf8 } from '@sealkit/core/go'
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
  for (const [index, to] of pushSecret.dataTo.entries()) {
    if (to.store !== null && !refersTo(to.store, store)) continue
    try {
      made.push(...(await expand(to, data, taken, render)))
    } catch (error) {
      throw prefixed(`spec.dataTo[${index}]: `, error, 'INVALID_PUSH_SECRET')
    }
  }
  const entries = [...pushSecret.data, ...made]
  const places = entries.map(placeOf)
  const twice = places.find((place, at) => places.indexOf(place) !== at)
  if (made.length > 0 && twice !== undefined) {
    throw new ResolverError('INVALID_PUSH_SECRET', `two entries write "${twice}"`, {
      hint: 'change match or rewrite of spec.dataTo, so that each key has a place of its own',
    })
  }
  return entries
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
    const [place] = await rewrite(to.rewrite, new Map([[key, new Uint8Array()]]), render)
    entries.push({ secretKey: key, remoteKey: place?.[0] ?? key, property: '', metadata, conversion, keys: null })
  }
  return entries
}

function matcher(pattern: string): (key: string) => boolean {
  if (pattern === '') return () => true
  try {
    const compiled = compile(pattern)
    return (key) => compiled.test(key)
  } catch (error) {
    throw patternError('match.regexp does not compile: ', error, 'INVALID_PUSH_SECRET')
  }
}

/** The data with its keys as they were before an ExternalSecret's conversion `Unicode`. */
export function reversed(conversion: PushConversion, data: Values): Values {
  if (conversion === 'None') return data
  const decode = (key: string): string =>
    key.replace(/_U([0-9a-fA-F]{4,6})_/g, (whole, digits: string) => {
      const point = Number.parseInt(digits, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole
    })
  return new Map([...data].map(([key, value]) => [decode(key), value]))
}
