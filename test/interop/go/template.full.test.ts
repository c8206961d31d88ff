import { test } from 'node:test'
import { compareTemplates } from './template-differential.ts'

for (const personality of ['sealed-secrets', 'external-secrets'] as const) {
  test(`many templates render, or fail, as in Go: ${personality}`, (t) =>
    compareTemplates(t, { personality, count: 200_000, seed: Date.now() % 1_000_000_000 }))
}
