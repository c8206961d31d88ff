import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functionTable, parse, TemplateError } from '@sealkit/template'

/** Lines in Go's parse errors, where they are not simply the line of the fault. */
const cases: readonly (readonly [template: string, upstream: string])[] = [
  ['{{ block "b" . }}\n\n{{ else }}{{ end }}', 'template: t:1: unexpected {{else}} in block clause'],
  ['{{ define "b" }}\n\n{{ else }}{{ end }}', 'template: t:3: unexpected {{else}} in define clause'],
  ['\n{{ block "b" . }}\n', 'template: t:3: unexpected EOF'],
]

for (const [template, upstream] of cases) {
  test(`says in which line Go sees it: ${JSON.stringify(template)}`, () => {
    assert.throws(
      () => parse(template, { name: 't', functions: functionTable('sealed-secrets') }),
      (error) => error instanceof TemplateError && error.upstream === upstream,
    )
  })
}
