import { SealkitError } from '@sealkit/core'
import { NumberError, parseBool, parseDuration, parseFloat64, parseInt64, quote, quoteRune } from '@sealkit/core/go'
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
  /** What to do instead; said on stderr whenever the flag is given. */
  readonly deprecated?: string
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
  /** Whether the flag was given, in the arguments or the environment. */
  given(name: string): boolean
  /** The help was asked for; what came after that was not read. */
  readonly help: boolean
  /** What is no flag and no value of one. */
  readonly positional: readonly string[]
  /** pflag's lines for flags that are deprecated and were given. */
  readonly notices: readonly string[]
}

/** Where values come from besides the arguments. */
export interface FlagSources {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `SEALED_SECRETS` reads `--key-ttl` from `SEALED_SECRETS_KEY_TTL`. Absent = no variables. */
  readonly envPrefix?: string
  /** Take arguments that are no flags, as pflag does; refused unless given. */
  readonly positional?: boolean
}

/** A kind of value: what Go calls it, and its parser, which throws an error with Go's text. */
interface FlagType {
  readonly goName: string
  readonly parse: (text: string) => unknown
}

const types: Readonly<Record<Flag['type'], FlagType>> = {
  text: { goName: 'string', parse: (text) => text },
  flag: { goName: '', parse: parseBool },
  integer: { goName: 'int', parse: (text) => Number(parseInt64(text, 0)) },
  number: { goName: 'float32', parse: parseFloat32 },
  duration: { goName: 'duration', parse: parseDuration },
}

/**
 * Reads a command line as Go's pflag does: `--name value`, `--name=value`, `--name` for flags; the environment below
 * the arguments. A variable of the wrong form is refused too; upstream's parsers make it 0 or false without a word.
 *
 * @throws {ControllerError} `CONTROLLER_USAGE` with pflag's words
 */
export function parseFlags(table: readonly Flag[], sources: FlagSources): FlagValues {
  const parser = new Parser(table)
  if (sources.envPrefix !== undefined) parser.environment(sources.env ?? {}, sources.envPrefix)
  parser.arguments(sources.args, sources.positional === true)
  return parser.values()
}

class Parser {
  readonly #flags: ReadonlyMap<string, Flag>
  readonly #texts: Map<string, string>
  readonly #given = new Set<string>()
  readonly #positional: string[] = []
  readonly #notices: string[] = []
  #help = false

  constructor(table: readonly Flag[]) {
    this.#flags = new Map(table.map((flag) => [flag.name, flag]))
    this.#texts = new Map(table.map((flag) => [flag.name, flag.default]))
  }

  environment(env: NonNullable<FlagSources['env']>, prefix: string): void {
    for (const flag of this.#flags.values()) {
      const variable = `${prefix}_${flag.name.toUpperCase().replaceAll('-', '_')}`
      const text = env[variable]
      if (text === undefined) continue
      const problem = refusal(flag, text)
      if (problem === undefined) this.#set(flag, text)
      // Images carry their version in variables of such names.
      else if (flag.name !== 'version') throw usage(`invalid value ${quote(text)} in ${variable}: ${problem}`)
    }
  }

  arguments(args: readonly string[], positional: boolean): void {
    const rest = [...args]
    for (let argument = rest.shift(); argument !== undefined && !this.#help; argument = rest.shift()) {
      if (argument === '--') return void this.#positional.push(...rest)
      if (argument.startsWith('--')) this.#long(argument, rest)
      else if (argument.startsWith('-') && argument !== '-') this.#short(argument)
      else if (positional) this.#positional.push(argument)
      else throw usage(`unexpected argument ${argument}`)
    }
  }

  values(): FlagValues {
    const text = (name: string): string => {
      const value = this.#texts.get(name)
      if (value === undefined) throw new RangeError(`there is no flag ${name}`)
      return value
    }
    return {
      text,
      flag: (name) => parseBool(text(name)),
      number: (name) => Number(this.#parsed(name, text(name))),
      milliseconds: (name) => Number(parseDuration(text(name)) / 1_000_000n),
      list: (name) => listOf(text(name)),
      given: (name) => this.#given.has(name),
      help: this.#help,
      positional: this.#positional,
      notices: this.#notices,
    }
  }

  #parsed(name: string, text: string): unknown {
    return types[this.#flags.get(name)?.type ?? 'text'].parse(text)
  }

  #long(argument: string, rest: string[]): void {
    const equals = argument.indexOf('=')
    const name = argument.slice(2, equals < 0 ? undefined : equals)
    if (name === '' || name.startsWith('-')) throw usage(`bad flag syntax: ${argument}`)
    const flag = this.#flags.get(name)
    if (flag === undefined && name === 'help') {
      this.#help = true
      return
    }
    if (flag === undefined) throw usage(`unknown flag: --${name}`)
    const inline = equals < 0 ? undefined : argument.slice(equals + 1)
    const text = inline ?? (flag.type === 'flag' ? 'true' : rest.shift())
    if (text === undefined) throw usage(`flag needs an argument: --${name}`)
    const problem = refusal(flag, text)
    if (problem !== undefined) throw usage(`invalid argument ${quote(text)} for "--${name}" flag: ${problem}`)
    this.#set(flag, text)
    if (flag.deprecated !== undefined) this.#notices.push(`Flag --${name} has been deprecated, ${flag.deprecated}\n`)
  }

  /** No flag has a letter; `-h` asks for help. Go takes a byte of the argument for a letter. */
  #short(argument: string): void {
    // pflag leaves the flags of Go's test binaries alone.
    if (argument.startsWith('-test.')) return
    const [letter = 0] = Buffer.from(argument.slice(1, 3))
    if (letter !== 0x68) throw usage(`unknown shorthand flag: ${quoteRune(letter)} in ${argument}`)
    this.#help = true
  }

  #set(flag: Flag, text: string): void {
    const name = flag.aliasOf ?? flag.name
    this.#texts.set(name, text)
    this.#given.add(name)
  }
}

/** The flags as `--help` prints them: pflag's columns. */
export function flagUsage(table: readonly Flag[]): string {
  const rows = table.filter(({ hidden }) => hidden !== true)
  const heads = rows.map(({ name, type }) => `      --${name} ${types[type].goName}`.trimEnd())
  const width = Math.max(...heads.map(({ length }) => length)) + 3
  return rows
    .map((flag, index) => {
      const quoted = flag.type === 'text' ? quote(flag.default) : flag.default
      const silent = ['""', '0', 'false', '0s'].includes(quoted)
      return `${(heads[index] ?? '').padEnd(width)}${flag.usage}${silent ? '' : ` (default ${quoted})`}\n`
    })
    .join('')
}

/** Go's words for a text that is no value of the flag. */
function refusal(flag: Flag, text: string): string | undefined {
  try {
    types[flag.type].parse(text)
    return undefined
  } catch (error) {
    if (error instanceof SealkitError) return error.upstream ?? error.message
    throw error
  }
}

function parseFloat32(text: string): number {
  const value = parseFloat64(text)
  if (!Number.isFinite(value) || Number.isFinite(Math.fround(value))) return value
  throw new NumberError({ name: 'ParseFloat', text, reason: 'range', detail: 'value out of range', value })
}

function listOf(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim())
  return [...new Set(entries)].filter((entry) => entry !== '')
}

function usage(message: string): ControllerError {
  return new ControllerError('CONTROLLER_USAGE', message, { hint: 'see --help for the flags' })
}
