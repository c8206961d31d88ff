import { type FunctionFailure, overBudget, TemplateError } from '../error.ts'
import { sprintf } from '../fmt/printf.ts'
import type { Context, FunctionTable } from '../functions/row.ts'
import { describeNode, type Located, type Node, type TemplateNode } from '../parse/node.ts'
import type { Value } from '../value.ts'
import { weigh } from './weigh.ts'

/** What a missing key of a map gives: no value, the zero value, or an error. */
export type MissingKey = 'default' | 'zero' | 'error'

/** How a list ended: at its end, by `break` or by `continue`. */
export type Signal = 0 | 1 | 2

/** A compiled statement. */
export type Step = (state: State) => Signal

/** A compiled expression. Sets `state.isInterface` when Go would hold the value in an interface. */
export type Eval = (state: State) => Value

/** A compiled set of named templates. */
export interface Program {
  readonly name: string
  readonly text: string
  readonly trees: ReadonlyMap<string, readonly Node[]>
  readonly steps: Map<string, Step>
  readonly functions: FunctionTable
  readonly missingKey: MissingKey
}

/** A variable on the stack. */
interface Variable {
  readonly name: string
  value: Value
  isInterface: boolean
}

/** What one render may use up. */
export interface Budget {
  /** Bytes and elements that functions make and actions print, altogether. */
  readonly memory: number
  /** Actions, rounds of loops, and calls, of which an expensive one takes many (`STEPS`). */
  readonly steps: number
}

/** What a render draws on that is not the template or its data. */
export type Sources = Pick<Context, 'random' | 'generateKey' | 'now' | 'zone'>

/** One render: the output so far, the dot, the variables, and the node that an error would point at. */
export class State {
  readonly program: Program
  readonly context: Context
  output = ''
  template: string
  dot: Value
  dotIsInterface = false
  /** Whether the value that was evaluated last stands in a Go interface, which error texts tell. */
  isInterface = false
  node: Located | null = null
  /** The value that a pipe gives to the method at the end of a chain. */
  piped: Value
  variables: Variable[]
  /** How many named templates are running, and the call of the innermost. */
  depth = 0
  call: TemplateNode | null = null
  stepsLeft: number
  memoryLeft: number

  constructor(program: Program, dot: Value, options: { context: Sources; budget: Budget }) {
    this.program = program
    this.template = program.name
    this.dot = dot
    this.variables = [{ name: '$', value: dot, isInterface: false }]
    this.stepsLeft = options.budget.steps
    this.memoryLeft = options.budget.memory
    this.context = { ...options.context, patterns: new Map(), charge: (amount) => this.charge(amount) }
  }

  write(text: string): void {
    this.charge(text.length)
    this.output += text
  }

  charge(amount: number): void {
    this.memoryLeft -= amount
    if (!(this.memoryLeft >= 0)) overBudget('memory')
  }

  step(count: number = 1): void {
    this.stepsLeft -= count
    if (this.stepsLeft < 0) overBudget('step')
  }

  push(name: string, value: Value): void {
    this.variables.push({ name, value, isInterface: false })
  }

  variable(name: string): Variable {
    for (let i = this.variables.length - 1; i >= 0; i--) {
      const variable = this.variables[i]
      if (variable !== undefined && variable.name === name) return variable
    }
    return this.fail('undefined variable: %s', [name], true)
  }

  setTop(fromTop: number, value: Value, isInterface: boolean): void {
    const variable = this.variables[this.variables.length - fromTop]
    if (variable === undefined) return
    variable.value = value
    variable.isInterface = isInterface
  }

  set(name: string, value: Value, isInterface: boolean): void {
    const variable = this.variable(name)
    variable.value = value
    variable.isInterface = isInterface
  }

  /** Ends the render with Go's text at the current node; `safe` texts hold no values and go into the message too. */
  fail(format: string, values: readonly Value[], safe = false): never {
    for (const value of values) weigh(value, this.context.charge)
    const { line, column } = this.position()
    const location = `${this.program.name}:${line}:${column}`
    // Go runs the location through the format, so that a `%` in the template's name garbles the text.
    const name = doublePercent(this.template)
    const at = this.node === null ? '' : describeNode(this.node)
    const prefix = sprintf('template: %s: executing %q at <%s>: ', [location, name, doublePercent(at)])
    const upstream = sprintf(prefix + format, values, { wraps: true })
    const reason = safe ? sprintf(format, values, { wraps: true }) : `${this.#action()} failed`
    throw new TemplateError(
      'TEMPLATE_EXECUTION',
      `template ${this.program.name}: line ${line}, column ${column}: ${reason}`,
      {
        upstream,
      },
    )
  }

  /** Ends the render because templates call each other without end, which here the stack ends before Go's count does. */
  failDepth(): never {
    if (this.call === null) return overBudget('depth')
    this.node = this.call
    try {
      return this.fail('exceeded maximum template depth (%v)', [100_000n])
    } catch (error) {
      return overBudget('depth', (error as TemplateError).upstream)
    }
  }

  /** Ends the render because a function failed. */
  failCall(name: string, error: FunctionFailure): never {
    return this.fail('error calling %s: %w', [name, error.message], error.safe)
  }

  /** The node without any literal of the template. */
  #action(): string {
    const { node } = this
    if (node === null) return 'the template'
    if (node.kind === 'field') return node.names.map((name) => `.${name}`).join('')
    if (node.kind === 'variable') return [node.name, ...node.fields].join('.')
    if (node.kind === 'identifier') return node.name
    if (node.kind === 'command' && node.operands[0].kind === 'identifier') return node.operands[0].name
    return 'the action'
  }

  /** Where the current node is: line from 1, column in bytes from 0. */
  position(): { line: number; column: number } {
    const before = this.program.text.slice(0, this.node?.at ?? 0)
    return { line: before.split('\n').length, column: before.length - (before.lastIndexOf('\n') + 1) }
  }
}

function doublePercent(text: string): string {
  return text.replaceAll('%', '%%')
}
