import { unquote } from '../quote.ts'
import { ExpressionParser } from './expression.ts'
import type { BranchNode, Node, TemplateNode } from './node.ts'
import type { ParseOptions } from './reader.ts'
import type { Token } from './token.ts'

/** The named templates of one text, the text itself under its own name. */
export type Trees = ReadonlyMap<string, readonly Node[]>

/** Parses a template as Go's `text/template` does. @throws TEMPLATE_SYNTAX with Go's text as `upstream` */
export function parseTrees(text: string, options: ParseOptions): Trees {
  return new Parser(text, options).parse()
}

/** Marks that end a list; they never reach the tree. */
interface Mark {
  readonly kind: 'end' | 'else'
  readonly at: number
}

class Parser extends ExpressionParser {
  readonly trees = new Map<string, readonly Node[]>()

  parse(): Trees {
    const root: Node[] = []
    while (this.peek().kind !== 'eof') {
      if (this.peek().kind === 'leftDelim') {
        const delim = this.next()
        const word = this.nextNonSpace()
        if (word.kind === 'define') {
          this.definition()
          continue
        }
        this.push(word)
        this.push(delim)
      }
      const node = this.textOrAction()
      if (node.kind === 'end' || node.kind === 'else') this.fail('unexpected %s', `{{${node.kind}}}`)
      root.push(node as Node)
    }
    this.add(this.options.name, root)
    return this.trees
  }

  protected add(name: string, nodes: readonly Node[]): void {
    const old = this.trees.get(name)
    if (old === undefined || isEmpty(old)) this.trees.set(name, nodes)
    else if (!isEmpty(nodes)) this.fail('template: multiple definition of template %q', name)
  }

  protected definition(): void {
    const context = 'define clause'
    const token = this.expect(['string', 'rawString'], context)
    const name = unquote(token.text) ?? this.fail('%s', 'invalid syntax')
    this.expect(['rightDelim'], context)
    this.body(name, context)
  }

  /** The body of a `define` or `block`, which knows none of the variables around it. */
  protected body(name: string, context: string): void {
    const outer = this.scope
    this.scope = { variables: ['$'], loops: 0, parentheses: 0 }
    // Go's nested parser starts without an action line of its own.
    const line = this.actionLine
    this.actionLine = 0
    const opened = this.last
    const { nodes, mark } = this.list()
    if (mark.kind !== 'end') {
      // A block's end is judged by the parser around it, which has read no further than the block's own action.
      if (context === 'block clause') this.last = opened
      this.fail('unexpected %s in %s', '{{else}}', context)
    }
    this.add(name, nodes)
    this.scope = outer
    this.actionLine = line
  }

  protected list(): { nodes: Node[]; mark: Mark } {
    const nodes: Node[] = []
    while (this.peekNonSpace().kind !== 'eof') {
      const node = this.textOrAction()
      if (node.kind === 'end' || node.kind === 'else') return { nodes, mark: node }
      nodes.push(node as Node)
    }
    return this.fail('unexpected EOF')
  }

  protected textOrAction(): Node | Mark {
    const token = this.nextNonSpace()
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
    if (token.kind !== 'leftDelim') this.unexpected(token, 'input')
    this.actionLine = token.line
    const node = this.action()
    this.actionLine = 0
    return node
  }

  protected action(): Node | Mark {
    const token = this.nextNonSpace()
    switch (token.kind) {
      case 'block':
        return this.block()
      case 'break':
      case 'continue':
        return this.jump(token, token.kind)
      case 'else':
        return this.elseMark()
      case 'end':
        return { kind: 'end', at: this.expect(['rightDelim'], 'end').at }
      case 'if':
      case 'range':
      case 'with':
        return this.branch(token.kind)
      case 'template':
        return this.template()
    }
    this.push(token)
    return { kind: 'action', at: token.at, pipe: this.pipeline('command', 'rightDelim') }
  }

  protected jump(token: Token, kind: 'break' | 'continue'): Node {
    const next = this.nextNonSpace()
    if (next.kind !== 'rightDelim') this.unexpected(next, `{{${kind}}}`)
    if (this.scope.loops === 0) this.fail(`{{${kind}}} outside {{range}}`)
    return { kind, at: token.at }
  }

  protected elseMark(): Mark {
    const next = this.peekNonSpace()
    if (next.kind === 'if' || next.kind === 'with') return { kind: 'else', at: next.at }
    return { kind: 'else', at: this.expect(['rightDelim'], 'else').at }
  }

  protected branch(kind: BranchNode['kind']): BranchNode {
    const variables = this.scope.variables.length
    const pipe = this.pipeline(kind, 'rightDelim')
    if (kind === 'range') this.scope.loops++
    const { nodes: body, mark } = this.list()
    if (kind === 'range') this.scope.loops--
    const otherwise = mark.kind === 'else' ? this.otherwise(kind) : null
    this.scope.variables.length = variables
    return { kind, at: pipe.at, pipe, body, otherwise }
  }

  protected otherwise(kind: BranchNode['kind']): Node[] {
    if (kind !== 'range' && this.peek().kind === kind) {
      this.next()
      return [this.branch(kind)]
    }
    const { nodes, mark } = this.list()
    if (mark.kind !== 'end') this.fail('expected end; found %s', '{{else}}')
    return nodes
  }

  protected block(): TemplateNode {
    const context = 'block clause'
    const token = this.nextNonSpace()
    const name = this.templateName(token, context)
    const pipe = this.pipeline(context, 'rightDelim')
    this.body(name, context)
    return { kind: 'template', at: token.at, name, pipe }
  }

  protected template(): TemplateNode {
    const context = 'template clause'
    const token = this.nextNonSpace()
    const name = this.templateName(token, context)
    const next = this.nextNonSpace()
    if (next.kind === 'rightDelim') return { kind: 'template', at: token.at, name, pipe: null }
    this.push(next)
    return { kind: 'template', at: token.at, name, pipe: this.pipeline(context, 'rightDelim') }
  }

  protected templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') this.unexpected(token, context)
    return unquote(token.text) ?? this.fail('%s', 'invalid syntax')
  }
}

/** Whether a template holds nothing but space, so that a later definition may take its name (Go's parse.IsEmptyTree). */
function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && /^[\t\n\v\f\r \x85\xa0]*$/.test(node.text))
}
