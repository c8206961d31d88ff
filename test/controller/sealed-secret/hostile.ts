import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { crds } from '@sealkit/controller'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import { label, parseCertificate, sealItem } from '@sealkit/core/sealed'
import { type ApiServer, type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import {
  certificate,
  clientOf,
  type Running,
  seal,
  sealedSettings,
  startController,
  until,
  untilSynced,
} from '../cluster.ts'

/** A new object has its Secret within so many milliseconds, whatever others do, on a machine that has nothing else to do. */
const inTime = 10_000

/** What a test of hostile input runs with. */
export interface World {
  readonly plane: ControlPlane
  readonly cluster: ApiServer
  readonly controller: Running
  readonly pem: string
  /** Milliseconds that a new object takes where nobody does anything: some 15, or what this machine needs just now. */
  readonly quiet: number
}

/** Where hostile objects are. */
export const at = (name: string): Key => ({ namespace: 'default', name })

/** Creates a healthy object in a namespace of somebody else, whose Secret must be there in time. */
export async function healthy(world: World, name: string): Promise<void> {
  const taken = await latency(world, name)
  assert.ok(taken < inTime + 20 * world.quiet, `${name} had its Secret after ${Math.round(taken)} ms`)
}

async function latency({ cluster, pem }: Pick<World, 'cluster' | 'pem'>, name: string): Promise<number> {
  const key = { namespace: 'team', name }
  const sealed = await seal(pem, { ...key, stringData: { a: '1', b: '2', c: '3' } })
  const started = performance.now()
  await cluster.create(resources.sealedSecret, sealed)
  await until(cluster, resources.secret, key, (secret) => secret !== null)
  return performance.now() - started
}

/** A SealedSecret that nobody sealed. */
export function sealedSecret(name: string, spec: unknown): Manifest {
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { ...at(name) }, spec } as Manifest
}

/** So many items of one letter, sealed for a certificate. */
export async function items(pem: string, name: string, count: number): Promise<Record<string, string>> {
  const { publicKey } = parseCertificate(pem)
  const itemLabel = label('strict', 'default', name)
  const sealed: [string, string][] = []
  for (let index = 0; index < count; index += 1) {
    sealed.push([
      `k${index}`,
      encodeBase64(await sealItem({ publicKey, label: itemLabel, plaintext: Buffer.from('x') })),
    ])
  }
  return Object.fromEntries(sealed)
}

/** A name made of a title. */
export function slug(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z]+/g, '-')
}

function message(object: ClusterObject | null): string {
  return (object?.['status'] as { conditions?: { message?: string }[] } | undefined)?.conditions?.[0]?.message ?? ''
}

/** Waits for the outcome of an object: in sync where nothing is expected, else a message of bounded length. */
export async function settled(world: World, name: string, expected: RegExp | 'either' | null): Promise<void> {
  const object =
    expected === 'either'
      ? await until(world.cluster, resources.sealedSecret, at(name), (seen) => seen?.['status'] !== undefined)
      : await untilSynced(world.cluster, at(name), expected === null ? 'True' : 'False')
  if (expected instanceof RegExp) assert.match(message(object), expected)
  assert.ok(Buffer.byteLength(message(object)) <= 4_096, 'the status is too long')
}

/** A template that never ends. */
export const spin = '{{ range until 100000 }}{{ range until 100000 }}{{ add 1 1 }}{{ end }}{{ end }}'

/** Starts a control plane and a controller of the test's own; null when they cannot be had. */
export async function startWorld(t: TestContext): Promise<World | null> {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return null
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  await plane.createNamespace('team')
  const controller = await startController(cluster, {
    sealedSecrets: sealedSettings({ readTimeout: 120_000, writeTimeout: 120_000 }),
  })
  t.after(() => controller.stop())
  const pem = await certificate(controller)
  const before = [await latency({ cluster, pem }, 'quiet-1'), await latency({ cluster, pem }, 'quiet-2')]
  return { plane, cluster, controller, pem, quiet: Math.max(...before) }
}
