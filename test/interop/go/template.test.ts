import { test } from 'node:test'
import { compareTemplates } from './template-differential.ts'

test('templates render, or fail, as in Go', (t) => compareTemplates(t, 2_000, 1))
