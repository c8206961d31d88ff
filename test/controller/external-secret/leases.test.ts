import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLeases, type Leases } from '@sealkit/controller/external-secret'
import { type Key, type Resource, resources } from '@sealkit/kubernetes'
import type { Lease } from '@sealkit/resolver'
import { eventually } from '../../eventually.ts'
import { type ManualClock, manualClock } from '../../kubernetes/clock.ts'
import { externalSettings, startController, texts, until } from '../cluster.ts'
import { appRole, startWorld, untilReady } from './world.ts'

const key: Key = { namespace: 'apps', name: 'es' }
const minute = 60_000

interface Bench {
  readonly clock: ManualClock
  readonly leases: Leases
  readonly log: string[]
  lease(name: string, duration: number, renewals?: readonly (number | null)[]): Lease
}

/** A keeper of leases that note what is done with them; each renewal gives the next of the given times. */
function bench(): Bench {
  const clock = manualClock()
  const log: string[] = []
  const note = (text: string) => async (): Promise<void> => void log.push(text)
  return {
    clock,
    log,
    leases: createLeases({ clock, onEnding: ({ name }) => void log.push(`ending ${name}`) }),
    lease(name, duration, renewals) {
      const left = [...(renewals ?? [])]
      return {
        duration,
        renewable: renewals !== undefined,
        revoke: note(`revoke ${name}`),
        release: note(`release ${name}`),
        async renew() {
          log.push(`renew ${name}`)
          return left.shift() ?? null
        },
      }
    },
  }
}

function commit({ leases }: Bench, ...all: readonly Lease[]): void {
  const round = leases.begin(key)
  for (const lease of all) round.add(lease)
  round.commit()
}

test('a lease is renewed after two thirds of its time, until it gets no more; then it is replaced', async () => {
  const world = bench()
  commit(world, world.lease('a', 3 * minute, [3 * minute, 3 * minute, minute / 2]))
  await world.clock.advance(2 * minute - 1)
  assert.deepEqual(world.log, [])
  await world.clock.advance(1)
  await world.clock.advance(2 * minute)
  assert.deepEqual(world.log, ['renew a', 'renew a'])
  await world.clock.advance(2 * minute)
  assert.deepEqual(world.log.slice(2), ['renew a', 'ending es'])
  assert.equal(world.clock.timers, 0)
})

test('a lease that cannot be renewed is replaced before it ends', async () => {
  const world = bench()
  commit(world, world.lease('a', 10 * minute))
  await world.clock.advance(9 * minute)
  assert.deepEqual(world.log, ['ending es'])
})

test('a renewal that is refused replaces at once', async () => {
  const world = bench()
  commit(world, world.lease('a', 3 * minute, [null]))
  await world.clock.advance(2 * minute)
  assert.deepEqual(world.log, ['renew a', 'ending es'])
})

test('replaced credentials end two minutes later, new ones that no Secret got at once', async () => {
  const world = bench()
  commit(world, world.lease('a', 60 * minute))
  const failed = world.leases.begin(key)
  failed.add(world.lease('lost', 60 * minute))
  failed.rollback()
  assert.deepEqual(world.log, ['revoke lost'])
  commit(world, world.lease('b', 60 * minute))
  await world.clock.advance(2 * minute - 1)
  assert.deepEqual(world.log, ['revoke lost'])
  await world.clock.advance(1)
  assert.deepEqual(world.log, ['revoke lost', 'revoke a'])
})

test('an ExternalSecret that goes ends its credentials, or leaves them to the Secret that stays', async () => {
  for (const how of ['revoke', 'release'] as const) {
    const world = bench()
    commit(world, world.lease('a', 60 * minute), world.lease('b', 60 * minute))
    await world.leases.end(key, how)
    await world.leases.end(key, how)
    assert.deepEqual(world.log, [`${how} a`, `${how} b`])
    assert.equal(world.clock.timers, 0)
  }
})

test('a stop leaves to the Secrets what they hold, and ends what was replaced', async () => {
  const world = bench()
  commit(world, world.lease('a', 60 * minute))
  commit(world, world.lease('b', 60 * minute))
  await world.leases.close()
  assert.deepEqual(world.log.sort(), ['release b', 'revoke a'])
  assert.equal(world.clock.timers, 0)
})

const generator: Resource = {
  group: 'generators.external-secrets.io',
  version: 'v1alpha1',
  plural: 'vaultdynamicsecrets',
  kind: 'VaultDynamicSecret',
  namespaced: true,
}

test('leases of a real server', async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, bao, proxy } = world
  const namespace = 'default'
  const name = { namespace, name: 'es' }
  // A PKI that keeps leases of its certificates: they can be revoked, and not renewed.
  const pki = (path: string, body: object): Promise<unknown> => bao.request('POST', `pki/${path}`, body)
  await bao.request('POST', 'sys/mounts/pki', { type: 'pki' })
  await pki('root/generate/internal', { common_name: 'test', ttl: '24h' })
  await pki('roles/app', { allow_any_name: true, generate_lease: true, max_ttl: '1h' })
  await bao.request('PUT', 'sys/policies/acl/pki', { policy: 'path "pki/issue/*" { capabilities=["update"] }' })
  const auth = await appRole(world, { namespace, name: 'issuer' }, '1h', 'pki')
  await cluster.create(generator, {
    apiVersion: 'generators.external-secrets.io/v1alpha1',
    kind: 'VaultDynamicSecret',
    metadata: { namespace, name: 'cert' },
    spec: {
      path: 'pki/issue/app',
      method: 'POST',
      parameters: { common_name: 'app.test', ttl: '30m' },
      provider: { server: proxy.url, path: 'pki', auth },
    },
  })
  const controller = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  const leasesLeft = async (): Promise<number> => {
    const found = (await bao.request('LIST', 'sys/leases/lookup/pki/issue/app').catch(() => null)) as {
      data: { keys: string[] }
    } | null
    return found?.data.keys.length ?? 0
  }
  const dataFrom = [{ sourceRef: { generatorRef: { kind: 'VaultDynamicSecret', name: 'cert' } } }]
  const spec = { refreshInterval: '1h', dataFrom, target: { deletionPolicy: 'Delete' } }

  await t.test('a sync takes one lease, the next another, and both are there for a while', async () => {
    await cluster.create(resources.externalSecret, {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { ...name },
      spec,
    })
    await untilReady(cluster, name, 'True')
    assert.equal(await leasesLeft(), 1)
    const serial = texts(await cluster.get(resources.secret, name))['serial_number']
    const body = { metadata: { annotations: { 'force-sync': '1' } } }
    await cluster.patch(resources.externalSecret, name, { type: 'merge', body })
    await until(cluster, resources.secret, name, (secret) => texts(secret)['serial_number'] !== serial)
    assert.equal(await leasesLeft(), 2)
  })

  await t.test('a sync whose Secret cannot be written gives its lease back', async () => {
    const other = { namespace, name: 'other' }
    await cluster.create(resources.externalSecret, {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { ...other },
      spec: { ...spec, target: { template: { data: { x: '{{ .nothing.there }}' } } } },
    })
    await untilReady(cluster, other, 'False', 'could not apply template')
    await cluster.delete(resources.externalSecret, other)
    await until(cluster, resources.externalSecret, other, (found) => found === null)
    await eventually(leasesLeft, (left) => left <= 2)
  })

  await t.test('the credentials go with their ExternalSecret', async () => {
    await cluster.delete(resources.externalSecret, name)
    await until(cluster, resources.externalSecret, name, (found) => found === null)
    await eventually(leasesLeft, (left) => left <= 1)
    await controller.stop()
    // The server revokes behind its answer.
    await eventually(leasesLeft, (left) => left <= 0)
  })
})
