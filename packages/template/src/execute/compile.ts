import type { FunctionRow } from '../functions/row.ts'
import {
  type CommandNode,
  describeNode,
  type FieldNode,
  type IdentifierNode,
  type Operand,
  type PipeNode,
  type VariableNode,
} from '../parse/node.ts'
import { ANY, type Value } from '../value.ts'
import { fit, literal, REFLECT } from './argument.ts'
import { type CallSite, compileCall, compileMethodCall } from './call.ts'
import { evalLink, type Link } from './field.ts'
import type { Eval } from './state.ts'

/** Compiles expressions to closures: what can be known before the render (functions, types, literals) is worked out once. */
export class ExpressionCompiler {
  readonly #functions: ReadonlyMap<string, FunctionRow>

  constructor(functions: ReadonlyMap<string, FunctionRow>) {
    this.#functions = functions
  }

  /** A pipeline with its declarations. Its value never stands in an interface. */
  pipe(node: PipeNode): Eval {
    const value = this.#commands(node)
    const { variables, assigns } = node
    if (variables.length === 0) return value
    return (state) => {
      const result = value(state)
      for (const { name } of variables) {
        if (assigns) state.set(name, result, false)
        else state.push(name, result)
      }
      return result
    }
  }

  #commands(node: PipeNode): Eval {
    let value: Eval | null = null
    for (const command of node.commands) value = unwrapped(this.#command(command, value), value === null ? node : null)
    return value ?? (() => undefined)
  }

  #command(node: CommandNode, piped: Eval | null): Eval {
    const [first, ...args] = node.operands
    const site: CallSite = { name: '', node, args, piped, argument: (arg, type) => this.argument(arg, type) }
    switch (first.kind) {
      case 'field':
        return this.#field(first, { ...site, node: first })
      case 'variable':
        return this.#variable(first, { ...site, node: first })
      case 'chain':
        return this.#chain(first, { ...site, node: first })
      case 'identifier':
        return this.#function(first, { ...site, name: first.name })
    }
    const at = first.kind === 'pipe' ? null : first
    if (args.length > 0 || piped !== null) return notAFunction(first, at, piped)
    return first.kind === 'pipe' ? this.pipe(first) : this.#constant(first)
  }

  #constant(node: Exclude<Operand, { kind: 'field' | 'variable' | 'chain' | 'identifier' | 'pipe' }>): Eval {
    if (node.kind === 'dot') return dotAt(node)
    if (node.kind === 'nil') {
      return (state) => {
        state.node = node
        return state.fail('nil is not a command', [], true)
      }
    }
    return literal(node, ANY, describeNode)
  }

  #function(node: IdentifierNode, site: CallSite): Eval {
    const row = this.#functions.get(node.name)
    if (row !== undefined) return compileCall(row, site, node)
    return (state) => {
      state.node = node
      return state.fail('%q is not a defined function', [node.name], true)
    }
  }

  #field(node: FieldNode, site: CallSite): Eval {
    const base: Eval = (state) => {
      state.node = node
      state.isInterface = state.dotIsInterface
      return state.dot
    }
    return chained(base, node.names, site)
  }

  #variable(node: VariableNode, site: CallSite): Eval {
    const { name } = node
    const base: Eval = (state) => {
      state.node = node
      const variable = state.variable(name)
      state.isInterface = variable.isInterface
      return variable.value
    }
    if (node.fields.length > 0) return chained(base, node.fields, site)
    return site.args.length > 0 || site.piped !== null ? notAFunction(node, node, site.piped) : base
  }

  #chain(node: Extract<Operand, { kind: 'chain' }>, site: CallSite): Eval {
    if (node.base.kind === 'nil') {
      return (state) => {
        state.node = node
        return state.fail('indirection through explicit nil in %s', [describeNode(node)])
      }
    }
    const inner = this.argument(node.base, REFLECT)
    const base: Eval = (state) => {
      state.node = node
      return inner(state)
    }
    return chained(base, node.fields, site)
  }

  /** An argument of a parameter type (Go's evalArg). */
  argument(node: Operand, type: string): Eval {
    if (node.kind === 'dot') return fitted(dotAt(node), type)
    if (node.kind === 'number' || node.kind === 'string' || node.kind === 'bool' || node.kind === 'nil') {
      return literal(node, type, describeNode)
    }
    if (node.kind === 'pipe') return fitted(this.pipe(node), type)
    const site: CallSite = { name: '', node, args: [], piped: null, argument: (arg, to) => this.argument(arg, to) }
    if (node.kind === 'identifier') return fitted(this.#function(node, { ...site, name: node.name }), type)
    if (node.kind === 'field') return fitted(this.#field(node, site), type)
    return fitted(node.kind === 'variable' ? this.#variable(node, site) : this.#chain(node, site), type)
  }
}

function dotAt(node: Operand): Eval {
  return (state) => {
    state.node = node
    state.isInterface = state.dotIsInterface
    return state.dot
  }
}

function fitted(evaluate: Eval, type: string): Eval {
  if (type === REFLECT) return evaluate
  return (state) => fit(state, evaluate(state), type)
}

/** Takes a command's value out of its interface, as Go does after each command of a pipeline. */
function unwrapped(command: Eval, pipe: PipeNode | null): Eval {
  return (state) => {
    if (pipe !== null) state.node = pipe
    const value = command(state)
    const inside = value === null ? undefined : value
    state.isInterface = false
    return inside
  }
}

function notAFunction(node: Operand, at: Operand | null, piped: Eval | null): Eval {
  const text = describeNode(node)
  return (state) => {
    piped?.(state)
    if (at !== null) state.node = at
    return state.fail("can't give argument to non-function %s", [text])
  }
}

/** A chain of fields from a base; the last link takes the arguments, and what is piped is evaluated before all. */
function chained(base: Eval, names: readonly string[], site: CallSite): Eval {
  const none: CallSite = { ...site, args: [], piped: null }
  const { piped } = site
  const last: CallSite = piped === null ? site : { ...site, piped: (state) => state.piped }
  const links = names.map((name, i): Link => {
    const own = i === names.length - 1 ? last : none
    const hasArguments = own.args.length > 0 || own.piped !== null
    return { name, hasArguments, callMethod: compileMethodCall(own) }
  })
  const [only] = links
  if (piped === null && only !== undefined && links.length === 1) return (state) => evalLink(state, base(state), only)
  return (state) => {
    const final = piped?.(state)
    let value: Value = base(state)
    state.piped = final
    for (const link of links) value = evalLink(state, value, link)
    return value
  }
}
