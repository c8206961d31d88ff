import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeScalar, readDocuments, type YamlNode } from '@sealkit/core/yaml'
import { inputOf, type RecordedNode, upstreamOf, yamlVectors } from './vectors.ts'

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

describe('yaml.v3 nodes', () => {
  for (const vector of yamlVectors()) {
    test(vector.id, () => {
      const documents: YamlNode[] = []
      const error = upstreamOf(() => {
        for (const document of readDocuments(inputOf(vector))) documents.push(document)
      })
      assert.deepEqual(documents.map(record).map(normal), vector.resolved.map(normal))
      assert.equal(error, vector.resolvedError)
    })
  }
})
