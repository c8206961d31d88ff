import { formatFloat } from '@sealkit/core/go'
import { decodeScalar, parseDocuments, type YamlNode, type YamlScalar } from '@sealkit/core/yaml'
import { ResolverError } from './error.ts'

const goType = 'map[string]string'

/**
 * A YAML map of strings, as sigs.k8s.io/yaml reads one: numbers and booleans become text, null becomes the empty
 * string.
 *
 * @throws {ResolverError} `TEMPLATE_FAILED` for everything else
 */
export function yamlStrings(text: string): Map<string, string> {
  const root = document(text)
  if (root === null) return new Map()
  if (root.kind !== 'mapping') {
    const kind = root.kind === 'sequence' ? 'array' : (jsonKinds[decodeScalar(root).kind] ?? 'string')
    throw wrongType(kind, goType)
  }
  const values = new Map<string, string>()
  for (let index = 0; index < root.content.length; index += 2) {
    const [key, value] = root.content.slice(index, index + 2)
    if (key !== undefined && value !== undefined) values.set(scalarText(key), scalarText(value))
  }
  return values
}

const jsonKinds: Readonly<Record<string, string>> = { bool: 'bool', int: 'number', uint: 'number', float: 'number' }

/** The content of the first document; null for an empty or null one. */
function document(text: string): YamlNode | null {
  let documents: YamlNode[]
  try {
    documents = parseDocuments(text)
  } catch (cause) {
    const upstream = cause instanceof Error && 'upstream' in cause ? String(cause.upstream) : ''
    throw new ResolverError('TEMPLATE_FAILED', `${failed}the rendered text is not valid YAML`, {
      cause,
      upstream: `${failed}error converting YAML to JSON: ${upstream}`,
    })
  }
  const root = resolved(documents[0]?.content[0])
  if (root === undefined || (root.kind === 'scalar' && decodeScalar(root).kind === 'null')) return null
  return root
}

const failed = "could not unmarshal template to 'map[string][]byte': "

function resolved(node: YamlNode | undefined): YamlNode | undefined {
  return node?.kind === 'alias' ? node.alias : node
}

function scalarText(written: YamlNode): string {
  const node = resolved(written)
  if (node === undefined || node.kind === 'sequence') throw wrongType('array', 'string')
  if (node.kind === 'mapping') throw wrongType('object', 'string')
  return texts(decodeScalar(node), node.value)
}

function texts(scalar: YamlScalar, written: string): string {
  if (scalar.kind === 'null') return ''
  if (scalar.kind === 'string') return scalar.value
  if (scalar.kind === 'float') return formatFloat(scalar.value, 'g', -1)
  if (scalar.kind === 'int' || scalar.kind === 'uint' || scalar.kind === 'bool') return String(scalar.value)
  return written
}

function wrongType(kind: string, type: string): ResolverError {
  const message = `json: cannot unmarshal ${kind} into Go value of type ${type}`
  return new ResolverError('TEMPLATE_FAILED', `${failed}error unmarshaling JSON: while decoding JSON: ${message}`)
}
