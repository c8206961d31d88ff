import type { YamlStyle } from './node.ts'

/** libyaml's tokens. */
export type TokenType =
  | 'alias'
  | 'anchor'
  | 'block-end'
  | 'block-entry'
  | 'block-mapping-start'
  | 'block-sequence-start'
  | 'document-end'
  | 'document-start'
  | 'flow-entry'
  | 'flow-mapping-end'
  | 'flow-mapping-start'
  | 'flow-sequence-end'
  | 'flow-sequence-start'
  | 'key'
  | 'scalar'
  | 'stream-end'
  | 'stream-start'
  | 'tag'
  | 'tag-directive'
  | 'value'
  | 'version-directive'

/** One token; positions count characters, from 0. */
export interface Token {
  type: TokenType
  index: number
  line: number
  column: number
  /** Column after an indicator; equal to `column` where nothing was written. */
  endColumn: number
  /** A scalar's text, an anchor's name, a tag's or `%TAG`'s handle, a `%YAML` version. */
  value: string
  /** The rest of a tag, or `%TAG`'s prefix. */
  suffix: string
  style: YamlStyle | undefined
}

/** A token that turns out to be a mapping key if `:` follows on its line; one for each flow level, reused. */
export interface SimpleKey {
  possible: boolean
  required: boolean
  /** Number of the token in the stream. */
  token: number
  index: number
  line: number
  column: number
}

/** A comment on its way from the scanner to the node that it belongs to. Text is in exactly one of head, line, foot. */
export interface Comment {
  head: string
  line: string
  foot: string
  /** It goes to the first token at or behind this index. */
  tokenIndex: number
  scanIndex: number
  startIndex: number
  startLine: number
  startColumn: number
  endIndex: number
}
