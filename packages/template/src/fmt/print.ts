import { isPrint } from '@sealkit/core/go'
import { canBackquote, quote, quoteRune, quoteToAscii } from '../quote.ts'
import { encodeRune, runeWidth } from '../utf8.ts'
import { Complex, Dict, isOpaque, kindOf, List, Sized, typeOf, type Value } from '../value.ts'
import { type Flags, noFlags, pad } from './flags.ts'
import { formatFloat } from './float.ts'

const PLAIN = noFlags()

/** What `%p` prints of everything that has an address: nothing here has one that means anything. */
const ADDRESS = '0xc000000000'

/** A value as Go's `%v` prints it: what an action writes. */
export function printValue(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return '<nil>'
    case 'number':
      return formatFloat(value, 'g', -1, PLAIN)
  }
  return formatValue(value, 'v', PLAIN, false)
}

/**
 * One argument under one verb, with Go's error text (`%!d(string=x)`) for a verb that does not fit.
 *
 * @param erroring inside such an error text, where String methods are not asked
 */
export function formatValue(value: Value, verb: string, flags: Flags, erroring: boolean): string {
  if (verb === 'T') return value == null ? pad('<nil>', flags) : pad(truncate(typeOf(value), flags), flags)
  switch (typeof value) {
    case 'string':
      return formatString(value, verb, flags)
    case 'bigint':
      return formatInteger(value, { signed: true, type: 'int' }, verb, flags)
    case 'number':
      return formatFloatVerb(value, verb, flags)
    case 'boolean':
      return verb === 't' || verb === 'v' ? pad(String(value), flags) : badVerb(value, verb, flags)
    case 'undefined':
      return verb === 'v' ? pad('<nil>', flags) : badVerb(value, verb, flags)
  }
  if (value === null) return verb === 'v' ? pad('<nil>', flags) : badVerb(value, verb, flags)
  if (verb === 'w') return badVerb(value, verb, flags)
  if (verb === 'p' && kindOf(value) !== 'struct' && kindOf(value) !== 'complex128' && !(value instanceof Sized)) {
    return pad(flags.sharp ? ADDRESS.slice(2) : ADDRESS, flags)
  }
  if (value instanceof List) return formatList(value, verb, flags, erroring)
  if (value instanceof Dict) return formatDict(value, verb, flags, erroring)
  if (value instanceof Complex) return formatComplex(value, verb, flags)
  const text = erroring || flags.sharpV || !'vsxXq'.includes(verb) ? undefined : textOf(value)
  if (text !== undefined) return formatString(text, verb, flags)
  if (value instanceof Sized) {
    return formatInteger(value.value, { signed: !value.kind.startsWith('uint'), type: value.type }, verb, flags)
  }
  return formatStruct(value, verb, flags, erroring)
}

function textOf(value: Exclude<Value, string | bigint | number | boolean | undefined | null | List | Dict | Complex>) {
  return value instanceof Sized ? value.text : value.text?.()
}

function badVerb(value: Value, verb: string, flags: Flags): string {
  if (value == null) return `%!${verb}(<nil>)`
  return `%!${verb}(${typeOf(value)}=${formatValue(value, 'v', flags, true)})`
}

function truncate(text: string, flags: Flags): string {
  if (flags.precision === null) return text
  let at = 0
  for (let n = flags.precision; n > 0 && at < text.length; n--) at += runeWidth(text, at)
  return text.slice(0, at)
}

function formatString(value: string, verb: string, flags: Flags): string {
  switch (verb) {
    case 'v':
      return flags.sharpV ? formatQuoted(value, flags) : pad(truncate(value, flags), flags)
    case 's':
      return pad(truncate(value, flags), flags)
    case 'x':
    case 'X':
      return formatHex(value, verb, flags)
    case 'q':
      return formatQuoted(value, flags)
  }
  return badVerb(value, verb, flags)
}

function formatQuoted(value: string, flags: Flags): string {
  const text = truncate(value, flags)
  if (flags.sharp && canBackquote(text)) return pad(`\`${text}\``, flags)
  return pad(flags.plus ? quoteToAscii(text) : quote(text), flags)
}

function formatHex(value: string, verb: 'x' | 'X', flags: Flags): string {
  const length = Math.min(flags.precision ?? value.length, value.length)
  const prefix = flags.sharp ? `0${verb}` : ''
  if (length === 0) return pad('', { ...flags, minus: false })
  const bytes = Array.from({ length }, (_, i) => {
    const text = value.charCodeAt(i).toString(16).padStart(2, '0')
    return verb === 'X' ? text.toUpperCase() : text
  })
  return pad(prefix + bytes.join(flags.space ? ` ${prefix}` : ''), flags)
}

interface IntegerType {
  readonly signed: boolean
  readonly type: string
}

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }

function formatInteger(value: bigint, type: IntegerType, verb: string, flags: Flags): string {
  const base = BASES[verb]
  if (base !== undefined) {
    const hex = verb === 'v' && flags.sharpV && !type.signed
    return hex ? formatDigits(value, 16, 'v', { ...flags, sharp: true }) : formatDigits(value, base, verb, flags)
  }
  const rune = value > 0x10ffffn || value < 0n ? 0xfffd : Number(value)
  if (verb === 'c') return pad(encodeRune(rune), flags)
  if (verb === 'q') return pad(quoteRune(rune, flags.plus), flags)
  if (verb === 'U') return formatUnicode(BigInt.asUintN(64, value), flags)
  const wrapped = type.type === 'int' ? value : new Sized(type.type, value)
  return badVerb(wrapped, verb, flags)
}

function formatDigits(value: bigint, base: number, verb: string, flags: Flags): string {
  const negative = value < 0n
  let digits = (negative ? -value : value).toString(base)
  let least = 0
  if (flags.precision !== null) {
    if (flags.precision === 0 && value === 0n) return ' '.repeat(flags.width ?? 0)
    least = flags.precision
  } else if (flags.zero && !flags.minus && flags.width !== null) {
    least = flags.width - (negative || flags.plus || flags.space ? 1 : 0)
  }
  digits = digits.padStart(least, '0')
  if (verb === 'X') digits = digits.toUpperCase()
  if (flags.sharp) {
    if (base === 2) digits = `0b${digits}`
    else if (base === 16) digits = `0${verb === 'X' ? 'X' : 'x'}${digits}`
    else if (base === 8 && !digits.startsWith('0')) digits = `0${digits}`
  }
  if (verb === 'O') digits = `0o${digits}`
  const sign = negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  return pad(sign + digits, { ...flags, zero: false })
}

function formatUnicode(value: bigint, flags: Flags): string {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')
  const shown = flags.sharp && value <= 0x10ffffn && isPrint(Number(value)) ? ` '${encodeRune(Number(value))}'` : ''
  return pad(`U+${digits}${shown}`, { ...flags, zero: false })
}

function formatFloatVerb(value: number, verb: string, flags: Flags): string {
  if (verb === 'v') return formatFloat(value, 'g', -1, flags)
  if ('bgGxX'.includes(verb)) return formatFloat(value, verb, -1, flags)
  if ('feE'.includes(verb)) return formatFloat(value, verb, 6, flags)
  return verb === 'F' ? formatFloat(value, 'f', 6, flags) : badVerb(value, verb, flags)
}

function formatComplex(value: Complex, verb: string, flags: Flags): string {
  if (!'vbgGxXfFeE'.includes(verb)) return badVerb(value, verb, flags)
  const real = formatFloatVerb(value.real, verb, flags)
  return `(${real}${formatFloatVerb(value.imaginary, verb, { ...flags, plus: true })}i)`
}

function formatList(value: List, verb: string, flags: Flags, erroring: boolean): string {
  if (value.element === 'uint8' && 'sqxX'.includes(verb)) return formatString(byteString(value), verb, flags)
  if (flags.sharpV) {
    if (value.isNil) return `${typeOf(value)}(nil)`
    return `${typeOf(value)}{${value.items.map((item) => formatElement(item, verb, flags, erroring)).join(', ')}}`
  }
  return `[${value.items.map((item) => formatElement(item, verb, flags, erroring)).join(' ')}]`
}

function byteString(value: List): string {
  return value.items.map((item) => String.fromCharCode(Number((item as Sized).value))).join('')
}

function formatDict(value: Dict, verb: string, flags: Flags, erroring: boolean): string {
  if (flags.sharpV && value.isNil) return `${typeOf(value)}(nil)`
  const entries = value.sortedKeys().map((key) => {
    return `${formatValue(key, verb, flags, erroring)}:${formatElement(value.entries.get(key), verb, flags, erroring)}`
  })
  return flags.sharpV ? `${typeOf(value)}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`
}

/** An element of a list, map or struct: a nil there is printed without padding, whatever the verb. */
function formatElement(value: Value, verb: string, flags: Flags, erroring: boolean): string {
  if (value == null) return flags.sharpV ? 'interface {}(nil)' : '<nil>'
  return formatValue(value, verb, flags, erroring)
}

function formatStruct(value: Value & { readonly kind: string }, verb: string, flags: Flags, erroring: boolean): string {
  const fields = isOpaque(value) ? [...(value.fields ?? value.hidden ?? [])] : []
  const named = flags.plusV || flags.sharpV
  const body = fields.map(([name, field]) => {
    const text = formatElement(field, verb, flags, erroring)
    return named ? `${name}:${text}` : text
  })
  const type = typeOf(value)
  const head = value.kind === 'ptr' ? '&' : ''
  return flags.sharpV ? `${head}${type.replace(/^\*/, '')}{${body.join(', ')}}` : `${head}{${body.join(' ')}}`
}
