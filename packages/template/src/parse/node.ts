import { quote } from '../quote.ts'

/**
 * The parsed template. `at` is the byte where Go says the node is (for a chain of fields the last link but one reads
 * first, so it is not always the first byte), which is what error columns are made from.
 */

interface At {
  readonly at: number
}

/** A number constant: every Go kind that it can be. */
export interface NumberNode extends At {
  readonly kind: 'number'
  readonly text: string
  readonly int: bigint | null
  readonly uint: bigint | null
  readonly float: number | null
  readonly complex: readonly [real: number, imaginary: number] | null
}

/** A string constant: as written, and what it stands for. */
export interface StringNode extends At {
  readonly kind: 'string'
  readonly quoted: string
  readonly text: string
}

/** `true` or `false`. */
export interface BoolNode extends At {
  readonly kind: 'bool'
  readonly value: boolean
}

/** The dot. */
export interface DotNode extends At {
  readonly kind: 'dot'
}

/** The untyped nil. */
export interface NilNode extends At {
  readonly kind: 'nil'
}

/** A chain of fields of the dot. */
export interface FieldNode extends At {
  readonly kind: 'field'
  readonly names: readonly string[]
}

/** A variable, perhaps with a chain of fields. */
export interface VariableNode extends At {
  readonly kind: 'variable'
  readonly name: string
  readonly fields: readonly string[]
}

/** The name of a function. */
export interface IdentifierNode extends At {
  readonly kind: 'identifier'
  readonly name: string
}

/** A chain of fields of something in parentheses or of a call. */
export interface ChainNode extends At {
  readonly kind: 'chain'
  readonly base: Operand
  readonly fields: readonly string[]
}

/** Commands joined by `|`, and the variables that take the result. */
export interface PipeNode extends At {
  readonly kind: 'pipe'
  readonly assigns: boolean
  readonly variables: readonly VariableNode[]
  readonly commands: readonly CommandNode[]
}

/** A function, field or value with its arguments. */
export interface CommandNode extends At {
  readonly kind: 'command'
  readonly operands: readonly [Operand, ...Operand[]]
}

/** What may stand as an argument. */
export type Operand =
  | NumberNode
  | StringNode
  | BoolNode
  | DotNode
  | NilNode
  | FieldNode
  | VariableNode
  | IdentifierNode
  | ChainNode
  | PipeNode

/** Text outside actions. */
export interface TextNode extends At {
  readonly kind: 'text'
  readonly text: string
}

/** An action that prints, or declares. */
export interface ActionNode extends At {
  readonly kind: 'action'
  readonly pipe: PipeNode
}

/** `if`, `with` and `range`. */
export interface BranchNode extends At {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: PipeNode
  readonly body: readonly Node[]
  readonly otherwise: readonly Node[] | null
}

/** A call of a named template. */
export interface TemplateNode extends At {
  readonly kind: 'template'
  readonly name: string
  readonly pipe: PipeNode | null
}

/** `break` or `continue`. */
export interface JumpNode extends At {
  readonly kind: 'break' | 'continue'
}

/** What may stand in a list. */
export type Node = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode

/** What an error can point at. */
export type Located = Operand | CommandNode | ActionNode | TemplateNode

/** A node as Go writes it back, for error texts. */
export function describeNode(node: Located): string {
  switch (node.kind) {
    case 'number':
      return node.text
    case 'string':
      return node.quoted
    case 'bool':
      return String(node.value)
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return [node.name, ...node.fields].join('.')
    case 'identifier':
      return node.name
    case 'action':
      return `{{${describeNode(node.pipe)}}}`
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === null ? '' : ` ${describeNode(node.pipe)}`}}}`
    case 'chain':
      return describeOperand(node.base) + node.fields.map((name) => `.${name}`).join('')
    case 'command':
      return node.operands.map((operand) => describeOperand(operand)).join(' ')
    case 'pipe':
      return describePipe(node)
  }
}

function describeOperand(node: Operand): string {
  const text = describeNode(node)
  return node.kind === 'pipe' ? `(${text})` : text
}

function describePipe(node: PipeNode): string {
  const commands = node.commands.map((command) => describeNode(command)).join(' | ')
  if (node.variables.length === 0) return commands
  const names = node.variables.map((variable) => describeNode(variable)).join(', ')
  return `${names} ${node.assigns ? '=' : ':='} ${commands}`
}
