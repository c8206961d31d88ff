import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '@sealkit/controller'

const object = ['name', 'namespace']
const condition = [...object, 'condition', 'status']

/** Metrics of External Secrets 2.9 with their kinds and labels. */
const upstream: readonly (readonly [name: string, type: string, labels: readonly string[]])[] = [
  ['externalsecret_sync_calls_total', 'counter', object],
  ['externalsecret_sync_calls_error', 'counter', object],
  ['externalsecret_status_condition', 'gauge', condition],
  ['externalsecret_reconcile_duration', 'gauge', object],
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
