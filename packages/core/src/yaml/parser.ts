import { type Position, syntaxError } from './error.ts'
import type { YamlStyle } from './node.ts'
import type { Scanner } from './scanner.ts'
import { type Context, parseNode, type State, streamStart } from './state.ts'
import type { Token } from './token.ts'

/** libyaml's events. */
export type EventType =
  | 'alias'
  | 'document-end'
  | 'document-start'
  | 'mapping-end'
  | 'mapping-start'
  | 'scalar'
  | 'sequence-end'
  | 'sequence-start'
  | 'stream-end'
  | 'stream-start'

/** The event at hand. There is one object for each parser: what must outlive the next event is copied. */
export interface Event {
  type: EventType
  line: number
  column: number
  /** Name of an anchor or alias, empty for none. */
  anchor: string
  /** Long tag as written (`tag:yaml.org,2002:str`), `!`, or empty. */
  tag: string
  value: string
  style: YamlStyle | undefined
  headComment: string
  lineComment: string
  footComment: string
}

/** Groups tokens into events with libyaml's state machine, so that depth costs no stack. */
export class Parser {
  readonly scanner: Scanner
  readonly event: Event = newEvent()
  state: State = streamStart
  readonly states: State[] = []
  /** Where the open collections began. */
  readonly marks: Position[] = []
  readonly tags: Map<string, string> = new Map()
  headComment = ''
  lineComment = ''
  footComment = ''
  /** Head comment of a collection that begins behind `- `, on its line. */
  stemComment = ''
  private failure: unknown

  constructor(scanner: Scanner) {
    this.scanner = scanner
  }

  /** Moves to the next event and gives its type. */
  next(): EventType {
    const { type } = this.state(this)
    if (this.failure !== undefined) throw this.failure
    return type
  }

  peek(): Token {
    const token = this.scanner.peek()
    if (this.scanner.commentsHead < this.scanner.comments.length) this.unfold(token)
    return token
  }

  /** As `peek`, but where go-yaml overlooks an error at first: it goes on, and a later one takes its place. */
  tryPeek(): Token | undefined {
    try {
      return this.peek()
    } catch (error) {
      this.failure = error
      return undefined
    }
  }

  /** Steps over the token at hand, to the next one. */
  advance(): Token {
    this.scanner.skip()
    return this.peek()
  }

  /** Takes over the comments that belong to the token. */
  private unfold(token: Token): void {
    const { scanner } = this
    while (scanner.commentsHead < scanner.comments.length) {
      const comment = scanner.comments[scanner.commentsHead]
      if (comment === undefined || token.index < comment.tokenIndex) return
      if (comment.head !== '') {
        // Ends have no head; it waits for what follows.
        if (token.type === 'block-end') return
        this.headComment = joined(this.headComment, comment.head)
      }
      if (comment.foot !== '') this.footComment = joined(this.footComment, comment.foot)
      if (comment.line !== '') this.lineComment = joined(this.lineComment, comment.line)
      scanner.commentsHead++
    }
    scanner.comments.length = 0
    scanner.commentsHead = 0
  }

  /** Begins an event at a position. */
  begin(type: EventType, at: Position): Event {
    const { event } = this
    event.type = type
    event.line = at.line
    event.column = at.column
    event.anchor = ''
    event.tag = ''
    event.value = ''
    event.style = undefined
    event.headComment = ''
    event.lineComment = ''
    event.footComment = ''
    return event
  }

  /** An absent value: an empty plain scalar, which takes no comments. */
  emptyScalar(next: State, line: number, column: number): Event {
    this.state = next
    return this.begin('scalar', { line, column })
  }

  /** Hands the comments over to the event. */
  giveComments(): Event {
    this.event.headComment = this.headComment
    this.event.lineComment = this.lineComment
    this.event.footComment = this.footComment
    this.headComment = ''
    this.lineComment = ''
    this.footComment = ''
    this.stemComment = ''
    return this.event
  }

  /** Makes the event that begins a node, behind which the parser goes on with `next`. */
  node(context: Context, next: State): Event {
    this.states.push(next)
    return parseNode(this, context)
  }

  /** Goes back to the state that the innermost collection or document waits in. */
  leave(): void {
    const state = this.states.pop()
    if (state === undefined) throw new RangeError('yaml parser: no state to return to')
    this.state = state
  }

  fail(problem: string, at: Position, context?: Position): never {
    throw syntaxError(this.scanner.dialect, { part: 'parser', problem, at, context })
  }
}

function joined(before: string, comment: string): string {
  return before === '' ? comment : `${before}\n${comment}`
}

function newEvent(): Event {
  return {
    type: 'stream-start',
    line: 0,
    column: 0,
    anchor: '',
    tag: '',
    value: '',
    style: undefined,
    headComment: '',
    lineComment: '',
    footComment: '',
  }
}
