import type { Io } from './io.ts'

/** One flag of a command. */
export interface Option {
  /** Long name without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly type: 'string' | 'boolean'
  /** May be given several times; the value is then a list. */
  readonly multiple?: true
  /** What stands for the value in help texts (`FILE`). */
  readonly value?: string
  readonly description: string
}

/** The values of a table of options, by option name; a flag that was not given is absent. */
export type Values<O extends readonly Option[] = readonly Option[]> = {
  readonly [K in O[number] as K['name']]?: K extends { readonly multiple: true }
    ? readonly string[]
    : K['type'] extends 'boolean'
      ? boolean
      : string
}

/**
 * One command: the module `commands/<name>.ts` has this shape.
 *
 * `options` is the whole command line as data: it is parsed from, and help, completion and the reference are made from
 * it. `run` only calls libraries; it returns the exit code or throws.
 */
export interface Command<O extends readonly Option[] = readonly Option[]> {
  /** One line for the list of commands. */
  readonly summary: string
  /** The positional arguments, as help shows them: `[FILE...]`. Absent = none are taken. */
  readonly positionals?: string
  readonly options: O
  /** Command lines that a person would type, each with what it does. */
  readonly examples?: readonly (readonly [commandLine: string, meaning: string])[]
  run(values: Values<O>, positionals: readonly string[], io: Io): Promise<number>
}
