import { type FloatFormat, formatFloat as format } from '@sealkit/core/go'
import { type Flags, pad } from './flags.ts'

/** Go's fmt of a float64: strconv's digits with the sign, padding and trailing zeros that the flags ask for. */
export function formatFloat(value: number, verb: string, precision: number, flags: Flags): string {
  const digits = format(value, verb as FloatFormat, flags.precision ?? precision)
  if (flags === undefined) return digits
  const signed = /^[+-]/.test(digits) ? digits : `+${digits}`
  const sign = flags.space && signed[0] === '+' && !flags.plus ? ' ' : (signed[0] ?? '+')
  if (!Number.isFinite(value)) return formatSpecial(signed.slice(1), sign, flags)
  const body =
    flags.sharp && verb !== 'b' ? keepZeros(signed.slice(1), verb, flags.precision ?? precision) : signed.slice(1)
  const shown = flags.plus || sign !== '+' ? sign : ''
  if (shown !== '' && flags.zero && !flags.minus && flags.width !== null) {
    return shown + body.padStart(flags.width - 1, '0')
  }
  return pad(shown + body, flags)
}

function formatSpecial(name: string, sign: string, flags: Flags): string {
  const hidden = name === 'NaN' && !flags.space && !flags.plus
  return pad(hidden ? name : sign + name, { ...flags, zero: false })
}

/** What `#` does: a decimal point always, and no trailing zeros dropped. */
function keepZeros(number: string, verb: string, precision: number): string {
  const exponent = verb === 'x' || verb === 'X' ? /[pP].*$/ : /[eEpP].*$/
  const tail = exponent.exec(number)?.[0] ?? ''
  let head = tail === '' ? number : number.slice(0, -tail.length)
  let missing = 'gGx'.includes(verb) ? (precision === -1 ? 6 : precision) : 0
  const significant = head.replace('.', '').replace(verb === 'x' ? /^0[^x]*/ : /^0+/, '')
  missing -= verb === 'x' ? countFromNonZero(head) : significant.length
  if (!head.includes('.')) {
    if (head === '0') missing--
    head += '.'
  }
  return head + '0'.repeat(Math.max(missing, 0)) + tail
}

/** The characters from the first that is neither zero nor point on, the `x` of a prefix among them as in Go. */
function countFromNonZero(text: string): number {
  return text.replace('.', '').replace(/^0+/, '').length
}
