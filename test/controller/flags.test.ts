import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerError, type Flag, flagUsage, parseFlags } from '@sealkit/controller'
import { fc } from '../property.ts'

const table: readonly Flag[] = [
  { name: 'name', type: 'text', default: 'x', usage: 'A name.' },
  { name: 'on', type: 'flag', default: 'false', usage: 'A switch.' },
  { name: 'count', type: 'integer', default: '2', usage: 'A number.' },
  { name: 'rate', type: 'number', default: '5', usage: 'A rate.' },
  { name: 'period', type: 'duration', default: '720h0m0s', usage: 'A time.' },
  { name: 'old-period', type: 'duration', default: '1s', usage: '', hidden: true, aliasOf: 'period' },
]

const good: readonly (readonly [readonly string[], Readonly<Record<string, unknown>>])[] = [
  [[], { name: 'x', on: false, count: 2, rate: 5, period: 2_592_000_000 }],
  [['--name=a=b', '--on'], { name: 'a=b', on: true }],
  [['--name', '--on'], { name: '--on', on: false }],
  [['--on=false'], { on: false }],
  [['--on=T'], { on: true }],
  [['--count', '-3', '--rate=-0.5'], { count: -3, rate: -0.5 }],
  [['--old-period=1m'], { period: 60_000 }],
  [['--name=a', '--name=b', '--'], { name: 'b' }],
  [['--name='], { name: '' }],
]

for (const [args, expected] of good) {
  test(`flags ${args.join(' ')}`, () => {
    const values = parseFlags(table, { args })
    const got = {
      name: values.text('name'),
      on: values.flag('on'),
      count: values.number('count'),
      rate: values.number('rate'),
      period: values.milliseconds('period'),
    }
    assert.deepEqual({ ...got, ...expected }, got)
  })
}

const bad: readonly (readonly [readonly string[], string])[] = [
  [['--v=2'], 'unknown flag: --v'],
  [['--name'], 'flag needs an argument: --name'],
  [['--on=maybe'], 'invalid argument "maybe" for "--on" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  [['--count=1.5'], 'invalid argument "1.5" for "--count" flag: strconv.ParseInt: parsing "1.5": invalid syntax'],
  [
    ['--rate=1e99'],
    'invalid argument "1e99" for "--rate" flag: strconv.ParseFloat: parsing "1e99": value out of range',
  ],
  [['--period=1'], 'invalid argument "1" for "--period" flag: time: missing unit in duration "1"'],
  [['---name'], 'bad flag syntax: ---name'],
  [['--=x'], 'bad flag syntax: --=x'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['word'], 'unexpected argument word'],
]

for (const [args, message] of bad) {
  test(`flags ${args.join(' ')} are refused`, () => {
    assert.throws(() => parseFlags(table, { args }), { code: 'CONTROLLER_USAGE', message })
  })
}

test('the environment is below the arguments', () => {
  const env = { SEALED_SECRETS_NAME: 'env', SEALED_SECRETS_OLD_PERIOD: '2s' }
  const values = parseFlags(table, { args: [], env, envPrefix: 'SEALED_SECRETS' })
  assert.deepEqual([values.text('name'), values.number('count'), values.milliseconds('period')], ['env', 2, 2_000])
  assert.deepEqual([values.given('name'), values.given('count'), values.given('period')], [true, false, true])
  assert.equal(parseFlags(table, { args: ['--name=arg'], env, envPrefix: 'SEALED_SECRETS' }).text('name'), 'arg')
  assert.equal(parseFlags(table, { args: [], env }).text('name'), 'x')
})

test('a variable of the wrong form is refused by name, but for a version, which images set for themselves', () => {
  const read = (env: Record<string, string>) => parseFlags(table, { args: [], env, envPrefix: 'SEALED_SECRETS' })
  assert.throws(() => read({ SEALED_SECRETS_COUNT: 'many' }), {
    code: 'CONTROLLER_USAGE',
    message: 'invalid value "many" in SEALED_SECRETS_COUNT: strconv.ParseInt: parsing "many": invalid syntax',
  })
  assert.throws(() => read({ SEALED_SECRETS_COUNT: '' }), { code: 'CONTROLLER_USAGE' })
  const versioned = parseFlags([{ name: 'version', type: 'flag', default: 'false', usage: '' }], {
    args: [],
    env: { SEALED_SECRETS_VERSION: '0.38.4' },
    envPrefix: 'SEALED_SECRETS',
  })
  assert.equal(versioned.flag('version'), false)
})

test('words between the flags are kept where they are allowed, and help ends the reading', () => {
  const values = parseFlags(table, { args: ['a', '--on', 'false', '--', '--x'], positional: true })
  assert.deepEqual([values.flag('on'), values.positional], [true, ['a', 'false', '--x']])
  for (const args of [['--help', '--bad'], ['-h'], ['-hx'], ['--help=no']]) {
    assert.equal(parseFlags(table, { args }).help, true)
  }
})

test('a list has no empty entries and no duplicates', () => {
  assert.deepEqual(parseFlags(table, { args: ['--name=a, b,,a'] }).list('name'), ['a', 'b'])
})

test('usage shows defaults that say something, and no hidden flag', () => {
  const lines = flagUsage(table).trimEnd().split('\n')
  assert.equal(lines.length, 5)
  assert.equal(lines[0], '      --name string       A name. (default "x")')
  assert.equal(lines[1], '      --on                A switch.')
})

test('whatever the arguments are, the answer is values or a usage error', () => {
  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom('--', '-', '--on', '--name', '--count=1', '--period', '--=', '--name=--on'),
    fc.string().map((text) => `--name=${text}`),
    fc.string().map((text) => `--period=${text}`),
  )
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
      try {
        const values = parseFlags(table, { args })
        assert.equal(typeof values.text('name'), 'string')
        assert.ok(Number.isFinite(values.milliseconds('period')))
      } catch (error) {
        assert.ok(error instanceof ControllerError && error.code === 'CONTROLLER_USAGE')
      }
    }),
  )
})
