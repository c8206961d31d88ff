import { FunctionFailure } from '../error.ts'
import { type FunctionRow, STEPS } from '../functions/row.ts'
import { type CommandNode, describeNode, type IdentifierNode, type Operand } from '../parse/node.ts'
import { ANY, isTrue, List, type Method, typeOf, type Value } from '../value.ts'
import { fit, REFLECT } from './argument.ts'
import type { Eval, State } from './state.ts'
import { walksArguments, weigh } from './weigh.ts'

/** What compiling a call needs: the argument nodes, and the piped value if there is one. */
export interface CallSite {
  readonly name: string
  /** What an error of the function itself points at. */
  readonly node: Operand | CommandNode
  readonly args: readonly Operand[]
  readonly piped: Eval | null
  readonly argument: (node: Operand, type: string) => Eval
}

/** A call of a function of the table (Go's evalCall). */
export function compileCall(row: FunctionRow, site: CallSite, identifier: IdentifierNode): Eval {
  const wrong = wrongCount(row.parameters, site)
  if (wrong !== null) {
    return (state) => {
      site.piped?.(state)
      state.node = identifier
      return state.fail(wrong[0], [site.name, wrong[1], wrong[2]], true)
    }
  }
  if (row.name === 'and' || row.name === 'or') return shortCircuit(row.name === 'or', site, identifier)
  const given = compileArguments(row.parameters, site, identifier)
  const args = row.name === 'call' ? withCallee(given, site) : given
  const isAny = row.result === ANY
  const isReflect = row.result === REFLECT
  const walks = walksArguments(row.name)
  const steps = STEPS[row.cost]
  return (state) => {
    const values = args(state)
    state.step(steps)
    for (const value of values) {
      if (typeof value === 'string') state.charge(value.length >> 4)
      else if (walks && typeof value === 'object') weigh(value, state.context.charge)
    }
    const result = invoke(state, row, values, site)
    if (!isReflect) state.isInterface = isAny
    return isAny && result === undefined ? null : result
  }
}

/** `call` is told how its first argument is written, for its error text. */
function withCallee(given: (state: State) => Value[], site: CallSite): (state: State) => Value[] {
  const [callee] = site.args
  return (state) => {
    const values = given(state)
    const final = values[0]
    const name = callee === undefined ? reflectString(final) : describeNode(callee)
    return [name, ...values]
  }
}

/** Go's reflect.Value.String. */
function reflectString(value: Value): string {
  return typeof value === 'string' ? value : value === undefined ? '<invalid Value>' : `<${typeOf(value)} Value>`
}

function invoke(state: State, row: FunctionRow, values: readonly Value[], site: CallSite): Value {
  try {
    const result = row.run(values, state.context)
    if (typeof result === 'string') state.charge(result.length)
    else if (result instanceof List) state.charge(result.items.length * 16)
    return result
  } catch (error) {
    if (!(error instanceof FunctionFailure)) throw error
    state.node = site.node
    return state.failCall(site.name, error)
  }
}

/** A call of a method, found when the receiver is known. */
export function compileMethodCall(site: CallSite): (state: State, name: string, method: Method) => Value {
  const compiled = new WeakMap<Method, (state: State) => Value[]>()
  return (state, name, method) => {
    const { node } = state
    const wrong = wrongCount(method.parameters, site)
    if (wrong !== null) state.fail(wrong[0], [name, wrong[1], wrong[2]], true)
    if (method.results !== undefined) {
      state.fail('function %s has %d return values; should be 1 or 2', [name, BigInt(method.results)], true)
    }
    let args = compiled.get(method)
    if (args === undefined) {
      args = compileArguments(method.parameters, site, null)
      compiled.set(method, args)
    }
    const values = args(state)
    try {
      state.isInterface = false
      return method.run(values)
    } catch (error) {
      if (!(error instanceof FunctionFailure)) throw error
      state.node = node
      return state.failCall(name, error)
    }
  }
}

function isVariadic(parameters: readonly string[]): boolean {
  return parameters.at(-1)?.startsWith('...') ?? false
}

/** Go's text for a wrong number of arguments, as a format and the numbers; null when it fits. */
function wrongCount(parameters: readonly string[], site: CallSite): readonly [string, bigint, bigint] | null {
  const given = site.args.length + (site.piped === null ? 0 : 1)
  const wanted = isVariadic(parameters) ? parameters.length - 1 : parameters.length
  if (!isVariadic(parameters)) {
    const format = 'wrong number of args for %s: want %d got %d'
    return given === wanted ? null : [format, BigInt(wanted), BigInt(given)]
  }
  const format = 'wrong number of args for %s: want at least %d got %d'
  return given >= wanted ? null : [format, BigInt(wanted), BigInt(site.args.length)]
}

function parameterType(parameters: readonly string[], index: number): string {
  const last = parameters.length - 1
  const type = parameters[Math.min(index, last)] ?? ANY
  return type.startsWith('...') ? type.slice(3) : type
}

function compileArguments(
  parameters: readonly string[],
  site: CallSite,
  identifier: IdentifierNode | null,
): (state: State) => Value[] {
  const evals = site.args.map((node, i) => site.argument(node, parameterType(parameters, i)))
  const { piped } = site
  const pipedType = parameterType(parameters, evals.length)
  const [first, second] = evals
  if (piped === null && first !== undefined && evals.length === 1) return at(identifier, (state) => [first(state)])
  if (piped === null && first !== undefined && second !== undefined && evals.length === 2) {
    return at(identifier, (state) => [first(state), second(state)])
  }
  return (state) => {
    const final = piped === null ? undefined : piped(state)
    if (identifier !== null) state.node = identifier
    const values = new Array<Value>(evals.length)
    for (let i = 0; i < evals.length; i++) values[i] = (evals[i] as Eval)(state)
    if (piped !== null) {
      state.isInterface = false
      values.push(fit(state, final, pipedType))
    }
    return values
  }
}

function at(identifier: IdentifierNode | null, args: (state: State) => Value[]): (state: State) => Value[] {
  if (identifier === null) return args
  return (state) => {
    state.node = identifier
    return args(state)
  }
}

function shortCircuit(stopsAt: boolean, site: CallSite, identifier: IdentifierNode): Eval {
  const evals = site.args.map((node) => site.argument(node, REFLECT))
  const { piped } = site
  return (state) => {
    const final = piped === null ? undefined : piped(state)
    state.node = identifier
    let value: Value
    for (const evaluate of evals) {
      value = evaluate(state)
      if (isTrue(value) === stopsAt) return value
    }
    if (piped === null) return value
    state.isInterface = false
    return final
  }
}
