import type { KeyObject } from 'node:crypto'
import type { Regexp } from '@sealkit/core/go/regexp'
import type { Parameter, Value } from '../value.ts'
import type { KeyKind } from '../x509/key.ts'

/**
 * What one call may cost beside the length of what it makes:
 * `cheap` = proportional to its arguments; `heavy` = parses or searches (regexp, JSON, YAML, semver);
 * `slow` = milliseconds to seconds of cryptography.
 */
export type Cost = 'cheap' | 'heavy' | 'slow'

/** How many steps of a render's budget one call takes; a step is about a microsecond. */
export const STEPS: Readonly<Record<Cost, number>> = { cheap: 1, heavy: 20, slow: 10_000 }

/** What a function may use besides its arguments. Nothing here comes from the machine unless the caller gave it. */
export interface Context {
  /** Random bytes. */
  readonly random: (length: number) => Uint8Array
  /** A new private key. */
  readonly generateKey: (kind: KeyKind) => KeyObject
  /** The time in nanoseconds since 1970. */
  readonly now: () => bigint
  /** The name of the local time zone. */
  readonly zone: string
  /** The regular expressions that the render has compiled. */
  readonly patterns: Map<string, Regexp>
  /** Takes so many bytes or elements from the budget. @throws TEMPLATE_LIMIT */
  readonly charge: (amount: number) => void
}

/** One function of a template. */
export interface FunctionRow {
  readonly name: string
  /** The group that it belongs to, as a heading. */
  readonly family: string
  /** Go types of the parameters, `...T` for the last of a variadic function. */
  readonly parameters: readonly Parameter[]
  /** Go type of the result. */
  readonly result: string
  readonly cost: Cost
  /** What it does, in one line. */
  readonly doc: string
  /** A call, without delimiters. */
  readonly example: string
  readonly run: (args: readonly Value[], context: Context) => Value
}

/** Functions by name. */
export type FunctionTable = ReadonlyMap<string, FunctionRow>

/** What a family's file says of one function; the family adds what its functions share. */
export type RowTail = readonly [signature: string, run: FunctionRow['run'], doc: string, example: string, cost?: Cost]

/**
 * Rows of one family from signatures: `name(T, U, ...V) R`.
 */
export function rows(family: string, tails: readonly RowTail[]): FunctionRow[] {
  return tails.map(([signature, run, doc, example, cost]) => {
    const match = /^(\w+)\((.*)\) (.+)$/.exec(signature)
    const [, name = '', parameters = '', result = ''] = match ?? []
    return {
      name,
      family,
      parameters: parameters === '' ? [] : parameters.split(', ').map(goType),
      result: goType(result),
      cost: cost ?? 'cheap',
      doc,
      example,
      run,
    }
  })
}

function goType(short: string): string {
  return short.replace('any', 'interface {}').replace(/\bdict\b/, 'map[string]interface {}')
}
