import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { CoreError } from '@sealkit/core'
import {
  atoi,
  formatFloat,
  NumberError,
  parseBool,
  parseFloat64,
  parseInt64,
  parseUint64,
  quote,
  quoteRaw,
  quoteRune,
} from '@sealkit/core/go'
import { fc } from '../../property.ts'

const REFUSED: readonly [name: string, run: () => unknown, upstream: string, value: unknown][] = [
  ['a float of two points', () => parseFloat64('1.2.3'), 'strconv.ParseFloat: parsing "1.2.3": invalid syntax', 0],
  ['a float that ends in a line', () => parseFloat64('1\n'), 'strconv.ParseFloat: parsing "1\\n": invalid syntax', 0],
  [
    'a float too large',
    () => parseFloat64('-1e309'),
    'strconv.ParseFloat: parsing "-1e309": value out of range',
    -Infinity,
  ],
  [
    'a hexadecimal float without exponent',
    () => parseFloat64('0x1.8'),
    'strconv.ParseFloat: parsing "0x1.8": invalid syntax',
    0,
  ],
  ['an underscore at the end', () => parseFloat64('1_'), 'strconv.ParseFloat: parsing "1_": invalid syntax', 0],
  ['an int of letters', () => parseInt64('12a'), 'strconv.ParseInt: parsing "12a": invalid syntax', 0n],
  ['an int too large', () => parseInt64('128', 10, 8), 'strconv.ParseInt: parsing "128": value out of range', 127n],
  ['an int too small', () => parseInt64('-129', 10, 8), 'strconv.ParseInt: parsing "-129": value out of range', -128n],
  ['a base that is none', () => parseInt64('1', 1), 'strconv.ParseInt: parsing "1": invalid base 1', 0n],
  ['a size that is none', () => parseInt64('1', 10, 65), 'strconv.ParseInt: parsing "1": invalid bit size 65', 0n],
  ['a uint with a sign', () => parseUint64('-1'), 'strconv.ParseUint: parsing "-1": invalid syntax', 0n],
  ['a prefix without base 0', () => atoi('0x1'), 'strconv.Atoi: parsing "0x1": invalid syntax', 0n],
  ['a bool in other case', () => parseBool('tRUE'), 'strconv.ParseBool: parsing "tRUE": invalid syntax', false],
  ['a byte that is no UTF-8', () => atoi('\udcff'), 'strconv.Atoi: parsing "\\xff": invalid syntax', 0n],
]

for (const [name, run, upstream, value] of REFUSED) {
  test(`refuses ${name} in Go's words, and hides what it could not parse`, () => {
    assert.throws(run, (error: NumberError) => {
      assert.ok(error instanceof NumberError && error instanceof CoreError)
      assert.deepEqual([error.code, error.upstream, error.value], ['INVALID_NUMBER', upstream, value])
      const printed = inspect({ ...error, message: error.message })
      assert.ok(!printed.includes('parsing') && !Object.keys(error).includes('value'))
      return true
    })
  })
}

const FORMATTED: readonly [x: number, format: Parameters<typeof formatFloat>[1], precision: number, text: string][] = [
  [1e21, 'f', -1, '1000000000000000000000'],
  [-0, 'g', -1, '-0'],
  [123456789, 'g', -1, '1.23456789e+08'],
  [123456789, 'G', 3, '1.23E+08'],
  [2.5, 'f', 0, '2'],
  [3.5, 'f', 0, '4'],
  [0.000001, 'g', -1, '1e-06'],
  [1.5, 'x', -1, '0x1.8p+00'],
  [1, 'b', -1, '4503599627370496p-52'],
  [5e-324, 'e', 30, '4.940656458412465441765687928682e-324'],
  [Number.NaN, 'f', 2, 'NaN'],
]

for (const [x, format, precision, text] of FORMATTED) {
  test(`formats ${x} by ${format} and ${precision} as ${text}`, () => {
    assert.equal(formatFloat(x, format, precision), text)
  })
}

test('the shortest form of any float reads back as the same float', () => {
  fc.assert(
    fc.property(fc.double(), fc.constantFrom('e', 'f', 'g', 'x'), (x, format) => {
      assert.ok(Object.is(parseFloat64(formatFloat(x, format)), x))
    }),
  )
})

test('any int64 is read in any base', () => {
  const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
  fc.assert(
    fc.property(int64, fc.integer({ min: 2, max: 36 }), (value, base) => {
      assert.equal(parseInt64(value.toString(base), base), value)
    }),
  )
})

test('quoting', () => {
  assert.equal(quote('a\u0085\u{e000}\u{10ffff}\udcff"'), '"a\\u0085\\ue000\\U0010ffff\\xff\\""')
  assert.equal(quoteRaw('a`'), '"a`"')
  assert.equal(quoteRaw('a\tb'), '`a\tb`')
  assert.equal(quoteRune(0x27), "'\\''")
  assert.equal(quoteRune(0xd800), "'\ufffd'")
})
