import { parseDuration } from '@sealkit/core/go'
import { ControllerError } from './error.ts'

/** A flag of a command line in Go's manner. */
export interface Flag {
  readonly name: string
  readonly type: 'text' | 'flag' | 'integer' | 'number' | 'duration'
  /** As it would be typed. */
  readonly default: string
  readonly usage: string
  /** Accepted and not shown: another name of the given flag, or of nothing. */
  readonly hidden?: boolean
  readonly aliasOf?: string
}

/** The values of a table of flags. */
export interface FlagValues {
  text(name: string): string
  flag(name: string): boolean
  number(name: string): number
  /** A duration in milliseconds. */
  milliseconds(name: string): number
  /** A list separated by commas, without empty entries and duplicates. */
  list(name: string): string[]
}

/** Where values come from besides the arguments. */
export interface FlagSources {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `SEALED_SECRETS` reads `--key-ttl` from `SEALED_SECRETS_KEY_TTL`. Absent = no variables. */
  readonly envPrefix?: string
}

const booleans: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false])),
}

const checks: Readonly<Record<Flag['type'], (text: string) => boolean>> = {
  text: () => true,
  flag: (text) => Object.hasOwn(booleans, text),
  integer: (text) => /^[+-]?\d+$/.test(text),
  number: (text) => text.trim() !== '' && Number.isFinite(Number(text)),
  duration: isDuration,
}

/**
 * Reads a command line as Go's pflag does: `--name value`, `--name=value`, `--name` for flags; the environment below
 * the arguments, where a value of the wrong form is passed over as upstream does.
 *
 * @throws {ControllerError} `CONTROLLER_USAGE` with pflag's words
 */
export function parseFlags(table: readonly Flag[], { args, env = {}, envPrefix }: FlagSources): FlagValues {
  const flags = new Map(table.map((flag) => [flag.name, flag]))
  const values = new Map(table.map((flag) => [flag.name, flag.default]))
  const set = (flag: Flag, text: string): void => void values.set(flag.aliasOf ?? flag.name, text)
  if (envPrefix !== undefined) {
    for (const flag of table) {
      const text = env[`${envPrefix}_${flag.name.toUpperCase().replaceAll('-', '_')}`]
      if (text !== undefined && text !== '' && checks[flag.type](text)) set(flag, text)
    }
  }
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? ''
    if (argument === '--') break
    if (!argument.startsWith('--')) throw usage(unknown(argument))
    const equals = argument.indexOf('=')
    const name = argument.slice(2, equals < 0 ? undefined : equals)
    const flag = flags.get(name)
    if (flag === undefined) throw usage(`unknown flag: --${name}`)
    let text = equals < 0 ? undefined : argument.slice(equals + 1)
    if (text === undefined && flag.type === 'flag') text = 'true'
    if (text === undefined) {
      index += 1
      text = args[index]
    }
    if (text === undefined) throw usage(`flag needs an argument: --${name}`)
    if (!checks[flag.type](text)) throw usage(`invalid argument "${text}" for "--${name}" flag`)
    set(flag, text)
  }
  return reader(values)
}

/** The flags as `--help` prints them. */
export function flagUsage(table: readonly Flag[]): string {
  const rows = table.filter(({ hidden }) => hidden !== true)
  const heads = rows.map(({ name, type }) => `      --${name}${type === 'flag' ? '' : ` ${type}`}`)
  const width = Math.max(...heads.map(({ length }) => length)) + 3
  return rows
    .map((flag, index) => {
      const quoted = flag.type === 'text' ? JSON.stringify(flag.default) : flag.default
      const silent = ['""', '0', 'false'].includes(quoted)
      return `${(heads[index] ?? '').padEnd(width)}${flag.usage}${silent ? '' : ` (default ${quoted})`}\n`
    })
    .join('')
}

function reader(values: ReadonlyMap<string, string>): FlagValues {
  const text = (name: string): string => {
    const value = values.get(name)
    if (value === undefined) throw new RangeError(`there is no flag ${name}`)
    return value
  }
  return {
    text,
    flag: (name) => booleans[text(name)] ?? false,
    number: (name) => Number(text(name)),
    milliseconds: (name) => Number(parseDuration(text(name)) / 1_000_000n),
    list: (name) =>
      [
        ...new Set(
          text(name)
            .split(',')
            .map((entry) => entry.trim()),
        ),
      ].filter((entry) => entry !== ''),
  }
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    return false
  }
}

function unknown(argument: string): string {
  const letter = argument.slice(1, 2)
  return argument.startsWith('-') && letter !== ''
    ? `unknown shorthand flag: '${letter}' in ${argument}`
    : `unexpected argument ${argument}`
}

function usage(message: string): ControllerError {
  return new ControllerError('CONTROLLER_USAGE', message, { hint: 'see --help for the flags' })
}
