import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import { label, parseCertificate, sealItem } from '@sealkit/core/sealed'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { type Child, pemOf, startChild } from '../child.ts'
import { clientOf, foreignKey, keySecret, seal, syncedOf, texts, until, untilSynced } from '../cluster.ts'

/** Never to be seen outside a Secret. Every plaintext of this test holds it. */
const mark = `mark-${randomBytes(12).toString('hex')}`

/** A text as it may be found in another: as it is, in base64 from each of three offsets, in hexadecimal. */
function forms(text: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64')
    // The characters at the ends depend on what surrounds the text.
    return whole.slice(offset === 0 ? 0 : 4, -4)
  })
  return [text, ...base64, Buffer.from(text).toString('hex')]
}

const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })

/** Templates that fail in many ways over values that hold the mark. */
const templates: Readonly<Record<string, string>> = {
  fail: '{{ fail .secret }}',
  required: '{{ required .secret .nothing }}',
  index: '{{ index .secret 999 }}',
  field: '{{ .secret.name }}',
  unknown: '{{ template .secret }}',
  integer: '{{ until (int .secret) }}{{ slice .secret 5 1 }}',
  date: '{{ mustToDate "2006-01-02" .secret }}',
  json: '{{ mustFromJson .secret }}',
  decode: '{{ .secret | b64dec }}{{ fail (b64dec .secret) }}',
  regex: '{{ mustRegexMatch (print "[" .secret) "a" }}',
  semver: '{{ semver .secret }}',
  dict: '{{ dict .secret 1 | fail }}',
  printf: '{{ printf "%d" .secret | fail }}',
  url: '{{ urlParse (print "http://[" .secret) }}',
  certificate: '{{ genSignedCert .secret nil nil 1 .secret }}',
  bytes: '{{ htpasswd .secret (repeat 100 .secret) }}',
}

type Flow = (world: { readonly cluster: ApiServer; readonly pem: string }) => Promise<void>

async function wholeAsOne(pem: string, name: string, text: string): Promise<Manifest> {
  const { publicKey } = parseCertificate(pem)
  const plaintext = Buffer.from(text)
  const data = encodeBase64(await sealItem({ publicKey, label: label('strict', 'default', name), plaintext }))
  const metadata = { ...at(name) }
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata, spec: { data, encryptedData: {} } }
}

const sealedWith =
  (
    name: string,
    fields: object,
    status: 'True' | 'False',
    stringData: Record<string, string> = { secret: mark },
  ): Flow =>
  async ({ cluster, pem }) => {
    const manifest = await seal(pem, { ...at(name), ...fields, stringData })
    await cluster.create(resources.sealedSecret, manifest)
    await untilSynced(cluster, at(name), status)
  }

const flows: Readonly<Record<string, Flow>> = {
  good: sealedWith('good', {}, 'True'),
  'in the way': async ({ cluster, pem }) => {
    const metadata = { ...at('blocked') }
    await cluster.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { own: mark } })
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('blocked'), stringData: { secret: mark } }))
    await untilSynced(cluster, at('blocked'), 'False')
  },
  'another key': async ({ cluster }) => {
    const { certificatePem } = await foreignKey()
    const manifest = await seal(certificatePem, { ...at('foreign'), stringData: { secret: mark } })
    await cluster.create(resources.sealedSecret, manifest)
    await untilSynced(cluster, at('foreign'), 'False')
  },
  immutable: async ({ cluster, pem }) => {
    const make = (text: string) => seal(pem, { ...at('immutable'), immutable: true, stringData: { secret: text } })
    await cluster.create(resources.sealedSecret, await make(mark))
    await untilSynced(cluster, at('immutable'), 'True')
    const body = [{ op: 'replace', path: '/spec', value: (await make(`${mark}2`))['spec'] }]
    await cluster.patch(resources.sealedSecret, at('immutable'), { type: 'json', body })
    await untilSynced(cluster, at('immutable'), 'False')
  },
  'refused by the API: JSON of a registry': sealedWith('docker', { type: 'kubernetes.io/dockerconfigjson' }, 'False', {
    '.dockerconfigjson': `${mark}{`,
  }),
  'refused by the API: a key that is missing': sealedWith('tls', { type: 'kubernetes.io/tls' }, 'False'),
  'refused by the API: too long': sealedWith('long', {}, 'False', {
    secret: mark.repeat(30_000),
    more: 'x'.repeat(300_000),
  }),
  'the old format without JSON': async ({ cluster, pem }) => {
    await cluster.create(resources.sealedSecret, await wholeAsOne(pem, 'legacy-text', mark))
    await untilSynced(cluster, at('legacy-text'), 'False')
  },
  'the old format with wrong fields': async ({ cluster, pem }) => {
    const text = JSON.stringify({ metadata: { labels: { a: mark } }, data: { a: mark }, type: mark })
    await cluster.create(resources.sealedSecret, await wholeAsOne(pem, 'legacy-fields', text))
    await untilSynced(cluster, at('legacy-fields'), 'False')
  },
  templates: async ({ cluster, pem }) => {
    for (const [name, text] of Object.entries(templates)) {
      const key = at(`template-${name}`)
      const manifest = await seal(pem, { ...key, stringData: { secret: mark } })
      const spec = manifest['spec'] as { template: object }
      const template = { ...spec.template, data: { made: text } }
      await cluster.create(resources.sealedSecret, { ...manifest, spec: { ...spec, template } } as Manifest)
    }
    for (const name of Object.keys(templates)) {
      const key = at(`template-${name}`)
      await until(cluster, resources.sealedSecret, key, (object) => syncedOf(object) !== undefined)
    }
  },
}

/** Everything that the HTTP API says about objects that hold the mark. */
async function answersTo({ url }: Child, pem: string): Promise<string> {
  const manifest = await seal(pem, { ...at('http'), stringData: { secret: mark } })
  const spec = manifest['spec'] as { template: object }
  const failing = { ...manifest, spec: { ...spec, template: { ...spec.template, data: { a: '{{ fail .secret }}' } } } }
  const all = [
    manifest,
    failing,
    await wholeAsOne(pem, 'http', mark),
    await wholeAsOne(pem, 'http', `{"data":{"a":"${mark}"}}`),
  ]
  const said: string[] = []
  for (const path of ['/v1/verify', '/v1/rotate', '/v1/cert.pem', '/healthz', '/readyz', '/nowhere']) {
    for (const [index, body] of all.entries()) {
      const headers = { 'x-forwarded-for': `${path} ${index}` }
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      said.push(JSON.stringify([...response.headers]), await response.text())
    }
  }
  return said.join('\n')
}

/** The lines of a private key, and the key as a Secret holds it. */
function keyForms(pem: string): string[] {
  const lines = pem.split('\n').filter((line) => line.length >= 48 && !line.startsWith('-'))
  return ['PRIVATE KEY', ...lines, ...lines.flatMap((line) => forms(line).slice(1, 4))]
}

test('no plaintext and no private key is in a log, an event, a status, an answer, a metric or a crash', {
  timeout: 540_000,
}, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-leaks-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const known = await foreignKey()
  await cluster.create(resources.secret, keySecret('known', known))
  const broken = keySecret('broken', known)
  const stringData = { 'tls.key': known.privateKeyPem.replace('BEGIN RSA', 'BEGIN'), 'tls.crt': known.privateKeyPem }
  await cluster.create(resources.secret, { ...broken, stringData })

  const child = await startChild(plane, ['--log-level=DEBUG', '--log-format=json', '--watch-for-secrets'], {
    cwd: folder,
  })
  t.after(() => child.server.kill())
  process.kill(child.server.pid, 'SIGUSR1')
  const pem = await pemOf(child)
  for (const [name, run] of Object.entries(flows)) await t.test(name, () => run({ cluster, pem }))
  assert.equal(texts(await cluster.get(resources.secret, at('good')))['secret'], mark, 'the mark is in use')
  const sealingKeys = async () => (await cluster.list(resources.secret, { namespace: 'kube-system' })).items
  await eventually(async () => (await sealingKeys()).length >= 3)
  const answers = await answersTo(child, pem)
  const metrics = await (await fetch(child.metricsUrl)).text()
  // Signals on which Node can write a report of its memory, and one on which the kernel can.
  process.kill(child.server.pid, 'SIGUSR2')
  process.kill(child.server.pid, 'SIGABRT')
  await child.server.kill()
  const kinds = [resources.event, resources.sealedSecret, resources.lease]
  const lists = await Promise.all(kinds.map((resource) => cluster.list(resource, {})))
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1')))
  const keys = await sealingKeys()
  const secretTexts = keys.flatMap((secret) => keyForms(texts(secret)['tls.key'] ?? ''))

  const seen: Readonly<Record<string, string>> = {
    log: child.server.output(),
    'events, statuses and leases': JSON.stringify(lists),
    'HTTP answers': answers,
    metrics,
    files: files.join('\n'),
  }
  for (const [where, text] of Object.entries(seen)) {
    await t.test(where, () => search(text, secretTexts))
  }
  assert.match(seen['log'] ?? '', /ErrUnsealFailed|Error updating/, 'the log is there to be searched')
})

function search(text: string, keys: readonly string[]): void {
  for (const form of [...forms(mark), ...keys]) {
    const place = text.indexOf(form)
    assert.ok(place < 0, `found in: ${text.slice(Math.max(0, place - 200), place + 20)}`)
  }
}

test('the search finds what is there', () => {
  for (const offset of [0, 1, 2, 3, 4]) {
    const hidden = Buffer.from(`${'x'.repeat(offset)}${mark}yz`).toString('base64')
    assert.throws(() => search(`... ${hidden} ...`, []), { code: 'ERR_ASSERTION' }, String(offset))
  }
  assert.throws(() => search(`{"a":"${mark}"}`, []), { code: 'ERR_ASSERTION' })
  search('nothing', [])
})

for (const [how, code] of [
  ['an exception', 'throw new Error(mark)'],
  ['a rejection', 'Promise.reject(new SyntaxError(`Unexpected token, "${mark}" is not valid JSON`))'],
  ['a value that is no error', 'throw mark'],
  [
    'an error with fields',
    'throw Object.assign(new Error("x\\n    at " + mark), { data: mark, cause: new Error(mark) })',
  ],
] as const) {
  test(`a crash by ${how} says where, and not what`, async (t: TestContext) => {
    const entry = fileURLToPath(new URL('../../../packages/controller/src/bin/controller.ts', import.meta.url))
    const preload = `data:text/javascript,${encodeURIComponent(`const { mark } = process.env; setTimeout(() => { ${code} }, 0)`)}`
    // A kubeconfig that nobody writes keeps the start waiting.
    const folder = await mkdtemp(join(tmpdir(), 'sealkit-crash-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const args = [
      '--conditions=source',
      '--import',
      preload,
      entry,
      '--controllers=sealed-secrets',
      '--kubeconfig=/dev/stdin',
    ]
    const ended = await new Promise<{ code: unknown; text: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        args,
        { cwd: folder, timeout: 240_000, env: { ...process.env, mark } },
        (error, out, err) => {
          resolve({ code: error?.code, text: `${out}${err}` })
        },
      )
      t.after(() => void child.kill())
    })
    assert.equal(ended.code, 1, ended.text)
    assert.match(ended.text, /controller: crashed: unexpected failure/)
    search(ended.text, [])
    assert.deepEqual(await readdir(folder), [], 'a report was written')
  })
}
