import type { ExternalSecret, FindQuery, GeneratorRef, StoreRef } from './externalsecret.ts'
import type { Location } from './provider.ts'

/** One thing to ask a backend for. */
export type Read =
  | { readonly use: 'get'; readonly store: StoreRef; readonly location: Location }
  | { readonly use: 'find'; readonly store: StoreRef; readonly query: FindQuery }
  | { readonly use: 'generate'; readonly generator: GeneratorRef; readonly field: string }

/** An entry and the read that it needs. */
export interface PlannedEntry {
  /** `spec.dataFrom[0]` or `spec.data[2]`. */
  readonly field: string
  /** Index into {@link Plan.reads}. */
  readonly read: number
}

/** The distinct reads that an ExternalSecret needs, in the order in which entries first need them. */
export interface Plan {
  readonly reads: readonly Read[]
  /** `dataFrom` then `data`, the order of evaluation. */
  readonly entries: readonly PlannedEntry[]
}

/**
 * Plans an ExternalSecret without asking anybody: entries that need the same remote secret share one read, whatever
 * properties they take of it. Generators run once for each entry.
 *
 * `readsProperty` says which stores answer differently for different properties.
 */
export function plan(externalSecret: ExternalSecret, readsProperty: (store: StoreRef) => boolean = () => false): Plan {
  const reads = new Map<string, Read>()
  const numbers = new Map<string, number>()
  const add = (read: Read): number => {
    const key = readKey(read)
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    reads.set(key, read)
    return number
  }
  const get = (store: StoreRef, ref: Location & { readonly property: string }): Read => {
    const { key, version, metadataPolicy, property } = ref
    const location = { key, version, metadataPolicy }
    return { use: 'get', store, location: readsProperty(store) ? { ...location, property } : location }
  }
  const entries: PlannedEntry[] = []
  for (const [index, entry] of externalSecret.dataFrom.entries()) {
    const field = `spec.dataFrom[${index}]`
    if (entry.use === 'extract') entries.push({ field, read: add(get(entry.store, entry.extract)) })
    else if (entry.use === 'find') entries.push({ field, read: add(find(entry.store, entry.find)) })
    else entries.push({ field, read: add({ use: 'generate', generator: entry.generator, field }) })
  }
  for (const [index, entry] of externalSecret.data.entries()) {
    entries.push({ field: `spec.data[${index}]`, read: add(get(entry.store, entry.remoteRef)) })
  }
  return { reads: [...reads.values()], entries }
}

function find(store: StoreRef, { path, name, tags, conversionStrategy }: FindQuery): Read {
  return { use: 'find', store, query: { path, name, tags, conversionStrategy } }
}

/** A read as text: equal for equal reads. */
function readKey(read: Read): string {
  if (read.use === 'generate') return JSON.stringify(['generate', read.field])
  const store = [read.store.kind, read.store.name]
  if (read.use === 'get') {
    const { key, version, metadataPolicy, property = null } = read.location
    return JSON.stringify(['get', store, key, version, metadataPolicy, property])
  }
  const { path, name, tags, conversionStrategy } = read.query
  const pairs = tags === null ? null : Object.entries(tags).sort()
  return JSON.stringify(['find', store, path, name, pairs, conversionStrategy])
}

/** The plan for people: one line a read, with the entries that it serves. Names only, never a value. */
export function planText({ reads, entries }: Plan): string {
  const lines = reads.map((read, number) => {
    const served = entries.filter((entry) => entry.read === number).map((entry) => entry.field)
    return `${readText(read)} for ${served.join(', ')}\n`
  })
  return lines.join('')
}

function readText(read: Read): string {
  if (read.use === 'generate') return `generate ${read.generator.kind}/${read.generator.name}`
  const store = `${read.store.kind}/${read.store.name}`
  if (read.use === 'find') return `find in ${store} ${JSON.stringify(read.query)}`
  const { key, version, metadataPolicy } = read.location
  const parts = [`get ${key} from ${store}`]
  if (version !== '') parts.push(`version ${version}`)
  if (metadataPolicy === 'Fetch') parts.push('(metadata)')
  return parts.join(' ')
}
