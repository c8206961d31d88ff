import { NumberError, parseFloat64, parseInt64, parseUint64 } from '@sealkit/core/go'
import { unquoteChar } from '../quote.ts'
import type { NumberNode } from './node.ts'

type Constant = Omit<NumberNode, 'kind' | 'at' | 'text'>

/** A constant that cannot be read, in Go's words. */
export class NumberSyntax extends Error {}

/** Reads a character constant (`'x'`). @throws NumberSyntax */
export function charConstant(text: string): Constant {
  const char = unquoteChar(text, 1, "'")
  if (char === null) throw new NumberSyntax('invalid syntax')
  if (text.slice(char.next) !== "'") throw new NumberSyntax(`malformed character constant: ${text}`)
  const value = BigInt(char.rune)
  return { int: value, uint: value, float: char.rune, complex: null }
}

/** What `fmt.Sscan` takes as a float: decimal or hexadecimal, whatever `strconv` says of it then. */
const floatToken =
  /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|[\d_]*(?:\.[\d_]*)?(?:[eEpP][+-]?[\d_]*)?)/
const complex = new RegExp(`^(${floatToken.source})([+-]${floatToken.source})i`)

/** Reads a complex constant (`1+2i`) as `fmt.Sscan` does. @throws NumberSyntax */
export function complexConstant(text: string): Constant {
  const [, real, imaginary] = complex.exec(text) ?? []
  if (real === undefined || imaginary === undefined) throw new NumberSyntax('syntax error scanning complex number')
  return fromComplex(scannedFloat(real), scannedFloat(imaginary))
}

function scannedFloat(text: string): number {
  try {
    return parseFloat64(text)
  } catch (error) {
    throw new NumberSyntax(error instanceof NumberError ? error.upstream : 'expected complex')
  }
}

/** Reads a number constant; one constant may be of several kinds (`1e3` is an int too). @throws NumberSyntax */
export function numberConstant(text: string): Constant {
  if (text.endsWith('i')) {
    const imaginary = attempt(() => parseFloat64(text.slice(0, -1)))
    if (imaginary !== null) return fromComplex(0, imaginary)
  }
  const int = attempt(() => parseInt64(text, 0))
  const uint = int === 0n ? 0n : attempt(() => parseUint64(text, 0))
  if (int !== null || uint !== null) return { int, uint, float: Number(int ?? uint), complex: null }
  const float = attempt(() => parseFloat64(text))
  if (float === null) throw new NumberSyntax(`illegal number syntax: "${text}"`)
  if (!/[.eEpP]/.test(text)) throw new NumberSyntax(`integer overflow: "${text}"`)
  return { int: wholeInt(float), uint: wholeUint(float), float, complex: null }
}

function fromComplex(real: number, imaginary: number): Constant {
  const isFloat = imaginary === 0
  const float = isFloat ? real : null
  return {
    int: isFloat ? wholeInt(real) : null,
    uint: isFloat ? wholeUint(real) : null,
    float,
    complex: [real, imaginary],
  }
}

// Go tests float64(int64(f)) == f; on amd64 an overflowing conversion gives the least int64, which only -2^63 equals.
function wholeInt(float: number): bigint | null {
  return Number.isInteger(float) && float >= -(2 ** 63) && float < 2 ** 63 ? BigInt(float) : null
}

function wholeUint(float: number): bigint | null {
  return Number.isInteger(float) && float >= 0 && float < 2 ** 64 ? BigInt(float) : null
}

function attempt<T>(parse: () => T): T | null {
  try {
    return parse()
  } catch {
    return null
  }
}
