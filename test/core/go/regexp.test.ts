import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreError } from '@sealkit/core'
import { compile, quoteMeta } from '@sealkit/core/go/regexp'
import { fc } from '../../property.ts'
import { evaluate } from '../../vectors/regexp.ts'
import { readVectors } from '../../vectors/vector.ts'

for (const vector of readVectors(new URL('../../vectors/regexp.jsonl', import.meta.url))) {
  test(`${vector.id}: ${JSON.stringify(vector['pattern'])}`, () => {
    assert.equal(evaluate(vector), null)
  })
}

// Recorded from Go 1.26.
const REFUSED: readonly [pattern: string, upstream: string][] = [
  ['\\p{Old_Italic}', 'invalid character class range: `\\p{Old_Italic}`'],
  ['\\p{Alphabetic}', 'invalid character class range: `\\p{Alphabetic}`'],
  ['\\p{}', 'invalid character class range: `\\p{}`'],
  ['\\p{^}', 'invalid character class range: `\\p{^}`'],
  ['\\pé', 'invalid character class range: `\\pé`'],
  ['[\\p{Foo}', 'invalid character class range: `\\p{Foo}`'],
  ['(a\\p{lu}', 'missing closing ): `(a\\p{lu}`'],
  ['\\p{lu}(?P<n>a)(?P<n>b)[', 'missing closing ]: `[`'],
  ['\\p{lu}[a\\p{digit}', 'missing closing ]: `[a\\p{digit}`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
  ['\\C', 'invalid escape sequence: `\\C`'],
  ['a\udcff[', 'invalid UTF-8: `\udcff[`'],
  ['a{2}{3}', 'invalid nested repetition operator: `{2}{3}`'],
]

for (const [pattern, upstream] of REFUSED) {
  test(`refuses ${JSON.stringify(pattern)} in Go's words, and does not quote it`, () => {
    assert.throws(
      () => compile(pattern),
      (error: CoreError) => {
        assert.ok(error instanceof CoreError)
        assert.equal(error.code, 'INVALID_REGEXP')
        assert.equal(error.upstream, `error parsing regexp: ${upstream}`)
        assert.ok(!error.message.includes('`'))
        return true
      },
    )
  })
}

const REPLACED: readonly [pattern: string, text: string, template: string, result: string][] = [
  ['(?P<n>a)|(?P<n>b)', 'ab', '<${n}>', '<a><b>'],
  ['(a)(b)?', 'a', '[$1$2$3$$$x${y}$]', '[a$$]'],
  ['a', 'a', '$1x-${1}x-${-$01', '-x-${-'],
  ['a*', 'baac', '-', '-b-c-'],
  ['(é)(.)', 'éa', '$2$1', 'aé'],
  ['\\p{lu}\\P{letter}', 'aB1', '', 'a'],
]

for (const [pattern, text, template, result] of REPLACED) {
  test(`replaces ${pattern} in ${text} by ${template}`, () => {
    assert.equal(compile(pattern).replaceAll(text, template), result)
  })
}

test('find gives the groups, undefined where one took no part', () => {
  const regexp = compile('(?P<key>a)|(b)')
  assert.deepEqual(regexp.groupNames, ['', 'key', ''])
  assert.deepEqual(regexp.find('xb'), ['b', undefined, 'b'])
  assert.equal(regexp.find('x'), null)
  assert.equal(regexp.test('xb'), true)
})

test('split and findAll stop at their limit', () => {
  const regexp = compile(',')
  assert.deepEqual(regexp.split('a,b,c', 2), ['a', 'b,c'])
  assert.deepEqual(regexp.split('a,b,c', 0), [])
  assert.deepEqual(regexp.findAll('a,b,c', 1), [[1, 2]])
})

test('offsets count bytes, and bytes that are no UTF-8 survive a replacement', () => {
  assert.deepEqual(compile('😀').findAll('é😀'), [[2, 6]])
  assert.equal(compile('a').replaceAll('\udcffa\udc80', 'b'), '\udcffb\udc80')
})

test('a quoted text matches itself only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      assert.deepEqual(compile(quoteMeta(text)).find(text), [text])
    }),
  )
})

test('nested repetition takes linear time', () => {
  const started = process.hrtime.bigint()
  assert.equal(compile('(a*)*b').test('a'.repeat(20_000)), false)
  assert.ok(process.hrtime.bigint() - started < 5_000_000_000n)
})
