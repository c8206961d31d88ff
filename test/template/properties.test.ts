import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ExecuteOptions, execute, functionTable, parse, seededRandom, TemplateError } from '@sealkit/template'
import { type Case, cases } from '../interop/go/template.ts'
import { fc } from '../property.ts'

const functions = functionTable('external-secrets')

/** Renders; an error that is no TemplateError is a fault of ours and goes on. */
function outcome(
  text: string,
  data: ReadonlyMap<string, string>,
  options: ExecuteOptions = {},
): Uint8Array | TemplateError {
  try {
    return execute(parse(text, { name: 't', functions }), data, { now: () => 0n, ...options })
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
}

const generated = cases.map(({ template }: Case) => Buffer.from(template, 'latin1').toString('utf8'))

describe('whatever a template holds', () => {
  it('text that is no template renders, or fails, but never breaks', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{{',
        '}}',
        '-',
        ' ',
        '"',
        '`',
        "'",
        '(',
        ')',
        '|',
        '.',
        '$',
        ':=',
        'if',
        'end',
        'é',
        '\u0000',
        '/*',
        '*/',
        '\\',
        '0x',
        '1e',
      ),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          pieces.map((all) => all.join('')),
        ),
        (text) => {
          outcome(text, new Map())
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('text outside of actions comes out as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('{{') && text.isWellFormed())
        const output = outcome(text, new Map())
        assert.deepEqual(output instanceof TemplateError ? output.upstream : Buffer.from(output), Buffer.from(text))
      }),
    )
  })

  it('an error message never holds a value', () => {
    const secret = 'S3cretS3cret'
    const data = new Map(['user', 'num', 'json', 'list', 'date', 'url', 'version', 'empty'].map((key) => [key, secret]))
    fc.assert(
      fc.property(generated, (text) => {
        const result = outcome(text, data)
        if (result instanceof TemplateError) assert.doesNotMatch(`${result.message} ${result.hint}`, /S3cret/i)
      }),
      { numRuns: 2_000 },
    )
  })

  it('a small budget ends it with TEMPLATE_LIMIT, or it renders the same', () => {
    const data = new Map([['user', 'admin']])
    fc.assert(
      fc.property(generated, fc.nat({ max: 60 }), fc.nat({ max: 400 }), (text, steps, memory) => {
        const whole = outcome(text, data)
        const limited = outcome(text, data, { budget: { steps, memory } })
        if (limited instanceof TemplateError && limited.code === 'TEMPLATE_LIMIT') return
        assert.deepEqual(limited, whole)
      }),
      { numRuns: 1_000 },
    )
  })

  it('the same seed and time give the same bytes', () => {
    const data = new Map([['user', 'admin']])
    const random = (): ExecuteOptions => ({ random: seededRandom(Buffer.from('seed')) })
    const text =
      '{{ randAlphaNum 8 }}{{ randBytes 4 }}{{ uuidv4 }}{{ shuffle .user }}{{ now }}{{ encryptAES "k" "v" }}{{ bcrypt "x" }}'
    assert.deepEqual(outcome(text, data, random()), outcome(text, data, random()))
  })
})

describe('values keep their kind', () => {
  const KINDS: readonly (readonly [expression: string, output: string])[] = [
    ['typeOf 9007199254740993', 'int'],
    ['9007199254740993', '9007199254740993'],
    ['add 9223372036854775807 1', '-9223372036854775808'],
    ['typeOf (add 1 1)', 'int64'],
    ['typeOf (fromJson "1")', 'float64'],
    ['mul -1 0.0', '0'],
    ['-0.0', '-0'],
    ['printf "%T" (index "a" 0)', 'uint8'],
    ['dict "10" 1 "9" 2 "__proto__" 3', 'map[10:1 9:2 __proto__:3]'],
    [
      'fromJson "{\\"__proto__\\": {\\"a\\": 1}, \\"constructor\\": 2}" | toJson',
      '{"__proto__":{"a":1},"constructor":2}',
    ],
    ['(dict).toString', '<no value>'],
    ['(dict "length" 7).length', '7'],
    ['hasKey (dict) "hasOwnProperty"', 'false'],
    ['genPrivateKey "constructor"', 'Unknown type constructor'],
    ['len "é"', '2'],
    ['substr 0 1 "é" | quote', '"\\xc3"'],
  ]
  for (const [expression, output] of KINDS) {
    it(expression, () => {
      const result = outcome(`{{ ${expression} }}`, new Map())
      assert.equal(result instanceof TemplateError ? result.upstream : Buffer.from(result).toString('utf8'), output)
    })
  }
})
