import { test } from 'node:test'
import { compareWithGo } from './differential.ts'
import { calls, ours } from './gjson.ts'

test('paths find what they find in gjson, at length', (t) =>
  compareWithGo(t, { program: 'gjson', calls, ours, count: 200_000, seed: Date.now() % 1e9 }))
