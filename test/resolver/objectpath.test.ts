import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPath, setPath } from '@sealkit/resolver'
import { fc } from '../property.ts'

for (const [text, path] of [
  ['spec', ['spec']],
  ['spec.a.b', ['spec', 'a', 'b']],
  ['spec.rules[0].host', ['spec', 'rules', 0, 'host']],
  ['spec.m[1][2]', ['spec', 'm', 1, 2]],
  ['spec.list[10000]', ['spec', 'list', 10000]],
  ['spec.a-b/c', ['spec', 'a-b/c']],
] as const) {
  test(`path ${text}`, () => assert.deepEqual(readPath(text), path))
}

for (const text of [
  '',
  '.',
  'spec.',
  '.spec',
  'spec..a',
  'spec[]',
  'spec[x]',
  'spec[-1]',
  'spec[1',
  'spec]1[',
  'spec.list[10001]',
  'spec.list[99999999999999999999]',
  '[0]',
  'metadata.name',
  'metadata.ownerReferences[0].name',
  'apiVersion',
  'kind',
  'status.ready',
  'spec.__proto__.x',
  '__proto__',
]) {
  test(`no path: ${JSON.stringify(text)}`, () => {
    assert.throws(() => readPath(text), { code: 'INVALID_EXTERNAL_SECRET' })
  })
}

for (const [name, value, path, next, wanted] of [
  ['into nothing', undefined, 'spec.a[1].b', 1, { spec: { a: [null, { b: 1 }] } }],
  ['beside what is there', { spec: { a: 1 } }, 'spec.b', 2, { spec: { a: 1, b: 2 } }],
  [
    'an object over an object keeps its other members',
    { spec: { a: 1, b: 1 } },
    'spec',
    { b: 2 },
    { spec: { a: 1, b: 2 } },
  ],
  ['a value over an object', { spec: { a: {} } }, 'spec.a', 'x', { spec: { a: 'x' } }],
  ['a list over a list', { spec: [1, 2] }, 'spec', [3], { spec: [3] }],
  ['into a list', { spec: [{ a: 1 }, { a: 2 }] }, 'spec[1].a', 3, { spec: [{ a: 1 }, { a: 3 }] }],
  ['over null', { spec: null }, 'spec.a', 1, { spec: { a: 1 } }],
] as const) {
  test(`set ${name}`, () => {
    const before = structuredClone(value)
    assert.deepEqual(setPath(value, readPath(path), next), wanted)
    assert.deepEqual(value, before)
  })
}

for (const [name, value, path] of [
  ['a member of a text', { spec: 'text' }, 'spec.a'],
  ['a member of a list', { spec: [1] }, 'spec.a'],
  ['a place in an object', { spec: { a: {} } }, 'spec.a[0]'],
] as const) {
  test(`refused: ${name}`, () => {
    assert.throws(() => setPath(value, readPath(path), 1), { code: 'INVALID_EXTERNAL_SECRET' })
  })
}

test('whatever is no path is refused as one, and a path that is read can be set', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (text, next) => {
      let path: ReturnType<typeof readPath>
      try {
        path = readPath(text)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'INVALID_EXTERNAL_SECRET')
        return
      }
      const made = setPath(undefined, path, next)
      assert.equal(typeof made, 'object')
    }),
  )
})
