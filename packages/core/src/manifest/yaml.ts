import { CoreError } from '../error.ts'
import { formatFloat, formatJsonFloat, type JsonMember, type JsonNode } from '../go/index.ts'
import { Composer } from '../yaml/composer.ts'
import type { YamlNode } from '../yaml/index.ts'
import { decodeBinary, resolveScalar, type YamlScalar } from '../yaml/resolve.ts'
import { shortTag } from '../yaml/schema.ts'
import type { FieldType, ObjectType } from './schema.ts'

/**
 * The documents of a stream, split as apimachinery's `YAMLReader` does: at lines that start with `---`. Such a line with
 * anything but a comment behind the dashes is an error, and takes the document in front of it with it.
 */
export function splitDocuments(input: string | Uint8Array): (string | Uint8Array | CoreError)[] {
  const text = typeof input === 'string' ? input : decodeUtf16(input)
  if (text === null) return [input]
  const documents: (string | CoreError)[] = []
  let lines: string[] = []
  const finish = (): void => {
    if (lines.length > 0) documents.push(`${lines.join('\n')}\n`)
    lines = []
  }
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (!line.startsWith('---')) lines.push(line.replace(/\r$/, ''))
    else if (/^---\s*(?:#|$)/.test(line)) finish()
    else {
      lines = []
      documents.push(new CoreError('YAML_SYNTAX', 'text follows the document separator on its line'))
    }
  }
  finish()
  return documents
}

/** UTF-16 text with a byte order mark; null for bytes of any other kind, which the YAML reader refuses. */
function decodeUtf16(input: Uint8Array): string | null {
  const mark = ((input[0] ?? 0) << 8) | (input[1] ?? 0)
  if (mark !== 0xfeff && mark !== 0xfffe) return null
  return new TextDecoder(mark === 0xfeff ? 'utf-16be' : 'utf-16le').decode(input)
}

/**
 * Reads the first document of a YAML text to JSON as sigs.k8s.io/yaml does for a Go struct: by YAML 1.1's rules, and
 * where the struct wants a string, numbers and booleans become one; without a struct they stay what they are.
 *
 * @throws YAML_SYNTAX
 */
export function readDocument(text: string | Uint8Array, type: ObjectType | undefined): JsonNode {
  const document = new Composer(text, 'v2').next()
  const [root] = document?.content ?? []
  return root === undefined ? { kind: 'null' } : new Converter().convert(root, type)
}

/** Far more than any manifest has; a text of a few lines can name billions by aliases. */
const maxNodes = 1_000_000
const maxDepth = 1_000

class Converter {
  readonly #open = new Set<YamlNode>()
  #nodes = 0

  convert(node: YamlNode, type: FieldType | undefined): JsonNode {
    this.#nodes++
    if (this.#nodes > maxNodes || this.#open.size > maxDepth) throw tooLarge()
    if (node.kind === 'scalar') return scalar(node, type)
    const target = node.kind === 'alias' ? node.alias : node
    if (target === undefined || this.#open.has(target)) throw refused('an anchor contains itself')
    if (target.kind === 'scalar') return scalar(target, type)
    this.#open.add(target)
    const items = target.kind === 'mapping' ? this.#mapping(target, type) : this.#sequence(target, type)
    this.#open.delete(target)
    return items
  }

  #sequence(node: YamlNode, type: FieldType | undefined): JsonNode {
    const of = type?.kind === 'list' ? type.of : undefined
    return { kind: 'array', items: node.content.map((item) => this.convert(item, of)) }
  }

  #mapping(node: YamlNode, type: FieldType | undefined): JsonNode {
    const members = new Map<string, JsonMember>()
    for (let index = 0; index < node.content.length; index += 2) {
      const [key, value] = node.content.slice(index, index + 2)
      if (key === undefined || value === undefined) continue
      for (const member of isMerge(key) ? this.#merged(value, type) : [this.#member(key, value, type)]) {
        members.set(member.key, member)
      }
    }
    return { kind: 'object', members: [...members.values()] }
  }

  #member(key: YamlNode, value: YamlNode, type: FieldType | undefined): JsonMember {
    const name = keyText(key)
    return { key: name, value: this.convert(value, memberType(type, name)) }
  }

  /** What `<<` brings in: the members of a mapping, or of several, of which the first wins. */
  #merged(node: YamlNode, type: FieldType | undefined): readonly JsonMember[] {
    const target = node.kind === 'alias' && node.alias !== undefined ? node.alias : node
    const sources = target.kind === 'sequence' ? [...target.content].reverse() : [node]
    return sources.flatMap((source) => {
      const merged = this.convert(source, type)
      if (merged.kind !== 'object') throw refused('a merge key needs a mapping')
      return merged.members
    })
  }
}

function memberType(type: FieldType | undefined, key: string): FieldType | undefined {
  // A custom decoder reads the lenient map, so nothing is known about its values.
  if (type?.kind === 'map') return type.lenient ? undefined : type.of
  if (type?.kind !== 'object') return undefined
  const exact = type.fields.find(({ name }) => name === key)
  return (exact ?? type.fields.find(({ name }) => name.toLowerCase() === key.toLowerCase()))?.type
}

function isMerge(key: YamlNode): boolean {
  const tag = shortTag(key.tag)
  return key.kind === 'scalar' && key.value === '<<' && (tag === '!!merge' || (tag === '' && key.style === undefined))
}

/** YAML 1.1 keys that are no strings are written as one. */
function keyText(node: YamlNode): string {
  const target = node.kind === 'alias' && node.alias !== undefined ? node.alias : node
  if (target.kind !== 'scalar') throw refused('a key is no scalar')
  const key = resolve(target)
  if (key.kind === 'string' || key.kind === 'time') return target.value
  if (key.kind === 'bytes') return new TextDecoder().decode(key.value)
  if (key.kind === 'float') return floatKeys[String(key.value)] ?? float32Text(key.value)
  if (key.kind === 'null') throw refused('a key is null')
  return String(key.value)
}

const floatKeys: Readonly<Record<string, string>> = { Infinity: '.inf', '-Infinity': '-.inf', NaN: '.nan' }

function scalar(node: YamlNode, type: FieldType | undefined): JsonNode {
  const value = resolve(node)
  const text = type?.kind === 'string'
  switch (value.kind) {
    case 'null':
      return value
    case 'string':
    case 'time':
      return { kind: 'string', value: node.value }
    case 'bytes':
      return { kind: 'string', value: new TextDecoder().decode(value.value) }
    case 'bool':
      return text ? { kind: 'string', value: String(value.value) } : value
    case 'float':
      if (text) return { kind: 'string', value: float32Text(value.value) }
      return { kind: 'number', text: formatJsonFloat(value.value) }
    default:
      return text ? { kind: 'string', value: String(value.value) } : { kind: 'number', text: String(value.value) }
  }
}

/** What a scalar is by YAML 1.1, as yaml.v2 decodes it into `any`. */
function resolve(node: YamlNode): YamlScalar {
  const tag = shortTag(node.tag)
  const quoted = node.style !== undefined && (tag === '' || tag === '!')
  if (quoted || tag === '!') return { kind: 'string', value: node.value }
  if (tag === '!!binary') return { kind: 'bytes', value: decodeBinary(node.value) }
  return resolveScalar(tag, node.value, 'v2')
}

/** Go's shortest text of the number as a float32, `strconv.FormatFloat(x, 'g', -1, 32)`. */
function float32Text(value: number): string {
  const single = Math.fround(value)
  if (Object.is(single, -0)) return '-0'
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits))
    if (Math.fround(shorter) === single) return formatFloat(shorter, 'g')
  }
  return formatFloat(Number.isFinite(single) ? Number(single.toPrecision(9)) : single, 'g')
}

function refused(what: string): CoreError {
  return new CoreError('YAML_SYNTAX', what)
}

function tooLarge(): CoreError {
  return new CoreError('YAML_SYNTAX', 'the document is too large once its aliases are written out')
}
