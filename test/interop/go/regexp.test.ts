import { test } from 'node:test'
import { compareWithGo } from './differential.ts'
import { calls, ours } from './regexp.ts'

test('patterns match, replace, split and fail as in Go', (t) =>
  compareWithGo(t, { program: 'regexp', calls, ours, count: 2_500 }))
