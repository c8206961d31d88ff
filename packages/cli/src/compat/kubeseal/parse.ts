import { isScope } from '@sealkit/core/sealed'
import { type Flag, type FlagKind, FlagValues, flags } from './flags.ts'

/** What a command line came to: values, or a request or mistake that ends in the usage text. */
export type Parsed =
  | { readonly kind: 'values'; readonly values: FlagValues; readonly deprecated: boolean }
  /** `-h`, which pflag answers by itself. */
  | { readonly kind: 'help' }
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'unknownShort'; readonly letter: string; readonly letters: string }
  | { readonly kind: 'noValue'; readonly name: string }
  | { readonly kind: 'noValueShort'; readonly letter: string; readonly letters: string }
  | { readonly kind: 'syntax'; readonly argument: string }
  | { readonly kind: 'invalid'; readonly flag: Flag; readonly value: string; readonly cause: Refusal }

/** Why a value was refused: the words of a rule, or the rule whose Go text `usage.ts` makes. */
export type Refusal =
  | { readonly text: string }
  | { readonly parse: 'ParseBool' | 'ParseInt'; readonly reason: 'invalid syntax' | 'value out of range' }

/** Reads a command line as pflag does: flags anywhere, everything else ignored. */
export function parse(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  return new Parser(environment(env)).parse(argv)
}

/** Values from `SEALED_SECRETS_*`; what cannot be read there is ignored. Lists keep them, the rest overrides them. */
function environment(env: Readonly<Record<string, string | undefined>>): FlagValues {
  const values = new FlagValues()
  if (!Object.keys(env).some((name) => name.startsWith('SEALED_SECRETS_'))) return values
  for (const flag of flags) {
    if (flag.kind.startsWith('klog')) continue
    const text = env[`SEALED_SECRETS_${flag.name.toUpperCase().replaceAll('-', '_')}`]
    if (text !== undefined) set(values, flag, text)
  }
  return values
}

class Parser {
  readonly #values: FlagValues
  #rest: string[] = []
  #deprecated = false

  constructor(values: FlagValues) {
    this.#values = values
  }

  parse(argv: readonly string[]): Parsed {
    this.#rest = [...argv]
    for (let argument = this.#rest.shift(); argument !== undefined; argument = this.#rest.shift()) {
      if (argument === '--') break
      if (!argument.startsWith('-') || argument === '-') continue
      const end = argument.startsWith('--') ? this.#long(argument) : this.#short(argument.slice(1))
      if (end !== undefined) return end
    }
    return { kind: 'values', values: this.#values, deprecated: this.#deprecated }
  }

  #long(argument: string): Parsed | undefined {
    const equals = argument.indexOf('=')
    const name = argument.slice(2, equals < 0 ? undefined : equals)
    const inline = equals < 0 ? undefined : argument.slice(equals + 1)
    if (name === '' || name.startsWith('-')) return { kind: 'syntax', argument }
    const flag = flags.find((candidate) => candidate.name === name)
    if (flag === undefined) return { kind: 'unknown', name }
    const value = inline ?? (isSwitch(flag.kind) ? 'true' : this.#rest.shift())
    return value === undefined ? { kind: 'noValue', name } : this.#set(flag, value)
  }

  /** The letters after one dash: every flag with a letter takes a value, so the rest of the letters is that. */
  #short(letters: string): Parsed | undefined {
    // pflag leaves the flags of Go's test binaries alone.
    if (letters.startsWith('test.')) return undefined
    const letter = letters.charAt(0)
    const flag = flags.find((candidate) => 'short' in candidate && candidate.short === letter)
    if (flag === undefined) return letter === 'h' ? { kind: 'help' } : { kind: 'unknownShort', letter, letters }
    const inline = letters.length > 2 && letters[1] === '=' ? letters.slice(2) : letters.slice(1)
    const value = inline === '' ? this.#rest.shift() : inline
    return value === undefined ? { kind: 'noValueShort', letter, letters } : this.#set(flag, value)
  }

  #set(flag: Flag, value: string): Parsed | undefined {
    const cause = set(this.#values, flag, value)
    if (cause !== undefined) return { kind: 'invalid', flag, value, cause }
    if (flag.name === 'rotate') this.#deprecated = true
    return undefined
  }
}

/** Kinds that need no value. */
function isSwitch(kind: FlagKind): boolean {
  return kind === 'bool' || kind === 'klogBool'
}

function set(values: FlagValues, flag: Flag, text: string): Refusal | undefined {
  return setters[flag.kind](values, flag.name, text)
}

type Setter = (values: FlagValues, name: string, text: string) => Refusal | undefined

const setters: Readonly<Record<FlagKind, Setter>> = {
  string(values, name, text) {
    values.setText(name, text)
    return undefined
  },
  bool(values, name, text) {
    const value = bools[text]
    values.setBool(name, value ?? false)
    return value === undefined ? { parse: 'ParseBool', reason: 'invalid syntax' } : undefined
  },
  strings(values, name, text) {
    const fields = splitCsv(text)
    if ('text' in fields) return fields
    values.append(name, fields.values)
    return undefined
  },
  list(values, name, text) {
    values.append(name, [text])
    return undefined
  },
  scope(values, name, text) {
    if (text !== '' && !isScope(text)) return { text: 'must be one of: strict, namespace-wide, cluster-wide' }
    values.setText(name, text === '' ? 'strict' : text)
    return undefined
  },
  namespace(values, name, text) {
    const stripped = text.replace(/^(?:namespaces|namespace|ns)\/(?=.)/is, '')
    values.setText(name, stripped)
    return undefined
  },
  klogBool: (_, __, text) => (bools[text] === undefined ? { text: 'parse error' } : undefined),
  klogInt32: (_, __, text) => checkInt32(text),
  klogUint: (_, __, text) => (isUint(text) ? undefined : { text: 'parse error' }),
  klogSeverity: (_, __, text) => (severities.has(text.toUpperCase()) ? undefined : checkInt32(text)),
  klogTrace: (_, __, text) => checkTrace(text),
  klogModules: (_, __, text) => checkModules(text),
  klogString: () => undefined,
}

/** What strconv.ParseBool reads. */
const bools: Readonly<Record<string, boolean | undefined>> = {
  ...{ '1': true, t: true, T: true, true: true, TRUE: true, True: true },
  ...{ '0': false, f: false, F: false, false: false, FALSE: false, False: false },
}

const severities: ReadonlySet<string> = new Set(['INFO', 'WARNING', 'ERROR', 'FATAL'])

function checkInt32(text: string): Refusal | undefined {
  if (!/^[+-]?\d+$/.test(text)) return { parse: 'ParseInt', reason: 'invalid syntax' }
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(32, value) === value ? undefined : { parse: 'ParseInt', reason: 'value out of range' }
}

function isUint(text: string): boolean {
  if (!/^(?:0|[1-9]\d*|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/.test(text)) return false
  const value = BigInt(text.replace(/^0(?=\d)/, '0o'))
  return BigInt.asUintN(64, value) === value
}

function checkTrace(text: string): Refusal | undefined {
  if (text === '') return undefined
  const [file = '', line = '', ...more] = text.split(':')
  const isLine = /^[+-]?\d+$/.test(line)
  if (more.length > 0 || !file.includes('.') || !isLine) return { text: 'syntax error: expect file.go:234' }
  return Number(line) > 0 ? undefined : { text: 'negative or zero value for level' }
}

function checkModules(text: string): Refusal | undefined {
  for (const pattern of text.split(',')) {
    if (pattern === '') continue
    const [file = '', level = '', ...more] = pattern.split('=')
    if (more.length > 0 || file === '' || level === '' || checkInt32(level) !== undefined) {
      return { text: 'syntax error: expect comma-separated list of filename=N' }
    }
    if (Number(level) < 0) return { text: 'negative value for vmodule level' }
  }
  return undefined
}

/** One record of encoding/csv: fields may be quoted, `""` is a quote inside. */
function splitCsv(text: string): { readonly values: string[] } | { readonly text: string } {
  if (text === '') return { values: [] }
  const line = text.split('\n')[0] ?? ''
  if (!text.includes('"')) return line === '' ? { text: 'EOF' } : { values: line.replace(/\r$/, '').split(',') }
  const values: string[] = []
  let at = 0
  for (;;) {
    const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at)
    if ('text' in field) return field
    values.push(field.value)
    if (text[field.end] !== ',') return { values }
    at = field.end + 1
  }
}

type CsvField = { readonly value: string; readonly end: number } | { readonly text: string }

function bareField(text: string, from: number): CsvField {
  const [value = ''] = /[^,\n]*/.exec(text.slice(from)) ?? []
  const quote = value.indexOf('"')
  if (quote >= 0) return csvError(text, from + quote, 'bare " in non-quoted-field')
  return { value, end: from + value.length }
}

function quotedField(text: string, from: number): CsvField {
  const [quoted] = /^"(?:[^"]|"")*"/.exec(text.slice(from)) ?? []
  if (quoted === undefined) return csvError(text, text.length, 'extraneous or missing " in quoted-field')
  const end = from + quoted.length
  const next = text[end]
  if (next !== undefined && next !== ',' && next !== '\n')
    return csvError(text, end - 1, 'extraneous or missing " in quoted-field')
  return { value: quoted.slice(1, -1).replaceAll('""', '"'), end }
}

/** Columns count bytes from 1. */
function csvError(text: string, at: number, what: string): { readonly text: string } {
  return { text: `parse error on line 1, column ${Buffer.byteLength(text.slice(0, at)) + 1}: ${what}` }
}
