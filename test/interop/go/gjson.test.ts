import { test } from 'node:test'
import { compareWithGo } from './differential.ts'
import { calls, ours } from './gjson.ts'

test('paths find what they find in gjson', (t) => compareWithGo(t, { program: 'gjson', calls, ours, count: 2_500 }))
