import { decodeRune, encodeRune, runeWidth } from '../utf8.ts'
import { integerOf, typeOf, type Value } from '../value.ts'
import { type Flags, noFlags } from './flags.ts'
import { formatValue, printValue } from './print.ts'

/** Go's fmt.Sprint: a space between two operands when neither is a string. */
export function sprint(values: readonly Value[]): string {
  let out = ''
  let previousIsString = false
  values.forEach((value, i) => {
    const isString = typeof value === 'string'
    if (i > 0 && !isString && !previousIsString) out += ' '
    out += printValue(value)
    previousIsString = isString
  })
  return out
}

/** Go's fmt.Sprintln. */
export function sprintln(values: readonly Value[]): string {
  return `${values.map(printValue).join(' ')}\n`
}

/** How {@link sprintf} formats. */
export interface FormatOptions {
  /** As fmt.Errorf, where `%w` stands for the text of an error. */
  readonly wraps?: boolean
  /** Takes the widths and precisions that the format asks for from a budget. */
  readonly charge?: (amount: number) => void
}

/**
 * Go's fmt.Sprintf, with its error texts for verbs and arguments that do not fit.
 */
export function sprintf(format: string, values: readonly Value[], options: FormatOptions = {}): string {
  if (!format.includes('%') && values.length === 0) return format
  return new Formatter(format, values, options).run()
}

const LIMIT = 1_000_000

class Formatter {
  readonly #format: string
  readonly #values: readonly Value[]
  readonly #options: FormatOptions
  #at = 0
  #argument = 0
  #reordered = false
  #goodArgument = true

  constructor(format: string, values: readonly Value[], options: FormatOptions) {
    this.#format = format
    this.#values = values
    this.#options = options
  }

  run(): string {
    let out = ''
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at)
      if (percent < 0) break
      out += this.#format.slice(this.#at, percent)
      this.#at = percent + 1
      out += this.#verb()
    }
    return out + this.#format.slice(this.#at) + this.#extra()
  }

  #verb(): string {
    const flags = noFlags()
    this.#goodArgument = true
    while (this.#flag(flags)) this.#at++
    let afterIndex = this.#index()
    let notes = ''
    if (this.#format[this.#at] === '*') {
      notes += this.#starWidth(flags)
      afterIndex = false
    } else {
      flags.width = this.#number()
      if (afterIndex && flags.width !== null) this.#goodArgument = false
    }
    if (this.#format[this.#at] === '.' && this.#at + 1 < this.#format.length) {
      this.#at++
      if (afterIndex) this.#goodArgument = false
      afterIndex = this.#index()
      if (this.#format[this.#at] === '*') {
        notes += this.#starPrecision(flags)
        afterIndex = false
      } else flags.precision = this.#number() ?? 0
    }
    if (!afterIndex) this.#index()
    return notes + this.#value(flags)
  }

  #flag(flags: Flags): boolean {
    switch (this.#format[this.#at]) {
      case '#':
        flags.sharp = true
        return true
      case '0':
        flags.zero = true
        return true
      case '+':
        flags.plus = true
        return true
      case '-':
        flags.minus = true
        return true
      case ' ':
        flags.space = true
        return true
    }
    return false
  }

  #value(flags: Flags): string {
    if (this.#at >= this.#format.length) return '%!(NOVERB)'
    const verb = encodeRune(decodeRune(this.#format, this.#at))
    this.#at += runeWidth(this.#format, this.#at)
    if (verb === '%') return '%'
    if (!this.#goodArgument) return `%!${verb}(BADINDEX)`
    if (this.#argument >= this.#values.length) return `%!${verb}(MISSING)`
    if (verb === 'v' || verb === 'w') {
      flags.sharpV = flags.sharp
      flags.plusV = flags.plus
      flags.sharp = false
      flags.plus = false
    }
    this.#options.charge?.((flags.width ?? 0) + (flags.precision ?? 0))
    return formatValue(
      this.#values[this.#argument++],
      verb === 'w' && this.#options.wraps === true ? 'v' : verb,
      flags,
      false,
    )
  }

  /** A decimal number here; null when there is none or it is too large. */
  #number(): number | null {
    const start = this.#at
    let value = 0
    while (this.#at < this.#format.length) {
      const digit = this.#format.charCodeAt(this.#at) - 0x30
      if (digit < 0 || digit > 9) break
      if (value > LIMIT) {
        this.#at = this.#format.length
        return null
      }
      value = value * 10 + digit
      this.#at++
    }
    return this.#at === start ? null : value
  }

  /** An explicit argument index (`[2]`); true when one was well formed. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false
    this.#reordered = true
    const close = this.#format.indexOf(']', this.#at)
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#at++
      this.#goodArgument = false
      return false
    }
    const body = this.#format.slice(this.#at + 1, close)
    this.#at = close + 1
    const sound = /^\d+$/.test(body) && body.length < 9
    const index = Number(body) - 1
    if (sound && index >= 0 && index < this.#values.length) this.#argument = index
    else this.#goodArgument = false
    return sound
  }

  #starWidth(flags: Flags): string {
    const width = this.#starArgument()
    if (width === null) return '%!(BADWIDTH)'
    flags.width = Math.abs(width)
    if (width < 0) {
      flags.minus = true
      flags.zero = false
    }
    return ''
  }

  #starPrecision(flags: Flags): string {
    const precision = this.#starArgument()
    flags.precision = precision === null || precision < 0 ? null : precision
    return flags.precision === null ? '%!(BADPREC)' : ''
  }

  #starArgument(): number | null {
    this.#at++
    if (this.#argument >= this.#values.length) return null
    const value = integerOf(this.#values[this.#argument++])
    return value === null || value > LIMIT || value < -LIMIT ? null : Number(value)
  }

  #extra(): string {
    if (this.#reordered || this.#argument >= this.#values.length) return ''
    const extra = this.#values.slice(this.#argument).map((value) => {
      return value == null ? '<nil>' : `${typeOf(value)}=${printValue(value)}`
    })
    return `%!(EXTRA ${extra.join(', ')})`
  }
}
