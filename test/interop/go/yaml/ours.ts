import { formatFloat } from '@sealkit/core/go'
import {
  decodeScalar,
  emitDocuments,
  marshalYaml,
  parseYaml,
  readDocuments,
  type YamlNode,
  yamlToJson,
} from '@sealkit/core/yaml'
import type { Answer, Question, RecordedNode } from './program.ts'

const KINDS = { document: 1, sequence: 2, mapping: 4, scalar: 8, alias: 16 } as const
const STYLES = { double: 2, single: 4, literal: 8, folded: 16, flow: 32 } as const

/** What we make of a text, in the form of the Go program's answer. */
export function respond({ text, indent }: Question): Answer {
  const nodes: YamlNode[] = []
  const nodesError = attempt(() => {
    for (const document of readDocuments(text)) nodes.push(document)
  })
  let emit = ''
  let json = ''
  let yaml = ''
  const emitError = attempt(() => {
    emit = emitDocuments(nodes, { indent })
  })
  const jsonError = attempt(() => {
    json = yamlToJson(text)
  })
  const yamlError = attempt(() => {
    yaml = marshalYaml(parseYaml(text))
  })
  return { nodes: nodes.map(record), nodesError, emit, emitError, json, jsonError, yaml, yamlError, nanos: 0 }
}

/** Go's text of the error, empty for none. An error of ours without one is a bug, and thrown. */
function attempt(run: () => void): string {
  try {
    run()
    return ''
  } catch (error) {
    const { upstream } = error as { upstream?: string }
    if (upstream === undefined) throw error
    return upstream
  }
}

function record(node: YamlNode): RecordedNode {
  return [
    KINDS[node.kind],
    (node.tagged ? 1 : 0) + (node.style === undefined ? 0 : STYLES[node.style]),
    node.tag,
    node.value,
    node.anchor ?? '',
    node.headComment ?? '',
    node.lineComment ?? '',
    node.footComment ?? '',
    node.line,
    node.column,
    decoded(node),
    node.content.map(record),
  ]
}

function decoded(node: YamlNode): string {
  if (node.kind !== 'scalar') return ''
  let text = ''
  const error = attempt(() => {
    text = show(node)
  })
  return error === '' ? text : `error: ${error}`
}

function show(node: YamlNode): string {
  const scalar = decodeScalar(node)
  switch (scalar.kind) {
    case 'null':
      return 'null'
    case 'string':
      return `string: ${Buffer.from(scalar.value).toString('hex')}`
    case 'bytes':
      return `string: ${Buffer.from(scalar.value).toString('hex')}`
    case 'float':
      return `float64: ${formatFloat(scalar.value, 'g')}`
    case 'uint':
      return `uint64: ${scalar.value}`
    default:
      return `${scalar.kind}: ${scalar.value}`
  }
}
