import { test } from 'node:test'
import { compareWithGo } from './differential.ts'
import { calls, historicName, ours } from './numbers.ts'

test('numbers, times, quotes and JSON are as in Go, at length', (t) =>
  compareWithGo(t, { program: 'numbers', calls, ours, except: historicName, count: 200_000, seed: Date.now() % 1e9 }))
