import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics, exposition, type Metrics } from '@sealkit/controller'

const object = ['name', 'namespace']
const condition = [...object, 'condition', 'status']

/** Metrics of External Secrets 2.9 with their kinds and labels. */
const upstream: readonly (readonly [name: string, type: string, labels: readonly string[]])[] = [
  ['secretstore_status_condition', 'gauge', condition],
  ['clustersecretstore_status_condition', 'gauge', condition],
  ['clusterexternalsecret_status_condition', 'gauge', condition],
  ['clusterexternalsecret_reconcile_duration', 'gauge', object],
  ['pushsecret_status_condition', 'gauge', condition],
  ['pushsecret_reconcile_duration', 'gauge', object],
]

for (const [name, type, labels] of upstream) {
  test(`metrics of External Secrets: ${name}`, async () => {
    const { registry } = createMetrics('v0')
    const metric = registry.getSingleMetric(name)
    assert.ok(metric !== undefined)
    const given = Object.fromEntries(labels.map((label) => [label, 'x']))
    if ('inc' in metric) metric.inc(given)
    const text = await registry.metrics()
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'))
    const written = labels.map((label) => `${label}="x"`).join(',')
    assert.ok(
      text.includes(`${name}{${written}} 1`),
      text.split('\n').find((line) => line.startsWith(`${name}{`)),
    )
    assert.throws(() => 'inc' in metric && metric.inc({ ...given, more: 'x' }))
  })
}

async function piecesOf(metrics: Metrics): Promise<string[]> {
  const pieces: string[] = []
  for await (const piece of exposition(metrics)) pieces.push(piece)
  return pieces
}

async function textOf(metrics: Metrics): Promise<string> {
  return (await piecesOf(metrics)).join('')
}

/** What is counted of an ExternalSecret, and the lines that stand for it. */
const x = { namespace: 'n', name: 'x' }
type Syncs = Metrics['externalSecret']['syncs']
const counted: readonly (readonly [
  name: string,
  type: string,
  count: (syncs: Syncs) => void,
  lines: readonly string[],
])[] = [
  ['externalsecret_sync_calls_total', 'counter', (syncs) => syncs.began(x), ['{name="x",namespace="n"} 1']],
  ['externalsecret_sync_calls_error', 'counter', (syncs) => syncs.failed(x), ['{name="x",namespace="n"} 1']],
  [
    'externalsecret_status_condition',
    'gauge',
    (syncs) => syncs.ready(x, false),
    [
      '{name="x",namespace="n",condition="Ready",status="True"} 0',
      '{name="x",namespace="n",condition="Ready",status="False"} 1',
    ],
  ],
  [
    'externalsecret_reconcile_duration',
    'gauge',
    // Nanoseconds.
    (syncs) => syncs.took(x, 2.5),
    ['{name="x",namespace="n"} 2500000'],
  ],
]

for (const [name, type, count, lines] of counted) {
  test(`metrics of External Secrets: ${name}`, async () => {
    const metrics = createMetrics('v0')
    const series = async (): Promise<string[]> =>
      (await textOf(metrics)).split('\n').filter((line) => line.startsWith(`${name}{`))
    assert.match(await textOf(metrics), new RegExp(`^# HELP ${name} \\S.*\\n# TYPE ${name} ${type}$`, 'm'))
    assert.deepEqual(await series(), [])
    count(metrics.externalSecret.syncs)
    assert.deepEqual(
      await series(),
      lines.map((line) => `${name}${line}`),
    )
  })
}

test('of an ExternalSecret that is gone the counters stay and the condition goes', async () => {
  const metrics = createMetrics('v0')
  const { syncs } = metrics.externalSecret
  for (const name of ['gone', 'stays']) {
    syncs.began({ namespace: 'n', name })
    syncs.ready({ namespace: 'n', name }, true)
  }
  syncs.gone({ namespace: 'n', name: 'gone' })
  syncs.gone({ namespace: 'n', name: 'never there' })
  const text = await textOf(metrics)
  assert.deepEqual(
    text.match(/^externalsecret_status_condition\{.*$/gm),
    ['True', 'False'].map(
      (status, index) =>
        `externalsecret_status_condition{name="stays",namespace="n",condition="Ready",status="${status}"} ${1 - index}`,
    ),
  )
  assert.equal(text.match(/^externalsecret_sync_calls_total\{/gm)?.length, 2)
})

test('the metrics of thousands of ExternalSecrets come in pieces, each line whole', async () => {
  const metrics = createMetrics('v0')
  const names = Array.from({ length: 5000 }, (_, index) => `external-${index}`)
  for (const name of names) metrics.externalSecret.syncs.ready({ namespace: 'n', name }, true)
  const pieces = await piecesOf(metrics)
  assert.ok(pieces.length > 5)
  for (const piece of pieces) assert.ok(piece.length < 100_000)
  const lines = pieces.join('').match(/^externalsecret_status_condition\{.*,status="True"\} 1$/gm)
  assert.deepEqual(
    lines,
    names.map(
      (name) => `externalsecret_status_condition{name="${name}",namespace="n",condition="Ready",status="True"} 1`,
    ),
  )
})
