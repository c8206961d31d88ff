import { test } from 'node:test'
import { compareTemplates } from './template-differential.ts'

test('many templates render, or fail, as in Go', (t) => compareTemplates(t, 200_000, Date.now() % 1_000_000_000))
