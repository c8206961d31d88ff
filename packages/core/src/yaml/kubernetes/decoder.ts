import { CoreError } from '../../error.ts'
import { decodeUtf8 } from '../../go/utf8.ts'
import { Composer } from '../composer.ts'
import { valueError } from '../error.ts'
import type { YamlNode } from '../node.ts'
import { decodeBinary, resolveScalar } from '../resolve.ts'
import { shortTag } from '../schema.ts'
import { GoMap, type GoValue, goSyntax } from './value.ts'

/** Deeper nesting is refused: decoding recurses, and no manifest comes near it. */
const MAX_DEPTH = 1000

/** Decodes the first document of a text as go-yaml v2 does into `any`; a text without document is null. */
export function decodeFirst(input: string | Uint8Array): GoValue {
  const root = new Composer(input, 'v2').next()?.content[0]
  return root === undefined ? null : new Decoder().decode(root)
}

class Decoder {
  /** Aliases that are being expanded. */
  private readonly expanding = new Set<YamlNode>()
  private depth = 0
  private decoded = 0
  private decodedInAlias = 0

  decode(node: YamlNode): GoValue {
    this.count()
    switch (node.kind) {
      case 'alias':
        return this.expand(node, (target) => this.decode(target))
      case 'scalar':
        return decodeScalar(node)
      case 'sequence':
        return this.nest(() => node.content.map((item) => this.decode(item)))
      default: {
        const map = new GoMap()
        this.nest(() => this.fill(node, map))
        return map
      }
    }
  }

  /** Refuses documents that are mostly aliases, in go-yaml's proportions. */
  private count(): void {
    this.decoded++
    if (this.expanding.size > 0) this.decodedInAlias++
    if (this.decodedInAlias <= 100 || this.decoded <= 1000) return
    const range = Math.min(Math.max((this.decoded - 400_000) / 3_600_000, 0), 1)
    if (this.decodedInAlias / this.decoded <= 0.99 - 0.89 * range) return
    throw valueError('the document is mostly aliases', 'document contains excessive aliasing')
  }

  private nest<Result>(run: () => Result): Result {
    if (++this.depth > MAX_DEPTH) throw new CoreError('YAML_SYNTAX', `a value is nested deeper than ${MAX_DEPTH}`)
    const result = run()
    this.depth--
    return result
  }

  private expand<Result>(node: YamlNode, run: (target: YamlNode) => Result): Result {
    if (this.expanding.has(node)) {
      const where = `line ${node.line}, column ${node.column}`
      throw valueError(`${where}: an anchor's value contains itself`, `anchor '${node.value}' value contains itself`)
    }
    this.expanding.add(node)
    const result = this.nest(() => run(node.alias as YamlNode))
    this.expanding.delete(node)
    return result
  }

  private fill(node: YamlNode, map: GoMap): void {
    for (let i = 0; i + 1 < node.content.length; i += 2) {
      const [keyNode, valueNode] = [node.content[i] as YamlNode, node.content[i + 1] as YamlNode]
      if (isMerge(keyNode)) {
        this.merge(valueNode, map)
        continue
      }
      const key = this.decode(keyNode)
      if (typeof key === 'object' && key !== null) {
        const where = `line ${keyNode.line}, column ${keyNode.column}`
        throw valueError(`${where}: a list or map is no key`, `invalid map key: ${goSyntax(key)}`)
      }
      map.set(key, this.decode(valueNode))
    }
  }

  /** Merges a map, or a list of maps of which the first counts most, over what the map has already. */
  private merge(node: YamlNode, map: GoMap): void {
    const sources = node.kind === 'sequence' ? [...node.content].reverse() : [node]
    for (const source of sources) {
      const target = source.kind === 'alias' ? source.alias : source
      if (target?.kind !== 'mapping') {
        throw valueError(
          `line ${source.line}, column ${source.column}: only a map or a list of maps can be merged`,
          'map merge requires map or sequence of maps as the value',
        )
      }
      this.count()
      if (source.kind !== 'alias') this.nest(() => this.fill(target, map))
      else {
        this.expand(source, () => {
          this.count()
          this.fill(target, map)
        })
      }
    }
  }
}

/** A plain `<<`, or one that is tagged as merge key. */
function isMerge({ kind, value, tag, style }: YamlNode): boolean {
  if (kind !== 'scalar' || value !== '<<') return false
  return tag === '' ? style === undefined : tag === '!' || shortTag(tag) === '!!merge'
}

function decodeScalar({ tag, value, style }: YamlNode): GoValue {
  // v2 knows only long tags.
  if ((tag === '' && style !== undefined) || tag.startsWith('!')) return value
  const short = shortTag(tag)
  if (short === '!!binary') return decodeUtf8(decodeBinary(value))
  const scalar = resolveScalar(short, value, 'v2')
  switch (scalar.kind) {
    case 'null':
      return null
    case 'time':
    case 'bytes':
      return value
    default:
      return scalar.value
  }
}
