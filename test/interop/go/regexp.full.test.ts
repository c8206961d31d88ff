import { test } from 'node:test'
import { compareWithGo } from './differential.ts'
import { calls, ours } from './regexp.ts'

test('patterns match, replace, split and fail as in Go, at length', (t) =>
  compareWithGo(t, { program: 'regexp', calls, ours, count: 200_000, seed: Date.now() % 1e9 }))
