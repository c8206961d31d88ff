import type { Flag } from './flags.ts'

/** The values of one command line. */
export class FlagValues {
  readonly #values = new Map<string, string | number | boolean | string[]>()

  set(name: string, value: string | number | boolean | string[]): void {
    this.#values.set(name, value)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : ''
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true
  }

  number(name: string): number {
    const value = this.#values.get(name)
    return typeof value === 'number' ? value : 0
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(name)
    return Array.isArray(value) ? value : []
  }
}

/** What a command line came to. */
export interface Parsed {
  readonly values: FlagValues
  readonly args: readonly string[]
  /** `--help` was given. */
  readonly help: boolean
  /** `--version` was given. */
  readonly version: boolean
  /** What is wrong with the line, in Go's words. */
  readonly error?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a command line as Go's `flag` package does: one dash is as good as two, a value follows `=` or is the next
 * argument, and reading stops at the first argument that is no flag, or behind `--`.
 */
export function parseFlags(argv: readonly string[], flags: readonly Flag[], env: Environment): Parsed {
  const parser = new Parser(flags)
  const error = parser.environment(env) ?? parser.read(argv) ?? parser.twoForms()
  const { values, args, asked } = parser
  const result = { values, args, help: asked.has('help'), version: asked.has('version') }
  return error === undefined ? result : { ...result, error }
}

/**
 * The arguments with all flags in front, as sub-commands read them: what follows a flag without `=` may be its value
 * and goes with it.
 */
export function reorder(argv: readonly string[], flags: readonly Flag[]): string[] {
  const front: string[] = []
  const rest: string[] = []
  let mayBeValue = false
  for (const [index, argument] of argv.entries()) {
    const isFlag = isKnownFlag(argument, flags)
    if (mayBeValue && !isFlag) {
      mayBeValue = false
      front.push(argument)
    } else if (argument === '--') return [...front, '--', ...rest, ...argv.slice(index + 1)]
    else if (isFlag) {
      front.push(argument)
      mayBeValue = !argument.includes('=')
    } else rest.push(argument)
  }
  return [...front, ...rest]
}

function isKnownFlag(argument: string, flags: readonly Flag[]): boolean {
  if (argument === '-' || argument === '--' || !argument.startsWith('-')) return false
  const name = argument.replace(/^--?/, '').split('=', 1)[0] ?? ''
  return name === 'help' || name === 'h' || flags.some((flag) => flag.names.includes(name))
}

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True']
const falseWords = ['0', 'f', 'F', 'false', 'FALSE', 'False']

const questions: Readonly<Record<string, string>> = { help: 'help', h: 'help', version: 'version', v: 'version' }

class Parser {
  readonly #flags = new Map<string, Flag>()
  readonly #used = new Map<Flag, string>()
  #clash: string | undefined
  readonly values = new FlagValues()
  readonly asked = new Set<string>()
  args: readonly string[] = []

  constructor(flags: readonly Flag[]) {
    for (const flag of flags) {
      for (const name of flag.names) if (name !== undefined) this.#flags.set(name, flag)
      if (flag.kind === 'on') this.values.set(flag.names[0], true)
    }
  }

  environment(env: Environment): string | undefined {
    for (const flag of new Set(this.#flags.values())) {
      const text = flag.env === undefined ? undefined : env[flag.env]
      if (text === undefined || text === '') continue
      const name = flag.names[0]
      if (flag.kind === 'strings')
        this.values.set(
          name,
          text.split(',').map((part) => part.trim()),
        )
      else if (this.#assign(flag, text) !== undefined) {
        return `could not parse ${text} as bool value for flag ${name}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`
      }
    }
    return undefined
  }

  read(argv: readonly string[]): string | undefined {
    for (let at = 0; at < argv.length; ) {
      const argument = argv[at] ?? ''
      if (argument === '--') {
        this.args = argv.slice(at + 1)
        return undefined
      }
      if (argument.length < 2 || !argument.startsWith('-')) {
        this.args = argv.slice(at)
        return undefined
      }
      const used = this.#readFlag(argument, argv[at + 1])
      if (typeof used === 'string') {
        this.args = argv.slice(at + 1)
        return used
      }
      at += used
    }
    return undefined
  }

  /** Reads one flag; gives the number of arguments that it took, or an error. */
  #readFlag(argument: string, next: string | undefined): number | string {
    const [, name = '', value] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(argument) ?? []
    if (name === '' || name.startsWith('-')) return `bad flag syntax: ${argument}`
    const flag = this.#flags.get(name)
    if (flag === undefined) return this.#unknown(name)
    const earlier = this.#used.get(flag)
    if (earlier !== undefined && earlier !== name)
      this.#clash ??= `Cannot use two forms of the same flag: ${flag.names.find((known) => known !== flag.names[0])} ${flag.names[0]}`
    this.#used.set(flag, name)
    const isSwitch = flag.kind === 'bool' || flag.kind === 'on'
    if (value === undefined && !isSwitch && next === undefined) return `flag needs an argument: -${name}`
    const text = value ?? (isSwitch ? 'true' : (next ?? ''))
    const problem = this.#assign(flag, text)
    if (problem !== undefined) {
      return isSwitch
        ? `invalid boolean value ${JSON.stringify(text)} for -${name}: ${problem}`
        : `invalid value ${JSON.stringify(text)} for flag -${name}: ${problem}`
    }
    return value === undefined && !isSwitch ? 2 : 1
  }

  #unknown(name: string): number | string {
    const asked = questions[name]
    // Only the program itself has a version.
    if (asked === undefined || (asked === 'version' && !this.#flags.has('decrypt')))
      return `flag provided but not defined: -${name}`
    this.asked.add(asked)
    return 1
  }

  twoForms(): string | undefined {
    return this.#clash
  }

  #assign(flag: Flag, text: string): string | undefined {
    const [name] = flag.names
    if (flag.kind === 'string') this.values.set(name, text)
    else if (flag.kind === 'strings') this.values.set(name, [...this.values.list(name), text])
    else if (flag.kind === 'int') {
      const value = integer(text)
      if (typeof value === 'string') return value
      this.values.set(name, Number(value))
    } else {
      if (!trueWords.includes(text) && !falseWords.includes(text)) return 'parse error'
      this.values.set(name, trueWords.includes(text))
    }
    return undefined
  }
}

const integers =
  /^([+-]?)(?:(0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|[1-9](?:_?\d)*)|0((?:_?[0-7])*))$/

/** An integer as Go's flags read it, by its prefix and with underscores between digits; or what is wrong with it. */
function integer(text: string): bigint | string {
  const [whole, sign, digits, octal] = integers.exec(text) ?? []
  if (whole === undefined) return 'parse error'
  const magnitude = BigInt((digits ?? `0o0${octal}`).replaceAll('_', ''))
  const value = sign === '-' ? -magnitude : magnitude
  return BigInt.asIntN(64, value) === value ? value : 'value out of range'
}
