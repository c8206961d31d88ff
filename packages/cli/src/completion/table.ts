import type { Command, Option } from '../command.ts'

/** One option of a command, as far as a shell needs to know it. */
export interface CompletedOption {
  /** As it is typed: `--output`, and `-o` where there is one. */
  readonly names: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  /** May be given several times. */
  readonly multiple: boolean
  /** The values that there are; none = whatever the value is, files are offered. */
  readonly words: readonly string[]
}

/** One verb and all that can follow it. */
export interface CompletedCommand {
  readonly verb: string
  readonly summary: string
  readonly options: readonly CompletedOption[]
  /** What the first argument can be; none = files are offered. */
  readonly words: readonly string[]
  /** A command line of another program follows `--`. */
  readonly wraps: boolean
}

/** What a shell needs to know of the commands, from the tables that they are parsed by. */
export function completedCommands(commands: Readonly<Record<string, Command>>): CompletedCommand[] {
  return Object.entries(commands).map(([verb, { summary, positionals = '', options }]) => ({
    verb,
    summary,
    options: [...options, help].map(completedOption),
    words: wordsOf(positionals.split(' ')[0]),
    wraps: positionals.split(' ').includes('--'),
  }))
}

const help = { name: 'help', short: 'h', type: 'boolean', description: 'display help for command' } as const

function completedOption({ name, short, type, multiple, value, description }: Option): CompletedOption {
  return {
    names: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    description,
    takesValue: type === 'string',
    multiple: multiple === true,
    words: wordsOf(value),
  }
}

/** The words that a placeholder lists: `json|yaml`; one in capitals stands for any text. */
function wordsOf(placeholder: string | undefined): readonly string[] {
  return placeholder !== undefined && /^[a-z\d-]+(?:\|[a-z\d-]+)+$/.test(placeholder) ? placeholder.split('|') : []
}
