import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Change, diffDocuments, openStore, pathText } from '@sealkit/core/sops'
import { fc } from '../../property.ts'
import { document } from './tree.ts'

const yaml = await openStore('yaml')

function lines(before: string, after: string): string[] {
  return diffDocuments(yaml.load(Buffer.from(before)), yaml.load(Buffer.from(after))).map(line)
}

function line({ kind, document: number, place, comment }: Change): string {
  return `${kind} ${number} ${comment ? '# ' : ''}${pathText(place)}`
}

const cases: readonly (readonly [name: string, before: string, after: string, changes: readonly string[]])[] = [
  ['nothing', 'a: 1\n', 'a: 1\n', []],
  ['a value', 'a: 1\nb: 1\n', 'a: 2\nb: 1\n', ['changed 0 ["a"]']],
  ['a type', 'a: 1\n', 'a: "1"\n', ['changed 0 ["a"]']],
  ['null is a value', 'a: null\n', 'a: 0\n', ['changed 0 ["a"]']],
  ['an order alone', 'a: 1\nb: 2\n', 'b: 2\na: 1\n', []],
  ['a key with a quote', 'a"b: 1\n', '{}\n', ['removed 0 ["a\\"b"]']],
  [
    'a mapping that came, value by value',
    'a: 1\n',
    'a: 1\nm:\n    x: 1\n    y: 2\n',
    ['added 0 ["m"]["x"]', 'added 0 ["m"]["y"]'],
  ],
  ['a mapping that went', 'a: 1\nm:\n    x: 1\n', 'a: 1\n', ['removed 0 ["m"]["x"]']],
  ['an empty mapping that came', 'a: 1\n', 'a: 1\nm: {}\n', ['added 0 ["m"]']],
  ['a value that turned into a mapping', 'a: 1\n', 'a:\n    x: 1\n', ['changed 0 ["a"]']],
  [
    'items of a list',
    'l:\n    - 1\n    - 2\n',
    'l:\n    - 1\n    - 3\n    - 4\n',
    ['changed 0 ["l"][1]', 'added 0 ["l"][2]'],
  ],
  ['a comment', '# one\na: 1\n', '# two\na: 1\n', ['added 0 # ', 'removed 0 # ']],
  ['a second document', 'a: 1\n', 'a: 1\n---\nb: 1\n', ['added 1 ["b"]']],
]

describe('what differs between two versions of a file', () => {
  for (const [name, before, after, changes] of cases) {
    test(name, () => assert.deepEqual(lines(before, after), changes))
  }

  test('a difference has the same places both ways, and none to itself', () => {
    const any = document({ text: fc.string(), key: fc.constantFrom('a', 'b', 'c'), comments: true })
    fc.assert(
      fc.property(any, any, (a, b) => {
        assert.deepEqual(diffDocuments([a], [a]), [])
        const there = diffDocuments([a], [b]).map(({ place }) => pathText(place))
        assert.deepEqual(
          diffDocuments([b], [a])
            .map(({ place }) => pathText(place))
            .sort(),
          there.sort(),
        )
      }),
    )
  })
})
