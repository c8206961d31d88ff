import { CoreError } from '../../error.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { decodeScalar } from '../../yaml/resolve.ts'
import { invalidKey, isComplexKey } from './yamlkey.ts'

/**
 * Refuses what sops refuses in the first document by decoding it into a map: keys that stand twice in one mapping,
 * documents that are no mapping, scalars that are not what their tag says.
 *
 * @throws `YAML_SYNTAX`
 */
export function checkFirstDocument(document: YamlNode): void {
  const problems: string[] = []
  const [root] = document.content
  if (root === undefined) return
  if (root.kind === 'scalar') checkScalar(root)
  if (root.kind === 'sequence' || (root.kind === 'scalar' && root.tag !== '!!null')) {
    problems.push(mistyped(root, 'map[string]interface {}'))
  } else {
    complexKeys(root, problems)
    new Walk(problems).node(root, 0)
  }
  if (problems.length === 0) return
  throw new CoreError('YAML_SYNTAX', redacted(problems), {
    hint: 'SOPS takes YAML mappings whose keys differ',
    upstream: `yaml: unmarshal errors:\n  ${problems.join('\n  ')}`,
  })
}

/** Messages without what Go quotes of the values. */
function redacted(problems: readonly string[]): string {
  return problems.map((problem) => problem.replace(/ `[\s\S]*`/, '')).join('; ')
}

/** What Go says of a node that it cannot read into a type; it quotes the text of all but plain collections. */
function mistyped({ line, tag, value }: YamlNode, type: string): string {
  const quoted = value.length > 10 ? `${value.slice(0, 7)}...` : value
  const shown = tag === '!!seq' || tag === '!!map' ? tag : `${tag} \`${quoted}\``
  return `line ${line}: cannot unmarshal ${shown} into ${type}`
}

/**
 * Refuses what would not end, or not soon: aliases that contain themselves or stand for too much (with yaml.v3's limits),
 * and nesting deeper than {@link maxDepth}. Sops looks at the first document only.
 *
 * @throws `YAML_SYNTAX`
 */
export function checkSize(document: YamlNode): void {
  new Walk(null).node(document, 0)
}

const maxDepth = 1000
// Up to this many nodes nearly all may come from aliases; from ten times as many on, a tenth.
const aliasRange = { low: 400_000, high: 4_000_000 }

/** One pass over a document with its aliases expanded. */
class Walk {
  /** Where problems of the values go; null to look at the size alone. */
  readonly #problems: string[] | null
  readonly #open = new Set<YamlNode>()
  #nodes = 0
  #aliased = 0
  #aliasDepth = 0

  constructor(problems: string[] | null) {
    this.#problems = problems
  }

  node(node: YamlNode, depth: number): void {
    this.#count(node, depth)
    if (node.kind === 'alias') this.#alias(node, depth)
    else if (node.kind !== 'scalar') this.#collection(node, depth)
    else if (this.#problems !== null) checkScalar(node)
  }

  #collection(node: YamlNode, depth: number): void {
    const problems = this.#problems
    if (node.kind === 'mapping' && problems !== null && !(uniqueKeys(node, problems) && mergesMappings(node))) return
    this.#open.add(node)
    const isNested = node.kind === 'mapping' && problems !== null && depth > 0
    for (const [index, child] of node.content.entries()) {
      this.node(child, depth + 1)
      if (isNested && index % 2 === 0 && isComplexKey(child)) throw invalidKey(child)
    }
    this.#open.delete(node)
  }

  #alias(node: YamlNode, depth: number): void {
    if (node.alias === undefined) return
    if (this.#open.has(node.alias)) {
      throw new CoreError('YAML_SYNTAX', `the anchor at line ${node.line} contains itself`, {
        upstream: `yaml: anchor '${node.value}' value contains itself`,
      })
    }
    this.#aliasDepth++
    this.node(node.alias, depth)
    this.#aliasDepth--
  }

  #count(node: YamlNode, depth: number): void {
    this.#nodes++
    if (this.#aliasDepth > 0) this.#aliased++
    if (depth > maxDepth) {
      throw new CoreError('YAML_SYNTAX', `line ${node.line} is nested deeper than ${maxDepth}`, {
        upstream: `yaml: exceeded max depth of ${maxDepth}`,
      })
    }
    if (this.#aliased <= 100 || this.#nodes <= 1000) return
    if (this.#aliased / this.#nodes > allowedRatio(this.#nodes)) {
      throw new CoreError('YAML_SYNTAX', 'the aliases of the document stand for too much', {
        upstream: 'yaml: document contains excessive aliasing',
      })
    }
  }
}

function allowedRatio(nodes: number): number {
  const { low, high } = aliasRange
  return 0.99 - 0.89 * Math.min(1, Math.max(0, (nodes - low) / (high - low)))
}

function checkScalar(node: YamlNode): void {
  if (node.tag === '!!str' || node.tagged !== true) return
  try {
    decodeScalar(node)
  } catch (error) {
    const upstream = error instanceof CoreError ? error.upstream : undefined
    throw new CoreError('YAML_SYNTAX', `the value at line ${node.line} is not what its tag says`, {
      cause: error,
      upstream: upstream ?? `yaml: cannot decode ${node.tag} \`${node.value}\``,
    })
  }
}

/** One pass over the keys; upstream compares each with each. */
function uniqueKeys(node: YamlNode, problems: string[]): boolean {
  const lines = new Map<string, number>()
  let unique = true
  for (let index = 0; index < node.content.length; index += 2) {
    const key = node.content[index]
    if (key === undefined) continue
    const name = `${key.kind} ${key.value}`
    const line = lines.get(name)
    if (line === undefined) lines.set(name, key.line)
    else {
      unique = false
      problems.push(`line ${key.line}: mapping key ${JSON.stringify(key.value)} already defined at line ${line}`)
    }
  }
  return unique
}

/** Go reads the keys of the whole document into strings. */
function complexKeys(root: YamlNode, problems: string[]): void {
  for (let index = 0; index < root.content.length; index += 2) {
    const key = root.content[index]
    if (key?.kind !== 'mapping' && key?.kind !== 'sequence') continue
    problems.push(mistyped(key, 'string'))
  }
}

function mergesMappings(node: YamlNode): boolean {
  for (let index = 0; index < node.content.length; index += 2) {
    const [key, value] = [node.content[index], node.content[index + 1]]
    if (key?.tag !== '!!merge' || key.value !== '<<' || value === undefined || isMergeable(value)) continue
    throw new CoreError('YAML_SYNTAX', `the merge at line ${key.line} is of neither a mapping nor a list of them`, {
      hint: 'quote the key "<<" if it is not meant to merge',
      upstream: 'yaml: map merge requires map or sequence of maps as the value',
    })
  }
  return true
}

function isMergeable(value: YamlNode): boolean {
  const target = value.kind === 'alias' ? value.alias : value
  if (target?.kind === 'mapping') return true
  if (value.kind !== 'sequence') return false
  return value.content.every((entry) => (entry.kind === 'alias' ? entry.alias : entry)?.kind === 'mapping')
}
