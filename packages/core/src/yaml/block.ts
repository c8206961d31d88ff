import type { Event, Parser } from './parser.ts'
import type { State } from './state.ts'
import type { TokenType } from './token.ts'

/** Next entry of a block sequence, or its end. */
export function blockSequenceEntry(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'block-entry') return parseEntry(parser, blockSequenceEntry, isBlockSequenceBorder)
  const start = parser.marks.pop()
  if (token.type !== 'block-end') parser.fail("did not find expected '-' indicator", token, start)
  parser.leave()
  parser.scanner.skip()
  return parser.begin('sequence-end', token)
}

function isBlockSequenceBorder(type: TokenType): boolean {
  return type === 'block-entry' || type === 'block-end'
}

/** Next entry of a sequence that stands at its key's indentation; whatever is no entry ends it. */
export function indentlessEntry(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'block-entry') return parseEntry(parser, indentlessEntry, isIndentlessBorder)
  parser.leave()
  return parser.begin('sequence-end', token)
}

function isIndentlessBorder(type: TokenType): boolean {
  return type === 'block-entry' || isMappingBorder(type)
}

function isMappingBorder(type: TokenType): boolean {
  return type === 'key' || type === 'value' || type === 'block-end'
}

function parseEntry(parser: Parser, next: State, isBorder: (type: TokenType) => boolean): Event {
  const { line, endColumn } = parser.peek()
  const headLength = parser.headComment.length
  parser.scanner.skip()
  if (headLength > 0) splitStem(parser, headLength)
  if (isBorder(parser.peek().type)) return parser.emptyScalar(next, line, endColumn)
  return parser.node('block', next)
}

/** Of a head comment, what came before `- ` belongs to a collection that begins behind it, the rest to its first entry. */
function splitStem(parser: Parser, length: number): void {
  const type = parser.tryPeek()?.type
  if (type !== 'block-sequence-start' && type !== 'block-mapping-start') return
  parser.stemComment = parser.headComment.slice(0, length)
  parser.headComment = parser.headComment.slice(length + 1)
}

/** Next key of a block mapping, or its end. */
export function blockMappingKey(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'key') return parseKeyOrValue(parser, blockMappingValue)
  const start = parser.marks.pop()
  if (token.type !== 'block-end') parser.fail('did not find expected key', token, start)
  parser.leave()
  parser.scanner.skip()
  parser.begin('mapping-end', token)
  return parser.giveComments()
}

function blockMappingValue(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'value') return parseKeyOrValue(parser, blockMappingKey)
  return parser.emptyScalar(blockMappingKey, token.line, token.column)
}

function parseKeyOrValue(parser: Parser, next: State): Event {
  const { line, endColumn } = parser.peek()
  if (isMappingBorder(parser.advance().type)) return parser.emptyScalar(next, line, endColumn)
  return parser.node('block-or-indentless', next)
}
