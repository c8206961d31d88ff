import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, errorFields, errorMessage, type LogOptions } from '@sealkit/controller'
import { SealkitError } from '@sealkit/core'

const now = (): Date => new Date('2026-01-02T03:04:05.678Z')

function lines(options: Partial<LogOptions>, write: (log: ReturnType<typeof createLog>) => void): [string[], string[]] {
  const [out, err]: [string[], string[]] = [[], []]
  write(createLog({ now, out: (line) => out.push(line), err: (line) => err.push(line), ...options }))
  return [out, err]
}

test('text lines are slog: quoted where needed, fields in order', () => {
  const [out, err] = lines({}, (log) => {
    log.with({ kind: 'SealedSecret' }).info('registered private key', { secretname: 'key', count: 2 })
    log.warn('odd\nname', { value: 'a"b', empty: '' })
    log.debug('not printed')
  })
  assert.deepEqual(out, [
    'time=2026-01-02T03:04:05.678Z level=INFO msg="registered private key" kind=SealedSecret secretname=key count=2\n',
  ])
  assert.deepEqual(err, ['time=2026-01-02T03:04:05.678Z level=WARN msg="odd\\nname" value="a\\"b" empty=""\n'])
})

test('JSON lines hold the same', () => {
  const [out] = lines({ format: 'json', level: 'debug' }, (log) => log.debug('m', { a: 1, b: true }))
  assert.deepEqual(out, ['{"time":"2026-01-02T03:04:05.678Z","level":"DEBUG","msg":"m","a":1,"b":true}\n'])
})

/** What a foreign error may hold never reaches a log, a status or an event. */
const errors: readonly (readonly [unknown, string])[] = [
  [new SealkitError('CODE', 'ours is redacted', { upstream: 'value hunter2' }), 'ours is redacted'],
  [new TypeError('cannot read hunter2'), 'unexpected failure (TypeError)'],
  [Object.assign(new Error('connect hunter2'), { code: 'ECONNREFUSED' }), 'unexpected failure (ECONNREFUSED)'],
  ['hunter2', 'unexpected failure'],
  [undefined, 'unexpected failure'],
]

for (const [error, message] of errors) {
  test(`error text: ${message}`, () => {
    assert.equal(errorMessage(error), message)
    assert.ok(!JSON.stringify(errorFields(error)).includes('hunter2'))
  })
}
