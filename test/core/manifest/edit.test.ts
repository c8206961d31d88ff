import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findYamlDocument, setYamlEntries } from '@sealkit/core/manifest'
import { parseYaml } from '@sealkit/core/yaml'
import { fc } from '../../property.ts'

interface Edit {
  readonly text: string
  readonly path?: readonly string[]
  readonly entries?: Readonly<Record<string, string>>
  readonly edited: string
}

/** One entry `k: v` set in `spec.items` unless the row says otherwise. */
const edits: Readonly<Record<string, Edit>> = {
  'a new key behind the last one': {
    text: 'spec:\n  items:\n    a: b\n',
    edited: 'spec:\n  items:\n    a: b\n    k: v\n',
  },
  'a key that is there': {
    text: 'spec:\n  items:\n    k: old\n    z: y\n',
    edited: 'spec:\n  items:\n    k: v\n    z: y\n',
  },
  'comments stay': {
    text: '# head\nspec: # s\n  items: # i\n    # above\n    k: old # behind\n    # below\nend: 1 # e\n',
    edited: '# head\nspec: # s\n  items: # i\n    # above\n    k: v # behind\n    # below\nend: 1 # e\n',
  },
  'a new key in front of a comment below': {
    text: 'spec:\n  items:\n    a: b\n\n    # below\nend: 1\n',
    edited: 'spec:\n  items:\n    a: b\n    k: v\n\n    # below\nend: 1\n',
  },
  'a value of several lines': {
    text: 'spec:\n  items:\n    k: |\n      one\n      two\n    z: y\n',
    edited: 'spec:\n  items:\n    k: v\n    z: y\n',
  },
  'a folded plain value': {
    text: 'spec:\n  items:\n    k: one\n      two\n    z: y\n',
    edited: 'spec:\n  items:\n    k: v\n    z: y\n',
  },
  'a new key behind a value of several lines': {
    text: 'spec:\n  items:\n    a: >-\n      one\n      two\nend: 1\n',
    edited: 'spec:\n  items:\n    a: >-\n      one\n      two\n    k: v\nend: 1\n',
  },
  'an empty mapping': { text: 'spec:\n  items: {}\nend: 1\n', edited: 'spec:\n  items:\n    k: v\nend: 1\n' },
  'a null': { text: 'spec:\n  items:\nend: 1\n', edited: 'spec:\n  items:\n    k: v\nend: 1\n' },
  'a missing mapping': { text: 'spec:\n  a: b\nend: 1\n', edited: 'spec:\n  a: b\n  items:\n    k: v\nend: 1\n' },
  'a missing path': { text: 'end: 1\n', edited: 'end: 1\nspec:\n  items:\n    k: v\n' },
  'four spaces of indent': {
    text: 'spec:\n    items:\n        a: b\n',
    edited: 'spec:\n    items:\n        a: b\n        k: v\n',
  },
  'quoted keys and values': { text: 'spec:\n  "items":\n    \'k\': "old"\n', edited: 'spec:\n  "items":\n    k: v\n' },
  CRLF: { text: 'spec:\r\n  items:\r\n    a: b\r\n', edited: 'spec:\r\n  items:\r\n    a: b\r\n    k: v\r\n' },
  'no line break at the end': { text: 'spec:\n  items:\n    a: b', edited: 'spec:\n  items:\n    a: b\n    k: v' },
  'several entries': {
    text: 'spec:\n  items:\n    b: 1\n',
    entries: { a: 'x', b: 'y' },
    edited: 'spec:\n  items:\n    b: "y"\n    a: x\n',
  },
  'texts that need quotes': {
    text: 'm:\n  a: b\n',
    path: ['m'],
    entries: { '1': 'true', 'a.b/c': 'x y', n: '"q"\n', e: '' },
    edited: 'm:\n  a: b\n  "1": "true"\n  a.b/c: "x y"\n  "n": "\\"q\\"\\n"\n  e: ""\n',
  },
}

test('only the lines of an entry change', () => {
  for (const [name, { text, path = ['spec', 'items'], entries = { k: 'v' }, edited }] of Object.entries(edits)) {
    assert.equal(setYamlEntries(text, 0, { path, entries }), edited, name)
  }
})

test('what has no lines of its own is refused', () => {
  for (const text of ['spec: {items: {a: b}}\n', 'spec: [1]\n', 'spec: text\n', '- a\n', 'text\n', '']) {
    assert.throws(
      () => setYamlEntries(text, 0, { path: ['spec', 'items'], entries: { k: 'v' } }),
      { code: 'INVALID_MANIFEST' },
      text,
    )
  }
  assert.throws(() => setYamlEntries('a: [', 0, { path: ['a'], entries: { k: 'v' } }), { code: 'YAML_SYNTAX' })
})

test('one document of several', () => {
  const text = 'kind: A\n---\nkind: B\nm:\n  a: b\n---\nkind: A\n'
  assert.equal(findYamlDocument(text, 'B'), 1)
  const edited = setYamlEntries(text, 1, { path: ['m'], entries: { k: 'v' } })
  assert.equal(edited, 'kind: A\n---\nkind: B\nm:\n  a: b\n  k: v\n---\nkind: A\n')
})

test('what was set is read, and nothing else changes', () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/)
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('y', '1', 'null', '- a', '# c', 'a: b', ' '))
  const map = fc.dictionary(key, value, { noNullPrototype: true })
  fc.assert(
    fc.property(map, map, fc.constantFrom('', '# c\n', 'z:\n- a\n- b: c\n'), (before, entries, tail) => {
      const lines = Object.entries(before).map(
        ([name, text]) => `    ${JSON.stringify(name)}: ${JSON.stringify(text)} # c\n`,
      )
      const text = `spec:\n  items:\n${lines.join('')}${tail}`
      const edited = parseYaml(setYamlEntries(text, 0, { path: ['spec', 'items'], entries })) as Record<string, unknown>
      const { spec, ...rest } = parseYaml(text) as Record<string, unknown>
      const items = { ...before, ...entries }
      assert.deepEqual(edited, { ...rest, spec: Object.keys(items).length > 0 ? { items } : spec })
    }),
  )
})
