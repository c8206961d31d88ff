import { type KeyObject, randomBytes } from 'node:crypto'
import { overBudget, TemplateError } from './error.ts'
import { ExpressionCompiler } from './execute/compile.ts'
import { type Budget, type MissingKey, type Program, type Sources, State, type Step } from './execute/state.ts'
import { StatementCompiler } from './execute/walk.ts'
import type { FunctionRow, FunctionTable } from './functions/row.ts'
import { parseTrees } from './parse/parse.ts'
import { fromBytes, fromText, toBytes } from './utf8.ts'
import { Dict, type Value } from './value.ts'
import { generateKey, type KeyKind } from './x509/key.ts'

/** How a template is read. */
export interface ParseOptions {
  /** The template's name, which error texts begin with. */
  readonly name: string
  readonly functions: FunctionTable
  /** Where an action begins; `{{` when absent or empty. */
  readonly leftDelim?: string
  /** Where an action ends; `}}` when absent or empty. */
  readonly rightDelim?: string
  /** What a key that the data lacks gives: `<no value>` (Go's default), an empty value, or an error. */
  readonly missingKey?: MissingKey
}

/** A parsed template. Holds no state of a render: one may render any number of times. */
export interface Template {
  readonly name: string
  /** The names of the functions that the text calls, and what they may cost. */
  readonly functions: FunctionTable
  readonly program: Program
  readonly main: Step
}

/** What a render may use and what it draws on. */
export interface ExecuteOptions {
  readonly budget?: Partial<Budget>
  /** Random bytes; the runtime's own when absent. */
  readonly random?: (length: number) => Uint8Array
  /** Makes private keys; the runtime's own when absent. */
  readonly generateKey?: (kind: KeyKind) => KeyObject
  /** Nanoseconds since 1970. Without it, a template that asks for the time fails. */
  readonly now?: () => bigint
  /** The local time zone, an IANA name; UTC when absent. */
  readonly zone?: string
}

/** A map of strings, as both upstreams give, or of such maps (`map[string]map[string]string`). */
export type DataMap = ReadonlyMap<string, Uint8Array | string | ReadonlyMap<string, Uint8Array | string>>

/** The data that a template sees as its dot. */
export type Data = DataMap | Value

/** 32 MiB of made text and a million steps: far beyond any Secret, and done in about a second. */
export const DEFAULT_BUDGET: Budget = { memory: 32 << 20, steps: 1_000_000 }

/**
 * Parses a Go template.
 *
 * @param text the template, JavaScript text
 * @throws TEMPLATE_SYNTAX with Go's exact text as `upstream`
 */
export function parse(text: string, options: ParseOptions): Template {
  const { functions } = options
  const name = fromText(options.name)
  const source = fromText(text)
  const used = new Map<string, FunctionRow>()
  const trees = guarded(() =>
    parseTrees(source, {
      name,
      left: fromText(options.leftDelim || '{{'),
      right: fromText(options.rightDelim || '}}'),
      isFunction: (word) => {
        const row = functions.get(word)
        if (row !== undefined) used.set(word, row)
        return row !== undefined
      },
    }),
  )
  const missingKey = options.missingKey ?? 'default'
  const program: Program = { name, text: source, trees, steps: new Map(), functions, missingKey }
  const compiler = new StatementCompiler(program, new ExpressionCompiler(functions))
  const main = guarded(() => compiler.list(trees.get(name) ?? []))
  return { name, functions: used, program, main }
}

/**
 * Renders a parsed template.
 *
 * @returns the rendered bytes
 * @throws TEMPLATE_EXECUTION with Go's exact text as `upstream`, TEMPLATE_LIMIT when the budget is used up
 */
export function execute(template: Template, data: Data, options: ExecuteOptions = {}): Uint8Array {
  const context: Sources = {
    random: options.random ?? randomBytes,
    generateKey: options.generateKey ?? generateKey,
    now: options.now ?? noClock,
    zone: options.zone ?? 'UTC',
  }
  const budget = { ...DEFAULT_BUDGET, ...options.budget }
  const state = new State(template.program, toValue(data), { context, budget })
  guarded(
    () => template.main(state),
    () => state.failDepth(),
  )
  return toBytes(state.output)
}

function noClock(): never {
  throw new TemplateError('TEMPLATE_EXECUTION', 'the template asks for the time, and the render was given no clock', {
    hint: 'pass `now`, or a fixed time so that the output does not change between renders',
  })
}

function toValue(data: Data): Value {
  if (!(data instanceof Map)) return data as Value
  const entries = new Map<string, Value>()
  let element = 'string'
  for (const [key, value] of data as DataMap) {
    if (value instanceof Map) element = 'map[string]string'
    entries.set(fromText(key), entryValue(value))
  }
  return new Dict(element, entries)
}

function entryValue(value: Uint8Array | string | ReadonlyMap<string, Uint8Array | string>): Value {
  if (typeof value === 'string') return fromText(value)
  return value instanceof Uint8Array ? fromBytes(value) : toValue(value)
}

/** Turns a stack that ran out (templates that call each other for ever) into the error that it is. */
function guarded<T>(run: () => T, tooDeep: () => never = () => overBudget('depth')): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) return tooDeep()
    throw error
  }
}
