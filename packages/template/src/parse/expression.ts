import { unquote } from '../quote.ts'
import type { CommandNode, NumberNode, Operand, PipeNode, VariableNode } from './node.ts'
import { charConstant, complexConstant, NumberSyntax, numberConstant } from './number.ts'
import { TokenReader } from './reader.ts'
import type { Token, TokenKind } from './token.ts'

const MAX_PARENTHESES = 10_000

/** What a nested `define` or `block` starts afresh: the variables, and how deep loops and parentheses are. */
export interface Scope {
  readonly variables: string[]
  loops: number
  parentheses: number
}

/** Parses what stands inside an action: pipelines, commands, operands. */
export class ExpressionParser extends TokenReader {
  protected scope: Scope = { variables: ['$'], loops: 0, parentheses: 0 }

  protected pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    const { at } = this.peekNonSpace()
    const { assigns, variables } = this.declarations(context)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.nextNonSpace()
      if (token.kind === end) break
      if (!STARTS_OPERAND.has(token.kind)) this.unexpected(token, context)
      this.push(token)
      commands.push(this.command())
    }
    if (commands.length === 0) this.fail('missing value for %s', context)
    const stuck = commands.findIndex((command, stage) => stage > 0 && NOT_EXECUTABLE.has(command.operands[0].kind))
    if (stuck > 0) this.fail('non executable command in pipeline stage %d', BigInt(stuck + 1))
    return { kind: 'pipe', at, assigns, variables, commands }
  }

  protected declarations(context: string): { assigns: boolean; variables: VariableNode[] } {
    const variables: VariableNode[] = []
    for (;;) {
      const token = this.peekNonSpace()
      if (token.kind !== 'variable') return { assigns: false, variables }
      this.nextNonSpace()
      const after = this.peek()
      const next = this.peekNonSpace()
      const comma = next.kind === 'char' && next.text === ','
      if (next.kind !== 'assign' && next.kind !== 'declare' && !comma) {
        if (after.kind === 'space') this.push(after)
        this.push(token)
        return { assigns: false, variables }
      }
      this.nextNonSpace()
      variables.push(variableNode(token.at, token.text))
      this.scope.variables.push(token.text)
      if (!comma) return { assigns: next.kind === 'assign', variables }
      if (context !== 'range' || variables.length >= 2) this.fail('too many declarations in %s', context)
      const follows = this.peekNonSpace().kind
      if (follows !== 'variable' && follows !== 'rightDelim' && follows !== 'rightParen') {
        this.fail('range can only initialize variables')
      }
    }
  }

  protected command(): CommandNode {
    const { at } = this.peekNonSpace()
    const operands: Operand[] = []
    for (;;) {
      this.peekNonSpace()
      const operand = this.operand()
      if (operand !== null) operands.push(operand)
      const token = this.next()
      if (token.kind === 'space') continue
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.push(token)
      else if (token.kind !== 'pipe') this.unexpected(token, 'operand')
      break
    }
    const [first, ...rest] = operands
    if (first === undefined) return this.fail('empty command')
    return { kind: 'command', at, operands: [first, ...rest] }
  }

  protected operand(): Operand | null {
    const node = this.term()
    if (node === null || this.peek().kind !== 'field') return node
    const { at } = this.peek()
    const fields: string[] = []
    while (this.peek().kind === 'field') fields.push(this.next().text.slice(1))
    switch (node.kind) {
      case 'field':
        return { kind: 'field', at, names: [...node.names, ...fields] }
      case 'variable':
        return { kind: 'variable', at, name: node.name, fields: [...node.fields, ...fields] }
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.fail('unexpected . after term %q', termText(node))
    }
    return { kind: 'chain', at, base: node, fields }
  }

  protected term(): Operand | null {
    const token = this.nextNonSpace()
    const { at, text } = token
    switch (token.kind) {
      case 'identifier':
        if (!this.options.isFunction(text)) this.fail('function %q not defined', text)
        return { kind: 'identifier', at, name: text }
      case 'dot':
        return { kind: 'dot', at }
      case 'nil':
        return { kind: 'nil', at }
      case 'variable':
        if (!this.scope.variables.includes(text)) this.fail('undefined variable %q', text)
        return variableNode(at, text)
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] }
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' }
      case 'charConstant':
      case 'complex':
      case 'number':
        return this.number(token)
      case 'leftParen':
        return this.parenthesized()
      case 'string':
      case 'rawString':
        return { kind: 'string', at, quoted: text, text: unquote(text) ?? this.fail('%s', 'invalid syntax') }
    }
    this.push(token)
    return null
  }

  protected number(token: Token): NumberNode {
    const read = { charConstant, complex: complexConstant }[token.kind as string] ?? numberConstant
    try {
      return { kind: 'number', at: token.at, text: token.text, ...read(token.text) }
    } catch (error) {
      if (error instanceof NumberSyntax) return this.fail('%s', error.message)
      throw error
    }
  }

  protected parenthesized(): PipeNode {
    if (this.scope.parentheses >= MAX_PARENTHESES) this.fail('max expression depth exceeded')
    this.scope.parentheses++
    const pipe = this.pipeline('parenthesized pipeline', 'rightParen')
    this.scope.parentheses--
    return pipe
  }
}

const STARTS_OPERAND: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
])

const NOT_EXECUTABLE: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string'])

function variableNode(at: number, name: string): VariableNode {
  return { kind: 'variable', at, name, fields: [] }
}

function termText(node: Operand): string {
  if (node.kind === 'number') return node.text
  if (node.kind === 'string') return node.quoted
  return node.kind === 'bool' ? String(node.value) : node.kind === 'dot' ? '.' : 'nil'
}
