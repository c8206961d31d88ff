import assert from 'node:assert/strict'
import { test } from 'node:test'
import { execute, functionTable, parse } from '@sealkit/template'

/** Recorded from sprig 3.3 with xstrings 1.5. */
const cases: readonly (readonly [text: string, snake: string])[] = [
  ['FirstName', 'first_name'],
  ['HTTPServer', 'http_server'],
  ['Bld4Floor3rd', 'bld4_floor_3rd'],
  ['\u{169e1}\u2121\u3400\uffcb', '\u{169e1}_\u2121\u3400_\uffcb'],
]

for (const [text, snake] of cases) {
  test(`snakecase ${JSON.stringify(text)}`, () => {
    const template = parse('{{ snakecase .x }}', { name: 't', functions: functionTable('sealed-secrets') })
    assert.equal(Buffer.from(execute(template, new Map([['x', text]]))).toString(), snake)
  })
}

/** Letters whose other case came after Unicode 15, the version that Go 1.26 knows. */
test('upper leaves letters alone whose upper case Go does not know', () => {
  const template = parse('{{ upper .x }}', { name: 't', functions: functionTable('sealed-secrets') })
  const text = 'a\u019b\u0264\ua7d3\ua7d5\u0295'
  assert.equal(Buffer.from(execute(template, new Map([['x', text]]))).toString(), text.replace('a', 'A'))
})
