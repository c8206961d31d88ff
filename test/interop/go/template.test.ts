import { test } from 'node:test'
import { compareTemplates } from './template-differential.ts'

for (const personality of ['sealed-secrets', 'external-secrets'] as const) {
  test(`templates render, or fail, as in Go: ${personality}`, (t) =>
    compareTemplates(t, { personality, count: 2_000, seed: 1 }))
}
