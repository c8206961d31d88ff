import { blockMappingKey, blockSequenceEntry, indentlessEntry } from './block.ts'
import type { Position } from './error.ts'
import { firstFlowEntry, firstFlowKey } from './flow.ts'
import type { Event, EventType, Parser } from './parser.ts'
import type { Token } from './token.ts'

/** What the parser does next: makes one event and sets the state after it. */
export type State = (parser: Parser) => Event

/** What the first event of a stream is made by. */
export function streamStart(parser: Parser): Event {
  const token = parser.peek()
  parser.state = implicitDocumentStart
  parser.scanner.skip()
  return parser.begin('stream-start', token)
}

function implicitDocumentStart(parser: Parser): Event {
  const { type } = parser.peek()
  const explicit = ['version-directive', 'tag-directive', 'document-start', 'stream-end'].includes(type)
  if (explicit) return startDocument(parser)
  processDirectives(parser)
  parser.states.push(documentEnd)
  parser.state = blockNode
  const event = parser.begin('document-start', parser.peek())
  event.headComment = takeDocumentHead(parser)
  return event
}

/** The part of a head comment above its last empty line is the document's. */
function takeDocumentHead(parser: Parser): string {
  const comment = parser.headComment
  for (let i = comment.length - 1; i > 0; i--) {
    if (comment.charCodeAt(i) !== 0x0a) continue
    const trailing = i === comment.length - 1
    if (!trailing && comment.charCodeAt(i - 1) !== 0x0a) continue
    parser.headComment = comment.slice(i + 1)
    return comment.slice(0, trailing ? i : i - 1)
  }
  return ''
}

function documentStart(parser: Parser): Event {
  let token = parser.peek()
  while (token.type === 'document-end') token = parser.advance()
  return startDocument(parser)
}

function startDocument(parser: Parser): Event {
  const start = parser.peek()
  if (start.type === 'stream-end') {
    parser.state = streamEnd
    return parser.begin('stream-end', start)
  }
  processDirectives(parser)
  const token = parser.peek()
  if (token.type !== 'document-start') parser.fail('did not find expected <document start>', token)
  parser.states.push(documentEnd)
  parser.state = documentContent
  parser.scanner.skip()
  return parser.begin('document-start', start)
}

/** The last event stays. */
function streamEnd(parser: Parser): Event {
  return parser.event
}

function documentContent(parser: Parser): Event {
  const token = parser.peek()
  switch (token.type) {
    case 'version-directive':
    case 'tag-directive':
    case 'document-start':
    case 'document-end':
    case 'stream-end':
      parser.leave()
      return parser.emptyScalar(parser.state, token.line, token.column)
    default:
      return parseNode(parser, 'block')
  }
}

function documentEnd(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'document-end') parser.scanner.skip()
  parser.tags.clear()
  parser.state = documentStart
  const event = parser.begin('document-end', token)
  parser.giveComments()
  if (event.footComment === '') {
    event.footComment = event.headComment
    event.headComment = ''
  }
  return event
}

function processDirectives(parser: Parser): void {
  let token = parser.peek()
  let versioned = false
  for (;;) {
    if (token.type === 'version-directive') {
      if (versioned) parser.fail('found duplicate %YAML directive', token)
      if (token.value !== '1.1') parser.fail('found incompatible YAML document', token)
      versioned = true
    } else if (token.type === 'tag-directive') {
      if (parser.tags.has(token.value)) parser.fail('found duplicate %TAG directive', token)
      parser.tags.set(token.value, token.suffix)
    } else break
    token = parser.advance()
  }
  if (!parser.tags.has('!')) parser.tags.set('!', '!')
  if (!parser.tags.has('!!')) parser.tags.set('!!', 'tag:yaml.org,2002:')
}

/** Where a node stands: in block context, there also as a sequence that is not indented, or in flow context. */
export type Context = 'block' | 'block-or-indentless' | 'flow'

function blockNode(parser: Parser): Event {
  return parseNode(parser, 'block')
}

/** Makes the event that begins a node. */
export function parseNode(parser: Parser, context: Context): Event {
  let token = parser.peek()
  if (token.type === 'alias') {
    parser.leave()
    parser.scanner.skip()
    parser.begin('alias', token).anchor = token.value
    return parser.giveComments()
  }
  const start = token
  let anchor = ''
  let tag: Token | undefined
  // At most one of each, in either order.
  for (let i = 0; i < 2; i++) {
    if (token.type === 'anchor' && anchor === '') anchor = token.value
    else if (token.type === 'tag' && tag === undefined) tag = token
    else break
    token = parser.advance()
  }
  const longTag = tag === undefined ? '' : expandTag(parser, tag, start)
  const event = startNode(parser, token, context, { start, hasProperties: anchor !== '' || longTag !== '' })
  event.anchor = anchor
  event.tag = longTag
  return event
}

function expandTag(parser: Parser, { value: handle, suffix, line, column }: Token, start: Position): string {
  if (handle === '') return suffix
  const prefix = parser.tags.get(handle)
  if (prefix === undefined || prefix + suffix === '') {
    parser.fail('found undefined tag handle', { line, column }, start)
  }
  return prefix + suffix
}

interface NodeStart {
  readonly start: Position
  /** Whether an anchor or a tag came before, so that nothing may follow. */
  readonly hasProperties: boolean
}

function startNode(parser: Parser, token: Token, context: Context, { start, hasProperties }: NodeStart): Event {
  const block = context !== 'flow'
  switch (token.type) {
    case 'block-entry':
      if (context !== 'block-or-indentless') break
      parser.state = indentlessEntry
      return parser.begin('sequence-start', start)
    case 'scalar':
      return takeScalar(parser, token, start)
    case 'flow-sequence-start':
      return startFlow(parser, 'sequence-start', start, firstFlowEntry)
    case 'flow-mapping-start':
      return startFlow(parser, 'mapping-start', start, firstFlowKey)
    case 'block-sequence-start':
      if (block) return startBlock(parser, 'sequence-start', start, blockSequenceEntry)
      break
    case 'block-mapping-start':
      if (block) return startBlock(parser, 'mapping-start', start, blockMappingKey)
      break
  }
  if (!hasProperties) parser.fail('did not find expected node content', token, start)
  parser.leave()
  return parser.begin('scalar', start)
}

function takeScalar(parser: Parser, token: Token, start: Position): Event {
  parser.leave()
  parser.scanner.skip()
  const event = parser.begin('scalar', start)
  event.value = token.value
  event.style = token.style
  return parser.giveComments()
}

function startFlow(parser: Parser, type: EventType, start: Position, state: State): Event {
  parser.state = state
  parser.marks.push(parser.peek())
  parser.scanner.skip()
  parser.begin(type, start).style = 'flow'
  return parser.giveComments()
}

function startBlock(parser: Parser, type: EventType, start: Position, state: State): Event {
  parser.state = state
  const event = parser.begin(type, start)
  event.headComment = parser.stemComment
  parser.stemComment = ''
  parser.marks.push(parser.peek())
  parser.scanner.skip()
  return event
}
