/** What a node is; the names of yaml.v3's `Kind`. */
export type YamlKind = 'document' | 'mapping' | 'sequence' | 'scalar' | 'alias'

/** How a node was written; the names of yaml.v3's `Style` flags. Absent = plain or block. */
export type YamlStyle = 'double' | 'single' | 'literal' | 'folded' | 'flow'

/**
 * One node of a YAML document, field for field yaml.v3's `Node`, so that what go-yaml keeps on a round trip is kept
 * here, and what it loses is lost.
 */
export interface YamlNode {
  kind: YamlKind
  style?: YamlStyle | undefined
  /** True where the tag was written in the text (yaml.v3's `TaggedStyle`). */
  tagged?: boolean | undefined
  /** Short tag (`!!str`); resolved for a scalar, `!!map` and `!!seq` for collections, empty for documents and aliases. */
  tag: string
  /** Text of a scalar after unquoting and folding; the anchor's name for an alias. */
  value: string
  anchor?: string | undefined
  /** The node that an alias stands for. */
  alias?: YamlNode | undefined
  /** Children; a mapping alternates keys and values. */
  content: YamlNode[]
  /** Comment lines above the node, each with its `#`, joined by newlines. */
  headComment?: string | undefined
  /** Comment at the end of the node's line. */
  lineComment?: string | undefined
  /** Comment lines below the node, before an empty line. */
  footComment?: string | undefined
  /** Position of the node's first character, from 1. */
  line: number
  column: number
}
