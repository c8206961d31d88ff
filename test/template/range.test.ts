import assert from 'node:assert/strict'
import { test } from 'node:test'
import { execute, functionTable, parse } from '@sealkit/template'

const cases: readonly (readonly [name: string, template: string, output: string])[] = [
  [
    'a value that the body changes is seen as it was',
    '{{ $d := dict "a" 1 "b" 2 }}{{ range $k, $v := $d }}{{ $k }}={{ $v }};{{ $_ := set $d "b" 9 }}{{ end }}{{ $d.b }}',
    'a=1;b=2;9',
  ],
  [
    'a key that the body adds is not seen',
    '{{ $d := dict "a" 1 }}{{ range $k, $v := $d }}{{ $k }}{{ $_ := set $d "z" 9 }}{{ end }}',
    'a',
  ],
  [
    'a key that the body takes away is seen',
    '{{ $d := dict "a" 1 "b" 2 }}{{ range $k, $v := $d }}{{ $k }}={{ $v }};{{ $_ := unset $d "b" }}{{ end }}',
    'a=1;b=2;',
  ],
]

for (const [name, template, output] of cases) {
  test(`range over a map, as Go takes it before the first round: ${name}`, () => {
    const parsed = parse(template, { name: 't', functions: functionTable('external-secrets') })
    assert.equal(Buffer.from(execute(parsed, new Map())).toString(), output)
  })
}
