import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { conflictText, splitConflict } from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const labels = { ours: 'HEAD', theirs: 'topic' }

describe('conflict markers', () => {
  test('what is the same stands once, each difference between markers', () => {
    const text = conflictText({ ours: 'a\nb\nc\nd\n', theirs: 'a\nx\nc\nd\ne\n' }, labels)
    assert.equal(text, 'a\n<<<<<<< HEAD\nb\n=======\nx\n>>>>>>> topic\nc\nd\n<<<<<<< HEAD\n=======\ne\n>>>>>>> topic\n')
  })

  test('no difference, no markers', () => assert.equal(conflictText({ ours: 'a\n', theirs: 'a\n' }, labels), 'a\n'))

  test('git\u2019s diff3 style: the ancestor is left out', () => {
    const text = 'a\n<<<<<<< HEAD\nb\n||||||| 1234\no\n=======\nx\n>>>>>>> topic\nc\n'
    assert.deepEqual(splitConflict(text), { ours: 'a\nb\nc\n', theirs: 'a\nx\nc\n' })
  })

  for (const [name, text] of [
    ['no markers', 'a\nb\n'],
    ['a line of equals signs', 'a\n=======\nb\n'],
    ['a marker that is not closed', '<<<<<<< HEAD\na\n=======\nb\n'],
    ['a closing marker alone', 'a\n>>>>>>> topic\n'],
    ['an indented marker', '  <<<<<<< HEAD\na\n  =======\nb\n  >>>>>>> topic\n'],
  ] as const) {
    test(`no conflict: ${name}`, () => assert.equal(splitConflict(text), null))
  }

  test('any two texts come apart again', () => {
    const lines = fc
      .array(fc.constantFrom('a', 'b', 'c', '', '  d'), { maxLength: 20 })
      .map((all) => all.map((one) => `${one}\n`).join(''))
    fc.assert(
      fc.property(lines, lines, (ours, theirs) => {
        const text = conflictText({ ours, theirs }, labels)
        if (ours === theirs) assert.equal(text, ours)
        else assert.deepEqual(splitConflict(text), { ours, theirs })
      }),
    )
  })

  test('texts that have nothing in common take no time', () => {
    const long = (mark: string): string => Array.from({ length: 20_000 }, (_, at) => `${mark}${at}\n`).join('')
    const [ours, theirs] = [long('a'), long('b')]
    assert.deepEqual(splitConflict(conflictText({ ours, theirs }, labels)), { ours, theirs })
  })
})
