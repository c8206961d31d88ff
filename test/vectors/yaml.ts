import { isDeepStrictEqual } from 'node:util'
import {
  decodeScalar,
  emitDocuments,
  marshalYaml,
  parseDocuments,
  parseYaml,
  readDocuments,
  type YamlNode,
  yamlToJson,
} from '@sealkit/core/yaml'
import type { Difference, Vector } from './vector.ts'

/** One node as recorded from Go; see the field list in `test/vectors/README.md`. */
interface RecordedNode {
  k: 'doc' | 'map' | 'seq' | 'scalar' | 'alias'
  tag?: string
  v?: string
  style?: string
  anchor?: string
  hc?: string
  lc?: string
  fc?: string
  c?: RecordedNode[]
  go?: { type?: string; value?: string; valueB64?: string; error?: string }
}

/** One line of yaml.jsonl, as far as core/yaml answers for it. */
interface YamlVector {
  id: string
  group: string
  input?: string
  inputB64?: string
  resolved: RecordedNode[]
  resolvedError?: string
  sopsEmit?: string
  sopsEmitError?: string
  k8sToJSON?: string
  k8sToJSONError?: string
  k8sToJSONSeen?: string[]
  k8sEmit?: string
  k8sEmitError?: string
  k8sEmitSeen?: string[]
  k8sUnstable?: boolean
}

/** The text of a vector, as bytes where it is no valid UTF-8. */
function inputOf(vector: YamlVector): string | Uint8Array {
  return vector.inputB64 === undefined ? (vector.input ?? '') : Buffer.from(vector.inputB64, 'base64')
}

/** Go's error text, or null. */
function upstreamOf(run: () => void): string | undefined {
  try {
    run()
  } catch (error) {
    return (error as { upstream?: string }).upstream ?? String(error)
  }
  return undefined
}

const KINDS = { document: 'doc', mapping: 'map', sequence: 'seq', scalar: 'scalar', alias: 'alias' } as const

/** A node in the form of the vectors, without the fields that are empty. */
function record(node: YamlNode): RecordedNode {
  const style = [node.style, node.tagged && 'tagged'].filter(Boolean).join('+')
  const recorded: Record<string, unknown> = {
    k: KINDS[node.kind],
    tag: node.tag,
    v: node.value,
    style,
    anchor: node.anchor,
    hc: node.headComment,
    lc: node.lineComment,
    fc: node.footComment,
    go: node.kind === 'scalar' ? recordValue(node) : undefined,
    c: node.content.length > 0 ? node.content.map(record) : undefined,
  }
  const kept = Object.entries(recorded).filter(([key, value]) => value || (key === 'v' && node.kind === 'scalar'))
  return Object.fromEntries(kept) as unknown as RecordedNode
}

function recordValue(node: YamlNode): RecordedNode['go'] {
  let error: string | undefined
  try {
    const scalar = decodeScalar(node)
    switch (scalar.kind) {
      case 'null':
        return { type: 'nil', value: 'null' }
      case 'string':
        return scalar.value === node.value ? undefined : { type: 'string', value: scalar.value }
      case 'bytes': {
        const text = Buffer.from(scalar.value).toString('utf8')
        if (text === node.value) return undefined
        if (Buffer.from(text).equals(scalar.value)) return { type: 'string', value: text }
        return { type: 'string', valueB64: Buffer.from(scalar.value).toString('base64') }
      }
      case 'uint':
        return { type: 'uint64', value: String(scalar.value) }
      case 'float':
        return { type: 'float64', value: String(scalar.value) }
      default:
        return { type: scalar.kind, value: String(scalar.value) }
    }
  } catch (thrown) {
    error = (thrown as { upstream?: string }).upstream
  }
  return error === undefined ? undefined : { error }
}

/** Floats are compared as numbers: how Go prints them is the business of core/go. */
function normal(node: RecordedNode): RecordedNode {
  const copy = { ...node }
  delete copy.go
  if (node.go !== undefined) {
    const value = node.go.value?.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity')
    copy.go = node.go.type === 'float64' ? { type: 'float64', value: String(Number(value)) } : { ...node.go }
  }
  if (node.c !== undefined) copy.c = node.c.map(normal)
  return copy
}

/** A run's answer in the form of the `Seen` lists. */
function answer(run: () => string): string {
  let text = ''
  const error = upstreamOf(() => {
    text = run()
  })
  return error === undefined ? text : `error: ${error}`
}

/** Go's answer, or its answers where the order of its maps changes them. */
function recorded(text: string | undefined, error: string | undefined, seen?: string[]): string[] {
  return seen ?? [error === undefined ? (text ?? '') : `error: ${error}`]
}

/** The fields of go.yaml.in/yaml/v3 (nodes, encoder) and of sigs.k8s.io/yaml; those of sops' store are another's. */
export function evaluate(line: Vector): Difference | null {
  const vector = line as unknown as YamlVector
  const input = inputOf(vector)
  return nodesDifference(vector, input) ?? textDifference(vector, input)
}

function nodesDifference(vector: YamlVector, input: string | Uint8Array): Difference | null {
  const documents: YamlNode[] = []
  const error = upstreamOf(() => {
    for (const document of readDocuments(input)) documents.push(document)
  })
  const actual = documents.map(record).map(normal)
  const expected = vector.resolved.map(normal)
  if (!isDeepStrictEqual(actual, expected)) return { field: 'resolved', expected, actual }
  if (error === vector.resolvedError) return null
  return { field: 'resolvedError', expected: vector.resolvedError, actual: error }
}

function textDifference(vector: YamlVector, input: string | Uint8Array): Difference | null {
  const rows: readonly (readonly [field: string, expected: string[], run: () => string])[] = [
    [
      'sopsEmit',
      recorded(vector.sopsEmit, vector.sopsEmitError),
      () => emitDocuments(parseDocuments(input), { indent: 4 }),
    ],
    ['k8sToJSON', recorded(vector.k8sToJSON, vector.k8sToJSONError, vector.k8sToJSONSeen), () => yamlToJson(input)],
    ['k8sEmit', recorded(vector.k8sEmit, vector.k8sEmitError, vector.k8sEmitSeen), () => marshalYaml(parseYaml(input))],
  ]
  for (const [field, expected, run] of rows) {
    const actual = answer(run)
    if (!expected.includes(actual)) return { field, expected: expected[0], actual }
  }
  return null
}
