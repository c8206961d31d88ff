import { quote } from '../quote.ts'

/** Why a text is no IP address, in the words of Go's netip.ParseAddr; null when it is one. A zone after `%` may follow. */
export function addressFault(text: string): string | null {
  const fault = faultOf(text)
  return fault === null ? null : `ParseAddr(${quote(text)}): ${fault}`
}

/** Whether the first separator makes a text an IPv4 address, for which Go then takes it. */
export function isIpv4Form(text: string): boolean {
  return /[.:%]/.exec(text)?.[0] === '.'
}

function faultOf(text: string): string | null {
  if (isIpv4Form(text)) return ipv4Fault(text)
  const separator = /[:%]/.exec(text)?.[0]
  if (separator === '%') return 'missing IPv6 address'
  return separator === undefined ? 'unable to parse IP' : new Ipv6Reader(text).read()
}

/** Go's parseIPv4Fields: the first fault from the left. */
function ipv4Fault(text: string): string | null {
  let field = ''
  let fields = 1
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character >= '0' && character <= '9') {
      if (field === '0') return 'IPv4 field has octet with leading zero'
      field += character
      if (Number(field) > 255) return 'IPv4 field has value >255'
    } else if (character === '.') {
      if (field === '' || at === text.length - 1) {
        return `IPv4 field must have at least one digit (at ${quote(text.slice(at))})`
      }
      if (fields === 4) return 'IPv4 address too long'
      fields += 1
      field = ''
    } else return `unexpected character (at ${quote(text.slice(at))})`
  }
  return fields < 4 ? 'IPv4 address too short' : null
}

/** Whether a text is an IPv6 address without a zone. */
export function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && addressFault(text) === null
}

class Ipv6Reader {
  readonly #zone: string | null
  #rest: string
  /** Bytes read so far, and where among them the run of zeros is. */
  #count = 0
  #ellipsis = -1

  constructor(text: string) {
    const percent = text.indexOf('%')
    this.#rest = percent < 0 ? text : text.slice(0, percent)
    this.#zone = percent < 0 ? null : text.slice(percent + 1)
  }

  read(): string | null {
    if (this.#zone === '') return 'zone must be a non-empty string'
    if (this.#rest.startsWith('::')) {
      this.#ellipsis = 0
      this.#rest = this.#rest.slice(2)
      if (this.#rest === '') return null
    }
    while (this.#count < 16) {
      const fault = this.#field()
      if (fault !== null) return fault
      if (this.#rest === '') break
    }
    if (this.#rest !== '') return this.#at('trailing garbage after address')
    if (this.#count < 16) return this.#ellipsis < 0 ? 'address string too short' : null
    return this.#ellipsis < 0 ? null : 'the :: must expand to at least one field of zeros'
  }

  #at(problem: string): string {
    return this.#rest === '' ? problem : `${problem} (at ${quote(this.#rest)})`
  }

  /** Reads one field and the colons after it. */
  #field(): string | null {
    const digits = /^[0-9a-fA-F]*/.exec(this.#rest)?.[0] ?? ''
    if (digits.length > 4) return this.#at('each group must have 4 or less digits')
    if (digits === '') return this.#at('each colon-separated field must have at least one digit')
    if (this.#rest[digits.length] === '.') return this.#embedded()
    this.#count += 2
    this.#rest = this.#rest.slice(digits.length)
    if (this.#rest === '') return null
    if (!this.#rest.startsWith(':')) return this.#at('unexpected character, want colon')
    if (this.#rest.length === 1) return this.#at('colon must be followed by more characters')
    this.#rest = this.#rest.slice(1)
    if (!this.#rest.startsWith(':')) return null
    if (this.#ellipsis >= 0) return this.#at('multiple :: in address')
    this.#ellipsis = this.#count
    this.#rest = this.#rest.slice(1)
    return null
  }

  /** Reads the IPv4 address at the end. */
  #embedded(): string | null {
    if (this.#ellipsis < 0 && this.#count !== 12) {
      return this.#at('embedded IPv4 address must replace the final 2 fields of the address')
    }
    if (this.#count + 4 > 16) {
      return this.#at('too many hex fields to fit an embedded IPv4 at the end of the address')
    }
    const fault = ipv4Fault(this.#rest)
    if (fault !== null) return fault
    this.#rest = ''
    this.#count += 4
    return null
  }
}
