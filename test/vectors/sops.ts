import { SealkitError } from '@sealkit/core'
import {
  type Branch,
  decryptDocuments,
  defaultRule,
  encryptDocuments,
  entry,
  newMetadata,
  openStore,
  type SopsFile,
  selector,
} from '@sealkit/core/sops'
import { compare, type Difference, fieldBytes, type Vector } from './vector.ts'

const store = await openStore('yaml')
const rule = await selector(defaultRule)
const dataKey = new Uint8Array(32)
const metadata = newMetadata({
  keyGroups: [[{ ...entry('age', { recipient: 'age1' }), enc: 'enc' }]],
  lastModified: '2024-01-01T00:00:00Z',
})

/** Answers the SOPS half of a vector of `yaml.jsonl`: the YAML store, the MAC and a round trip through encryption. */
export function evaluate(vector: Vector): Difference | null {
  const input = fieldBytes(vector, 'input') ?? new Uint8Array()
  let documents: readonly Branch[]
  let plain: string
  try {
    documents = store.load(input)
    plain = text(store.emit(documents))
  } catch (error) {
    return compare(recorded(vector, ['sopsStore', 'sopsStoreError']), { sopsStoreError: upstream(error) })
  }
  const actual = { sopsStore: plain, ...roundTrip(documents, plain) }
  const fields = ['sopsStore', 'sopsStoreError', 'sopsMAC', 'sopsRoundTrip', 'sopsRoundTripError']
  if (vector['sopsRoundTripUnstable'] === true) return compare(recorded(vector, fields.slice(0, 3)), without(actual))
  return compare(recorded(vector, fields), actual)
}

/**
 * Where sops loses or destroys a value and we keep it. A block that starts with a tab is null to Go; `<<` as a text is
 * written as a merge that Go then refuses.
 */
const kept: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'yaml-quoted-064': { sopsStore: 'k: "\\ta\\nb"\n' },
  // A block that starts with a blank has a wrong hint in a list.
  'yaml-quoted-066': { sopsStore: 'k:\n    - " lead\\nx"\n', sopsRoundTripError: undefined, sopsRoundTrip: undefined },
  'yaml-block-076': {
    sopsStore: 'k: |4\n\n     leading newline\nl:\n    - " a\\nb"\n',
    sopsRoundTripError: undefined,
    sopsRoundTrip: undefined,
  },
  'yaml-strval-012': { sopsStore: 'v0: |-\n    a\tb\n    c\nv1: "\\ta\\nb"\n' },
  'yaml-stritem-005': {
    sopsStore: 'l:\n    - "a\\tb"\n    - |-\n      a\tb\n      c\n    - "\\ta\\nb"\nm:\n    "n":\n        - "a\\tb"\n',
  },
  'yaml-strkey-005': {
    sopsStore: '"a\\tb": 0\n? |-\n    a\tb\n    c\n: 1\n? "\\ta\\nb"\n: 2\n',
    sopsRoundTripError: undefined,
  },
  'yaml-anchor-011': { sopsStore: 'm:\n    "<<": x\n', sopsRoundTripError: undefined },
}

function without({ sopsRoundTrip: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest
}

function recorded(vector: Vector, fields: readonly string[]): Record<string, unknown> {
  const entries = fields.flatMap((field) => {
    const bytes = fieldBytes(vector, field)
    return bytes === undefined ? [] : [[field, Buffer.from(bytes).toString()] as const]
  })
  const result: Record<string, unknown> = Object.fromEntries(entries)
  for (const [field, value] of Object.entries(kept[vector.id] ?? {})) {
    if (value === undefined) delete result[field]
    else if (fields.includes(field)) result[field] = value
  }
  return result
}

function roundTrip(documents: readonly Branch[], plain: string): Record<string, unknown> {
  const [first] = documents
  if (first === undefined)
    return { sopsRoundTripError: 'File cannot be completely empty, it must contain at least one document' }
  if (store.isReserved(first)) return { sopsRoundTripError: 'file has a top-level sops key' }
  const encrypted = attempt('encrypt', () => encryptDocuments({ documents, metadata }, rule, { dataKey }))
  if ('error' in encrypted) return { sopsRoundTripError: `encrypt: Error walking tree: ${encrypted.error}` }
  const { mac } = encrypted.value
  const again = attempt('reload', () => reload({ documents: encrypted.value.documents, metadata }))
  if ('error' in again) return { sopsMAC: mac, sopsRoundTripError: again.error }
  return again.value === plain ? { sopsMAC: mac } : { sopsMAC: mac, sopsRoundTrip: again.value }
}

function reload(file: SopsFile): string {
  const loaded = store.loadEncrypted(store.emitEncrypted(file))
  const { documents } = decryptDocuments(loaded, rule, { dataKey })
  return text(store.emit(documents))
}

function attempt<T>(step: string, work: () => T): { value: T } | { error: string } {
  try {
    return { value: work() }
  } catch (error) {
    return { error: step === 'encrypt' ? upstream(error) : `${step}: ${upstream(error)}` }
  }
}

function upstream(error: unknown): string {
  return error instanceof SealkitError ? (error.upstream ?? error.message) : String(error)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
