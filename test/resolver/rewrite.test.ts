import assert from 'node:assert/strict'
import { test } from 'node:test'
import { data, extracting, failure } from './fixture.ts'

type Rules = readonly Readonly<Record<string, unknown>>[]

const regexp = (source: string, target: string): Rules[number] => ({ regexp: { source, target } })
const transform = (template: string): Rules[number] => ({ transform: { template } })
const merge = (rule: Readonly<Record<string, unknown>> = {}): Rules[number] => ({ merge: rule })

const objects = JSON.stringify({ b: '{"x":"b","n":1.50,"o":{"z":1,"a":"<"}}', a: '{"x":"a","y":true}', c: 'null' })

const applied: readonly (readonly [what: string, value: string, rules: Rules, result: Record<string, string>])[] = [
  ['regexp', '{"db-user":"u"}', [regexp('^db-', '')], { user: 'u' }],
  ['regexp groups', '{"a.b":"1"}', [regexp('(\\w)\\.(?P<last>\\w)', '${last}_$1')], { b_a: '1' }],
  ['regexp everywhere in the key', '{"a-a":"1"}', [regexp('a', 'b')], { 'b-b': '1' }],
  ['rules in order', '{"a":"1"}', [regexp('a', 'b'), regexp('b', 'c')], { c: '1' }],
  ['transform', '{"a":"1"}', [transform('pre_{{ .value }}')], { pre_a: '1' }],
  ['a transform without the key', '{"a":"1"}', [transform('{{ printf "%s%s" .value .value }}')], { aa: '1' }],
  ['two keys with one value', '{"a1":"x","a2":"x"}', [regexp('\\d', '')], { a: 'x' }],
  [
    'merge: later key wins, sorted, doubles and HTML as Go writes them',
    objects,
    [merge({ conflictPolicy: 'Ignore' })],
    { x: 'b', y: 'true', n: '1.5', o: '{"a":"\\u003c","z":1}' },
  ],
  [
    'merge: priority goes last',
    objects,
    [merge({ conflictPolicy: 'Ignore', priority: ['a'] })],
    { x: 'a', y: 'true', n: '1.5', o: '{"a":"\\u003c","z":1}' },
  ],
  [
    'merge: a priority that may be missing',
    '{"a":"{\\"x\\":\\"1\\"}"}',
    [merge({ priority: ['nope'], priorityPolicy: 'IgnoreNotFound' })],
    { x: '1' },
  ],
  [
    'merge into one key keeps the others, HTML as it is',
    '{"a":"{\\"x\\":\\"<\\"}"}',
    [merge({ strategy: 'JSON', into: 'all' })],
    { a: '{"x":"<"}', all: '{"x":"<"}' },
  ],
  ['merge then regexp', '{"a":"{\\"x\\":\\"1\\"}"}', [merge(), regexp('x', 'y')], { y: '1' }],
]

for (const [what, value, rewrite, result] of applied) {
  test(`rewrite: ${what}`, async () => {
    assert.deepEqual(await data(extracting(value, {}, { rewrite })), result)
  })
}

const refused: readonly (readonly [what: string, value: string, rules: Rules, code: string, message: RegExp])[] = [
  [
    'a broken pattern',
    '{"a":"1"}',
    [regexp('(', '')],
    'REWRITE_FAILED',
    /regexp failed with failed to compile: error parsing regexp: missing closing \): `\(`$/,
  ],
  ['a lookahead', '{"a":"1"}', [regexp('(?=a)', '')], 'REWRITE_FAILED', /invalid or unsupported Perl syntax: `\(\?=`$/],
  ['two values for one key', '{"a1":"x","a2":"y"}', [regexp('\\d', '')], 'KEY_COLLISION', /two keys become "a"$/],
  [
    'the number of the rule',
    '{"a":"1"}',
    [regexp('a', 'b'), regexp('[', '')],
    'REWRITE_FAILED',
    /failed rewrite operation\[1\]/,
  ],
  [
    'merge of what is no JSON',
    '{"a":"s3cret"}',
    [merge()],
    'REWRITE_FAILED',
    /failed to unmarshal JSON: key "a" is not JSON$/,
  ],
  ['merge of a list', '{"a":"[1]"}', [merge()], 'REWRITE_FAILED', /key "a" is no object$/],
  ['merge with conflicts', objects, [merge()], 'REWRITE_FAILED', /merge failed with conflicts: x$/],
  [
    'a priority that is missing',
    '{"a":"{}"}',
    [merge({ priority: ['p'] })],
    'REWRITE_FAILED',
    /merge failed with key "p" not found in input map$/,
  ],
  ['merge into nothing', '{"a":"{}"}', [merge({ strategy: 'JSON' })], 'REWRITE_FAILED', /missing 'into' field$/],
  [
    'a transform that cannot be parsed',
    '{"a":"1"}',
    [transform('{{')],
    'TEMPLATE_FAILED',
    /transform failed with failed to parse template: /,
  ],
  [
    'a transform that fails',
    '{"a":"1"}',
    [transform('{{ index .value 9 }}')],
    'TEMPLATE_FAILED',
    /failed to execute template for key "a": /,
  ],
  ['a rule that is none', '{"a":"1"}', [{}], 'INVALID_EXTERNAL_SECRET', /rewrite\[0\] needs one of/],
]

for (const [what, value, rewrite, code, message] of refused) {
  test(`rewrite refuses ${what}`, async () => {
    const error = await failure(extracting(value, {}, { rewrite }))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /s3cret/)
  })
}
