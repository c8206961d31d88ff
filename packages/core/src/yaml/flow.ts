import type { Event, EventType, Parser } from './parser.ts'

/** First entry of a flow sequence, or its end. */
export function firstFlowEntry(parser: Parser): Event {
  if (parser.peek().type === 'flow-sequence-end') return endFlow(parser, 'sequence-end')
  return parseFlowEntry(parser)
}

function flowEntry(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'flow-sequence-end') return endFlow(parser, 'sequence-end')
  if (token.type !== 'flow-entry') parser.fail("did not find expected ',' or ']'", token, parser.marks.pop())
  if (parser.advance().type === 'flow-sequence-end') return endFlow(parser, 'sequence-end')
  return parseFlowEntry(parser)
}

/** An entry is a node, or one pair, which is a mapping of its own. */
function parseFlowEntry(parser: Parser): Event {
  const token = parser.peek()
  if (token.type !== 'key') return parser.node('flow', flowEntry)
  parser.state = pairKey
  parser.scanner.skip()
  const event = parser.begin('mapping-start', token)
  event.style = 'flow'
  return event
}

function pairKey(parser: Parser): Event {
  const { type, line, endColumn } = parser.peek()
  if (type !== 'value' && type !== 'flow-entry' && type !== 'flow-sequence-end') return parser.node('flow', pairValue)
  // go-yaml drops the token, so `[? : x]` reads `x` as an error and `[? ]` runs into what follows.
  parser.scanner.skip()
  return parser.emptyScalar(pairValue, line, endColumn)
}

function pairValue(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'value') {
    const { type } = parser.advance()
    if (type !== 'flow-entry' && type !== 'flow-sequence-end') return parser.node('flow', pairEnd)
  }
  return parser.emptyScalar(pairEnd, token.line, token.column)
}

function pairEnd(parser: Parser): Event {
  parser.state = flowEntry
  return parser.begin('mapping-end', parser.peek())
}

/** First key of a flow mapping, or its end. */
export function firstFlowKey(parser: Parser): Event {
  if (parser.peek().type === 'flow-mapping-end') return endFlow(parser, 'mapping-end')
  return parseFlowKey(parser)
}

function flowKey(parser: Parser): Event {
  const token = parser.peek()
  if (token.type === 'flow-mapping-end') return endFlow(parser, 'mapping-end')
  if (token.type !== 'flow-entry') parser.fail("did not find expected ',' or '}'", token, parser.marks.pop())
  if (parser.advance().type === 'flow-mapping-end') return endFlow(parser, 'mapping-end')
  return parseFlowKey(parser)
}

function parseFlowKey(parser: Parser): Event {
  if (parser.peek().type !== 'key') return parser.node('flow', absentFlowValue)
  const token = parser.advance()
  if (token.type === 'value' || token.type === 'flow-entry' || token.type === 'flow-mapping-end') {
    return parser.emptyScalar(flowValue, token.line, token.column)
  }
  return parser.node('flow', flowValue)
}

function flowValue(parser: Parser): Event {
  let token = parser.peek()
  if (token.type === 'value') {
    token = parser.advance()
    if (token.type !== 'flow-entry' && token.type !== 'flow-mapping-end') return parser.node('flow', flowKey)
  }
  return parser.emptyScalar(flowKey, token.line, token.column)
}

function absentFlowValue(parser: Parser): Event {
  const token = parser.peek()
  return parser.emptyScalar(flowKey, token.line, token.column)
}

function endFlow(parser: Parser, type: EventType): Event {
  parser.leave()
  parser.marks.pop()
  parser.begin(type, parser.peek())
  parser.scanner.skip()
  return parser.giveComments()
}
