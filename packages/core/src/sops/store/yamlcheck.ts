import { CoreError } from '../../error.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { decodeScalar } from '../../yaml/resolve.ts'

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
    const shown = root.kind === 'sequence' ? '!!seq' : `${root.tag} \`${shorten(root.value)}\``
    problems.push(`line ${root.line}: cannot unmarshal ${shown} into map[string]interface {}`)
  } else {
    complexKeys(root, problems)
    check(root, problems, new Set())
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

function shorten(value: string): string {
  return value.length > 10 ? `${value.slice(0, 7)}...` : value
}

function check(node: YamlNode, problems: string[], open: Set<YamlNode>): void {
  if (node.kind === 'scalar') checkScalar(node)
  else if (node.kind === 'alias') checkAlias(node, problems, open)
  else {
    open.add(node)
    if (node.kind !== 'mapping' || (uniqueKeys(node, problems) && mergesMappings(node))) {
      for (const child of node.content) check(child, problems, open)
    }
    open.delete(node)
  }
}

function checkAlias(node: YamlNode, problems: string[], open: Set<YamlNode>): void {
  if (node.alias === undefined) return
  if (open.has(node.alias)) {
    throw new CoreError('YAML_SYNTAX', `the anchor at line ${node.line} contains itself`, {
      upstream: `yaml: anchor '${node.value}' value contains itself`,
    })
  }
  check(node.alias, problems, open)
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
    problems.push(`line ${key.line}: cannot unmarshal ${key.kind === 'mapping' ? '!!map' : '!!seq'} into string`)
  }
}

function mergesMappings(node: YamlNode): boolean {
  for (let index = 0; index < node.content.length; index += 2) {
    const [key, value] = [node.content[index], node.content[index + 1]]
    if (key?.tag !== '!!merge' || value === undefined || isMergeable(value)) continue
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
