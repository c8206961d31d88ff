import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { crds } from '@sealkit/controller'
import { run } from '@sealkit/controller/sealed-secrets-controller'
import type { Manifest } from '@sealkit/core/manifest'
import { generateSealingKey, label, parseCertificate, sealItem } from '@sealkit/core/sealed'
import { type ApiServer, type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { answers, freePort } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { looked, pemOf } from '../child.ts'
import { clientOf, foreignKey, keySecret, seal, texts, until, untilSynced } from '../cluster.ts'

interface World {
  readonly plane: ControlPlane
  readonly cluster: ApiServer
  /** Starts the command line with flags; it is stopped when the case is over. */
  readonly start: (...flags: string[]) => Promise<Started>
}

interface Started {
  readonly url: string
  readonly metricsUrl: string
  readonly out: string[]
  readonly err: string[]
  stop(): Promise<void>
}

async function start(plane: ControlPlane, flags: readonly string[]): Promise<Started> {
  const [api, metrics] = [await freePort(), await freePort()]
  const [out, err]: [string[], string[]] = [[], []]
  const stop = new AbortController()
  const listen = [`--listen-addr=127.0.0.1:${api}`, `--listen-metrics-addr=127.0.0.1:${metrics}`]
  const running = run({
    argv: [`--kubeconfig=${plane.kubeconfig}`, '--key-size=2048', '--takeover', ...listen, ...flags],
    env: { POD_NAMESPACE: 'kube-system' },
    cwd: '/',
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    signal: stop.signal,
    onKeyRequest: () => undefined,
  })
  const url = `http://127.0.0.1:${api}`
  const ready = async (): Promise<void> => {
    while (!stop.signal.aborted && !(await answers(`${url}/readyz`).catch(() => false))) await pause(20)
  }
  await Promise.race([ready(), running])
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    out,
    err,
    async stop() {
      stop.abort()
      await running
    },
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
const at = (name: string, namespace = 'default'): Key => ({ namespace, name })

async function create(cluster: ApiServer, pem: string, key: Key, metadata: object = {}): Promise<void> {
  const sealed = await seal(pem, { ...key, stringData: { a: '1' } })
  await cluster.create(resources.sealedSecret, { ...sealed, metadata: { ...sealed.metadata, ...metadata } })
}

/** Waits until the controller has done what came before: an object that is created now is in sync. */
async function settled(cluster: ApiServer, pem: string, key: Key, metadata: object = {}): Promise<void> {
  await create(cluster, pem, key, metadata)
  await until(cluster, resources.secret, key, (secret) => secret !== null)
}

function message(object: ClusterObject | null): string {
  return (object?.['status'] as { conditions?: { message?: string }[] } | undefined)?.conditions?.[0]?.message ?? ''
}

async function requests({ metricsUrl }: Started): Promise<number> {
  const text = await (await fetch(metricsUrl)).text()
  return Number(/unseal_requests_total (\d+)/.exec(text)?.[1])
}

/** An object that the API refuses for a cause that could pass. */
function tooLong(key: Key): Manifest {
  const template = { metadata: { annotations: { a: 'x'.repeat(300_000) } } }
  return {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { ...key },
    spec: { encryptedData: {}, template },
  }
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  '--update-status=false writes no status': async ({ cluster, start }) => {
    const pem = await pemOf(await start('--update-status=false'))
    await settled(cluster, pem, at('no-status'))
    await settled(cluster, pem, at('no-status-2'))
    assert.equal((await cluster.get(resources.sealedSecret, at('no-status')))?.['status'], undefined)
  },
  '--skip-recreate leaves a Secret deleted': async ({ cluster, start }) => {
    const pem = await pemOf(await start('--skip-recreate'))
    await settled(cluster, pem, at('skipped'))
    await cluster.delete(resources.secret, at('skipped'))
    await settled(cluster, pem, at('skipped-2'))
    await pause(300)
    assert.equal(await cluster.get(resources.secret, at('skipped')), null)
  },
  '--label-selector looks at nothing else': async ({ cluster, start }) => {
    const pem = await pemOf(await start('--label-selector=team=x,tier in (a,b)'))
    await create(cluster, pem, at('unlabelled'))
    await settled(cluster, pem, at('labelled'), { labels: { team: 'x', tier: 'b' } })
    assert.equal(await cluster.get(resources.secret, at('unlabelled')), null)
  },
  '--old-gc-behavior deletes the Secret with its SealedSecret, and the default leaves it to the garbage collector':
    async ({ cluster, start }) => {
      const first = await start()
      const pem = await pemOf(first)
      await settled(cluster, pem, at('left'))
      await cluster.delete(resources.sealedSecret, at('left'))
      await settled(cluster, pem, at('left-2'))
      assert.notEqual(await cluster.get(resources.secret, at('left')), null)
      await first.stop()
      await start('--old-gc-behavior')
      await settled(cluster, pem, at('collected'))
      await cluster.delete(resources.sealedSecret, at('collected'))
      await until(cluster, resources.secret, at('collected'), (secret) => secret === null)
    },
  '--accept-deprecated-v1-data=false refuses the old format, the default takes it': async ({ cluster, start }) => {
    const first = await start()
    const pem = await pemOf(first)
    const { publicKey } = parseCertificate(pem)
    const legacy = async (name: string): Promise<Manifest> => {
      const plaintext = Buffer.from(JSON.stringify({ metadata: at(name), data: { a: 'MQ==' } }))
      const data = Buffer.from(await sealItem({ publicKey, label: label('strict', 'default', name), plaintext }))
      const spec = { data: data.toString('base64'), encryptedData: {} }
      return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { ...at(name) }, spec }
    }
    await cluster.create(resources.sealedSecret, await legacy('legacy'))
    await untilSynced(cluster, at('legacy'), 'True')
    assert.deepEqual(texts(await cluster.get(resources.secret, at('legacy'))), { a: '1' })
    await first.stop()
    await start('--accept-deprecated-v1-data=false')
    await cluster.create(resources.sealedSecret, await legacy('legacy-refused'))
    const object = await untilSynced(cluster, at('legacy-refused'), 'False')
    assert.match(message(object), /deprecated 'data' field/)
  },
  '--all-namespaces=false looks at its own namespace only': async ({ cluster, start }) => {
    const pem = await pemOf(await start('--all-namespaces=false'))
    await create(cluster, pem, at('elsewhere'))
    await settled(cluster, pem, at('own', 'kube-system'))
    assert.equal(await cluster.get(resources.secret, at('elsewhere')), null)
  },
  '--additional-namespaces looks at its own namespace and these, those that do not exist yet too': async ({
    plane,
    cluster,
    start,
  }) => {
    const pem = await pemOf(await start('--additional-namespaces=team,team,later'))
    await create(cluster, pem, at('outside'))
    await settled(cluster, pem, at('inside', 'team'))
    await settled(cluster, pem, at('own-too', 'kube-system'))
    await plane.createNamespace('later')
    await settled(cluster, pem, at('inside', 'later'))
    assert.equal(await cluster.get(resources.secret, at('outside')), null)
  },
  '--max-unseal-retries gives up after so many, and the default never does': async ({ cluster, start }) => {
    const limited = await start('--max-unseal-retries=2')
    await cluster.create(resources.sealedSecret, tooLong(at('refused')))
    await looked(limited, (await requests(limited)) + 1)
    await untilSynced(cluster, at('refused'), 'False')
    const gaveUp = /Error updating, waiting for a change" [^\n]*refused/
    await eventually(() => gaveUp.test(limited.err.join('')))
    for (let [last, quiet] = [0, 0]; quiet < 10; await pause(100)) {
      const now = await requests(limited)
      quiet = now === last ? quiet + 1 : 0
      last = now
    }
    const tries = (limited.err.join('').match(/msg="Error updating[^\n]*refused/g) ?? []).length
    assert.equal(tries, 3, 'one try and two more')
    await limited.stop()
    const endless = await start()
    await looked(endless, (await requests(endless)) + 5)
    assert.doesNotMatch(endless.err.join(''), /waiting for a change" [^\n]*key=default\/refused/)
    await cluster.delete(resources.sealedSecret, at('refused'))
  },
  '--kubeclient-qps limits requests, and there is no limit without it': async ({ cluster, start }) => {
    const took = async (pem: string, prefix: string): Promise<number> => {
      const keys = Array.from({ length: 10 }, (_, index) => at(`${prefix}-${index}`))
      const started = performance.now()
      for (const key of keys) await create(cluster, pem, key)
      for (const key of keys) await untilSynced(cluster, key, 'True')
      return performance.now() - started
    }
    const limited = await start('--kubeclient-qps=10', '--kubeclient-burst=1')
    // Three requests each: the Secret, the status and the event; the event is not waited for.
    assert.ok((await took(await pemOf(limited), 'limited')) > 1_500)
    await limited.stop()
    const negative = await start('--kubeclient-qps=-1')
    await took(await pemOf(negative), 'negative')
    await negative.stop()
  },
  '--metrics-omit-secret-labels names no object': async ({ cluster, start }) => {
    const first = await start()
    const pem = await pemOf(first)
    await settled(cluster, pem, at('named'), { labels: { 'app.kubernetes.io/instance': 'i' } })
    await untilSynced(cluster, at('named'), 'True')
    const line =
      /condition_info\{namespace="default",name="named",condition="Synced",ss_app_kubernetes_io_instance="i"\} 1\n/
    await eventually(async () => line.test(await (await fetch(first.metricsUrl)).text()))
    await first.stop()
    const second = await start('--metrics-omit-secret-labels')
    await settled(cluster, pem, at('unnamed'))
    await untilSynced(cluster, at('unnamed'), 'True')
    assert.doesNotMatch(await (await fetch(second.metricsUrl)).text(), /condition_info\{/)
  },
  '--log-format=json and --log-info-stdout=false': async ({ start }) => {
    const { out, err } = await start('--log-format=json', '--log-info-stdout=false')
    assert.deepEqual(out, [])
    for (const line of err.join('').trimEnd().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string')
  },
  '--log-level=ERROR leaves the rest out, and the default logs info to stdout': async ({ start }) => {
    assert.deepEqual((await start('--log-level=ERROR')).out, [])
    assert.match((await start()).out.join(''), /level=INFO msg="Starting sealed-secrets controller" version=v0\.38\.4/)
  },
  '--key-order-priority chooses the newest by its certificate or by its Secret': async ({ cluster, start }) => {
    // The Secret that is created last has the older certificate.
    const young = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() + 3_000_000) })
    const old = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 9_000_000) })
    await cluster.create(resources.secret, keySecret('order-first', young))
    await pause(1_100)
    await cluster.create(resources.secret, keySecret('order-second', old))
    const byCertificate = await start()
    assert.equal(await pemOf(byCertificate), young.certificatePem)
    await byCertificate.stop()
    const bySecret = await start('--key-order-priority=SecretCreationTimestamp')
    assert.equal(await pemOf(bySecret), old.certificatePem)
    await bySecret.stop()
    for (const name of ['order-first', 'order-second']) await cluster.delete(resources.secret, at(name, 'kube-system'))
  },
  '--watch-for-secrets loads, exchanges and forgets keys; without it they stay as they were': async ({
    cluster,
    start,
  }) => {
    const [one, two] = [await foreignKey(), await foreignKey()]
    const verify = async ({ url }: Started, pem: string, client: string): Promise<number> => {
      const sealed = await seal(pem, { ...at('x'), stringData: { a: '1' } })
      const headers = { 'x-forwarded-for': client }
      return (await fetch(`${url}/v1/verify`, { method: 'POST', headers, body: JSON.stringify(sealed) })).status
    }
    const becomes = async (started: Started, pem: string, status: number): Promise<void> => {
      let count = 0
      await eventually(
        () => verify(started, pem, `client ${count++}`),
        (answer) => answer === status,
      )
    }
    const blind = await start()
    const watching = await start('--watch-for-secrets')
    await cluster.create(resources.secret, keySecret('watched', one))
    await becomes(watching, one.certificatePem, 200)
    assert.equal(await verify(blind, one.certificatePem, 'blind'), 409)
    const { stringData } = keySecret('watched', two) as unknown as { stringData: Record<string, string> }
    await cluster.patch(resources.secret, at('watched', 'kube-system'), { type: 'merge', body: { stringData } })
    await becomes(watching, two.certificatePem, 200)
    await becomes(watching, one.certificatePem, 409)
    await cluster.delete(resources.secret, at('watched', 'kube-system'))
    await becomes(watching, two.certificatePem, 409)
  },
  '--key-prefix, --key-ttl, --my-cn, --privatekey-labels and --privatekey-annotations shape a new key': async ({
    cluster,
    start,
  }) => {
    const { items } = await cluster.list(resources.secret, { namespace: 'kube-system' })
    const names = new Set(items.map(({ metadata }) => metadata.name))
    await start(
      `--key-cutoff-time=${new Date(Date.now() + 9_000_000).toUTCString().replace('GMT', '+0000')}`,
      '--key-prefix=shaped-',
      '--key-ttl=1h',
      '--my-cn=me',
      '--privatekey-labels=team=x,sealedsecrets.bitnami.com/sealed-secrets-key=no',
      '--privatekey-annotations=note=n',
    )
    const options = { namespace: 'kube-system' }
    const made = await eventually(async () => {
      const { items: now } = await cluster.list(resources.secret, options)
      return now.find(({ metadata }) => !names.has(metadata.name))
    })
    assert.ok(made !== undefined)
    assert.match(made.metadata.name, /^shaped-[a-z0-9]{5}$/)
    assert.deepEqual(made.metadata.labels, { team: 'x', 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' })
    assert.deepEqual(made.metadata.annotations, { note: 'n' })
    const { notBefore, notAfter } = parseCertificate(texts(made)['tls.crt'] ?? '')
    assert.equal(notAfter.getTime() - notBefore.getTime(), 3_600_000)
  },
}

test('each flag of the command line does what it says', { timeout: 540_000 }, async (t: TestContext) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  await plane.createNamespace('team')
  for (const [name, run] of Object.entries(cases)) {
    await t.test(name, async () => {
      const running: Started[] = []
      const begin = async (...flags: string[]): Promise<Started> => {
        const started = await start(plane, flags)
        running.push(started)
        return started
      }
      try {
        await run({ plane, cluster, start: begin })
      } finally {
        await Promise.all(running.map((started) => started.stop()))
      }
    })
  }
})
