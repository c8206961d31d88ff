import { printValue } from '../fmt/print.ts'
import type { ActionNode, BranchNode, Node, TemplateNode } from '../parse/node.ts'
import { ANY, Dict, integerOf, isTrue, List, Sized, type Value } from '../value.ts'
import type { ExpressionCompiler } from './compile.ts'
import type { Eval, Program, Signal, State, Step } from './state.ts'
import { weigh } from './weigh.ts'

/** Compiles statements to closures. */
export class StatementCompiler {
  readonly #expressions: ExpressionCompiler
  readonly #program: Program

  constructor(program: Program, expressions: ExpressionCompiler) {
    this.#program = program
    this.#expressions = expressions
  }

  /** A list of statements. */
  list(nodes: readonly Node[]): Step {
    const steps = nodes.map((node) => this.#node(node))
    const [only] = steps
    if (only !== undefined && steps.length === 1) return only
    return (state) => {
      for (const step of steps) {
        const signal = step(state)
        if (signal !== 0) return signal
      }
      return 0
    }
  }

  #node(node: Node): Step {
    switch (node.kind) {
      case 'text':
        return (state) => {
          state.write(node.text)
          return 0
        }
      case 'action':
        return this.#action(node)
      case 'break':
        return () => 1
      case 'continue':
        return () => 2
      case 'range':
        return this.#range(node)
      case 'template':
        return this.#template(node)
    }
    return this.#ifOrWith(node)
  }

  #action(node: ActionNode): Step {
    const value = this.#expressions.pipe(node.pipe)
    const declares = node.pipe.variables.length > 0
    return (state) => {
      state.step()
      const result = value(state)
      if (declares) return 0
      if (typeof result === 'string') state.write(result)
      else {
        weigh(result, state.context.charge)
        state.write(result === undefined ? '<no value>' : printValue(result))
      }
      return 0
    }
  }

  #ifOrWith(node: BranchNode): Step {
    const condition = this.#expressions.pipe(node.pipe)
    const body = this.list(node.body)
    const otherwise = node.otherwise === null ? null : this.list(node.otherwise)
    const moves = node.kind === 'with'
    return (state) => {
      state.step()
      const mark = state.variables.length
      const value = condition(state)
      let signal: Signal = 0
      if (isTrue(value)) signal = moves ? withDot(state, value, body) : body(state)
      else if (otherwise !== null) signal = otherwise(state)
      state.variables.length = mark
      return signal
    }
  }

  #range(node: BranchNode): Step {
    const pipe = this.#expressions.pipe(node.pipe)
    const loop: Loop = {
      body: this.list(node.body),
      names: node.pipe.variables.map(({ name }) => name),
      assigns: node.pipe.assigns,
    }
    const otherwise = node.otherwise === null ? null : this.list(node.otherwise)
    return (state) => {
      state.step()
      const mark = state.variables.length
      const ran = range(state, pipe(state), loop)
      const signal = ran || otherwise === null ? 0 : otherwise(state)
      state.variables.length = mark
      return signal
    }
  }

  #template(node: TemplateNode): Step {
    const { name } = node
    const argument: Eval = node.pipe === null ? () => undefined : this.#expressions.pipe(node.pipe)
    return (state) => {
      state.step()
      state.node = node
      const body = this.#body(name) ?? state.fail('template %q not defined', [name], true)
      invoke(state, node, argument(state), body)
      return 0
    }
  }

  /** The compiled body of a named template, compiled when first used. */
  #body(name: string): Step | undefined {
    const done = this.#program.steps.get(name)
    const tree = this.#program.trees.get(name)
    if (done !== undefined || tree === undefined) return done
    const step = this.list(tree)
    this.#program.steps.set(name, step)
    return step
  }
}

/** Runs a named template, which sees its argument as dot and `$` and none of the caller's variables. */
function invoke(state: State, call: TemplateNode, argument: Value, body: Step): void {
  const { template, dot, dotIsInterface, node, variables } = state
  state.depth++
  state.call = call
  state.template = call.name
  state.dot = argument
  state.dotIsInterface = false
  state.variables = [{ name: '$', value: argument, isInterface: false }]
  body(state)
  state.depth--
  state.template = template
  state.dot = dot
  state.dotIsInterface = dotIsInterface
  state.node = node
  state.variables = variables
}

function withDot(state: State, value: Value, body: Step): Signal {
  const { dot, dotIsInterface } = state
  state.dot = value
  state.dotIsInterface = false
  const signal = body(state)
  state.dot = dot
  state.dotIsInterface = dotIsInterface
  return signal
}

interface Loop {
  readonly body: Step
  readonly names: readonly string[]
  readonly assigns: boolean
}

/** Runs a loop; false when there was nothing to range over. */
function range(state: State, value: Value, loop: Loop): boolean {
  if (value instanceof List) {
    const isInterface = value.element === ANY
    for (const [index, item] of value.items.entries()) {
      if (round(state, { loop, index: BigInt(index), item, isInterface })) break
    }
    return value.items.length > 0
  }
  if (value instanceof Dict) {
    const isInterface = value.element === ANY
    // Go takes keys and values before the first round: what the body changes in the map is not seen.
    const entries = value.sortedKeys().map((key) => [key, value.entries.get(key)] as const)
    for (const [index, item] of entries) {
      if (round(state, { loop, index, item, isInterface })) break
    }
    return entries.length > 0
  }
  const count = integerOf(value)
  if (count !== null) return rangeInteger(state, value, count, loop)
  return value === undefined ? false : state.fail("range can't iterate over %v", [value])
}

function rangeInteger(state: State, value: Value, count: bigint, loop: Loop): boolean {
  if (loop.names.length > 1) state.fail("can't use %v to iterate over more than one variable", [value])
  for (let i = 0n; i < count; i++) {
    const item = value instanceof Sized ? new Sized(value.type, i) : i
    if (round(state, { loop, index: undefined, item, isInterface: false })) break
  }
  return count > 0n
}

interface Round {
  readonly loop: Loop
  readonly index: Value
  readonly item: Value
  readonly isInterface: boolean
}

/** One round of a loop; true when it ended with `break`. */
function round(state: State, { loop, index, item, isInterface }: Round): boolean {
  state.step()
  const [first, second] = loop.names
  if (first !== undefined) {
    if (!loop.assigns) state.setTop(1, item, isInterface)
    else if (second === undefined) state.set(first, item, isInterface)
    else state.set(first, index, false)
  }
  if (second !== undefined) {
    if (loop.assigns) state.set(second, item, isInterface)
    else state.setTop(2, index, false)
  }
  const mark = state.variables.length
  const { dot, dotIsInterface } = state
  state.dot = item
  state.dotIsInterface = isInterface
  const signal = loop.body(state)
  state.dot = dot
  state.dotIsInterface = dotIsInterface
  state.variables.length = mark
  return signal === 1
}
