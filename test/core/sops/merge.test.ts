import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Branch, branch, mergeDocuments, openStore, pathText, sameValue } from '@sealkit/core/sops'
import { fc } from '../../property.ts'
import { document } from './tree.ts'

const yaml = await openStore('yaml')
const load = (text: string): readonly Branch[] => yaml.load(Buffer.from(text))
const emit = (documents: readonly Branch[]): string => Buffer.from(yaml.emit(documents)).toString()

type Case = readonly [name: string, base: string, ours: string, theirs: string, merged: string]

const clean: readonly Case[] = [
  ['each side changes another value', 'a: 1\nb: 2\n', 'a: 10\nb: 2\n', 'a: 1\nb: 20\n', 'a: 10\nb: 20\n'],
  ['both change a value to the same', 'a: 1\nb: 2\n', 'a: 5\nb: 2\n', 'a: 5\nb: 3\n', 'a: 5\nb: 3\n'],
  ['both add keys at one place', 'a: 1\n', 'a: 1\nb: 2\n', 'a: 1\nc: 3\n', 'a: 1\nb: 2\nc: 3\n'],
  ['theirs adds in the middle', 'a: 1\nz: 2\n', 'a: 1\nz: 3\n', 'a: 1\nm: 9\nz: 2\n', 'a: 1\nm: 9\nz: 3\n'],
  ['ours removes, theirs changes another', 'a: 1\nb: 2\n', 'b: 2\n', 'a: 1\nb: 3\n', 'b: 3\n'],
  ['both remove the same', 'a: 1\nb: 2\n', 'b: 2\n', 'b: 2\n', 'b: 2\n'],
  [
    'nested mappings',
    'm:\n    a: 1\n    b: 2\n',
    'm:\n    a: 3\n    b: 2\n',
    'm:\n    a: 1\n    b: 4\n',
    'm:\n    a: 3\n    b: 4\n',
  ],
  [
    'items of a list by position',
    'l:\n    - 1\n    - 2\n',
    'l:\n    - 3\n    - 2\n',
    'l:\n    - 1\n    - 4\n',
    'l:\n    - 3\n    - 4\n',
  ],
  [
    'both append to a list',
    'l:\n    - 1\n',
    'l:\n    - 1\n    - 2\n',
    'l:\n    - 1\n    - 3\n',
    'l:\n    - 1\n    - 2\n    - 3\n',
  ],
  ['a list that one side rewrote', 'l:\n    - 1\n', 'l: []\n', 'l:\n    - 1\n', 'l: []\n'],
  ['theirs moves keys, ours changes one', 'a: 1\nb: 2\n', 'a: 9\nb: 2\n', 'b: 2\na: 1\n', 'b: 2\na: 9\n'],
  [
    'comments of both sides',
    'a: 1\nb: 2\n',
    '# one\na: 1\nb: 2\n',
    'a: 1\n# two\nb: 2\n',
    '# one\na: 1\n# two\nb: 2\n',
  ],
  ['a comment that one side took away', '# x\na: 1\n', 'a: 1\n', '# x\na: 2\n', 'a: 2\n'],
  ['several documents', 'a: 1\n---\nb: 1\n', 'a: 2\n---\nb: 1\n', 'a: 1\n---\nb: 2\n', 'a: 2\n---\nb: 2\n'],
  ['a document that one side added', 'a: 1\n', 'a: 1\n---\nb: 1\n', 'a: 1\n', 'a: 1\n---\nb: 1\n'],
  ['a value that turns into a mapping', 'a: 1\nb: 1\n', 'a:\n    x: 1\nb: 1\n', 'a: 1\nb: 2\n', 'a:\n    x: 1\nb: 2\n'],
  ['a type that changes', 'a: "1"\nb: 1\n', 'a: 1\nb: 1\n', 'a: "1"\nb: 2\n', 'a: 1\nb: 2\n'],
  ['a file that both added, alike', '', 'a: 1\nb: 2\n', 'a: 1\nc: 3\n', 'a: 1\nb: 2\nc: 3\n'],
]

/** What ours and theirs differ in, and the place that the conflict has. */
const conflicting: readonly (readonly [...Case, places: readonly string[]])[] = [
  ['both change one value', 'a: 1\nb: 1\n', 'a: 2\nb: 1\n', 'a: 3\nb: 2\n', 'a: 2\nb: 2\n', ['["a"]']],
  ['ours removes what theirs changes', 'a: 1\nb: 1\n', 'b: 1\n', 'a: 3\nb: 1\n', 'b: 1\n', ['["a"]']],
  ['theirs removes what ours changes', 'a: 1\nb: 1\n', 'a: 2\nb: 1\n', 'b: 1\n', 'a: 2\nb: 1\n', ['["a"]']],
  ['both add one key', 'z: 1\n', 'z: 1\na: 1\n', 'z: 1\na: 2\n', 'z: 1\na: 1\n', ['["a"]']],
  ['the same number, another type', 'a: 1\n', 'a: "2"\n', 'a: 2\n', 'a: "2"\n', ['["a"]']],
  ['a mapping and a value', 'a: 1\n', 'a:\n    x: 1\n', 'a: 2\n', 'a:\n    x: 1\n', ['["a"]']],
  [
    'one item of a list',
    'l:\n    - 1\n    - 2\n',
    'l:\n    - 3\n    - 2\n',
    'l:\n    - 4\n    - 5\n',
    'l:\n    - 3\n    - 5\n',
    ['["l"][0]'],
  ],
  [
    'lists of other lengths',
    'l:\n    - 1\n',
    'l:\n    - 2\n    - 3\n',
    'l:\n    - 4\n',
    'l:\n    - 2\n    - 3\n',
    ['["l"]'],
  ],
  ['two values', 'a: 1\nb: 1\n', 'a: 2\nb: 2\n', 'a: 3\nb: 3\n', 'a: 2\nb: 2\n', ['["a"]', '["b"]']],
  ['a file that both added, otherwise', '', 'a: 1\n', 'a: 2\n', 'a: 1\n', ['["a"]']],
  ['numbers of documents', 'a: 1\n', 'a: 1\n---\nb: 1\n', '{}\n---\n{}\n---\n{}\n', 'a: 1\n---\nb: 1\n', ['']],
]

describe('merges without a conflict', () => {
  for (const [name, base, ours, theirs, merged] of clean) {
    test(name, () => {
      for (const prefer of ['ours', 'theirs'] as const) {
        const result = mergeDocuments({ base: load(base), ours: load(ours), theirs: load(theirs) }, prefer)
        assert.deepEqual([emit(result.documents), result.conflicts], [merged, []])
      }
    })
  }
})

describe('conflicts', () => {
  for (const [name, base, ours, theirs, merged, places] of conflicting) {
    test(name, () => {
      const versions = { base: load(base), ours: load(ours), theirs: load(theirs) }
      const result = mergeDocuments(versions, 'ours')
      assert.equal(emit(result.documents), merged)
      assert.deepEqual(
        result.conflicts.map(({ place }) => pathText(place)),
        places,
      )
      const other = mergeDocuments(versions, 'theirs')
      assert.deepEqual(other.conflicts, result.conflicts)
      assert.notEqual(emit(other.documents), merged)
    })
  }
})

describe('properties of a merge', () => {
  const word = fc.string({ maxLength: 4 })
  const documents = document({ text: word, key: fc.constantFrom('a', 'b', 'c', 'd'), comments: true }).map((one) => [
    one,
  ])
  const same = (a: readonly Branch[], b: readonly Branch[]): boolean => sameValue(a, b)

  test('a side that changed nothing gives the other side', () => {
    fc.assert(
      fc.property(documents, documents, (base, changed) => {
        const ours = mergeDocuments({ base, ours: changed, theirs: base }, 'ours')
        const theirs = mergeDocuments({ base, ours: base, theirs: changed }, 'theirs')
        return (
          ours.conflicts.length + theirs.conflicts.length === 0 &&
          keyed(ours.documents, changed) &&
          keyed(theirs.documents, changed)
        )
      }),
    )
  })

  test('two equal sides give that side', () => {
    fc.assert(
      fc.property(documents, documents, (base, side) => {
        const { documents: merged, conflicts } = mergeDocuments({ base, ours: side, theirs: side }, 'ours')
        return conflicts.length === 0 && keyed(merged, side)
      }),
    )
  })

  test('the sides change places: the same conflicts, the same values', () => {
    fc.assert(
      fc.property(documents, documents, documents, (base, a, b) => {
        const one = mergeDocuments({ base, ours: a, theirs: b }, 'ours')
        const other = mergeDocuments({ base, ours: b, theirs: a }, 'theirs')
        const places = (merged: typeof one): string[] => merged.conflicts.map(({ place }) => pathText(place)).sort()
        assert.deepEqual(places(one), places(other))
      }),
    )
  })

  /** Values are the same; comments may stand elsewhere. */
  function keyed(a: readonly Branch[], b: readonly Branch[]): boolean {
    const values = (from: readonly Branch[]): Branch[] =>
      from.map(({ items }) =>
        branch(items.filter(({ key }) => typeof key === 'string').sort((x, y) => (x.key < y.key ? -1 : 1))),
      )
    return same(values(a), values(b))
  }
})
