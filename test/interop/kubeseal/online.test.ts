import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { dispatch } from '@sealkit/cli'
import { createLog, createMetrics, serveSealedSecretsApi } from '@sealkit/controller'
import { manifestCompactJson, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import {
  generateSealingKey,
  KeyRing,
  parseCertificate,
  parsePrivateKey,
  sealingKey,
  sealSecret,
  unsealManifest,
} from '@sealkit/core/sealed'
import { marshalYaml } from '@sealkit/core/yaml'
import { ran, type World } from '../../cli/sealed/io.ts'
import type { ControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { type Case, decrypted, forms, type Outcome, type Program, runCase } from './pair.ts'
import { hostAddress, startProxied } from './proxied.ts'
import { files, sealedSecrets } from './world.ts'

const key = { certificatePem: files['cert.pem'] ?? '', privateKeyPem: files['key.pem'] ?? '' }
const other = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 60_000) })
const keyRing = new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))])
const { publicKey } = parseCertificate(key.certificatePem)

const secret = { metadata: { name: 'a', namespace: 'b', labels: { l: 'x' } }, data: { foo: 'YmFy' } }
const simple = JSON.stringify(secret)
const sealed = JSON.stringify(await sealSecret(secret, { publicKey }))
const foreign = JSON.stringify(
  await sealSecret(secret, { publicKey: parseCertificate(other.certificatePem).publicKey }),
)
/** Another Service of the same controller, whose port has a name, as Helm's chart has it. */
const named = ['--controller-name', 'sealed-secrets']

/** Command lines against a controller behind the API server, on which both programs agree. */
const same: Readonly<Record<string, Case>> = {
  'seal with the controller\u2019s certificate': { args: [], stdin: simple },
  'seal, named port': { args: named, stdin: simple },
  'fetch-cert': { args: ['--fetch-cert'] },
  'fetch-cert into a file': { args: [...named, '--fetch-cert', '-w', 'cert.pem'] },
  raw: { args: ['--raw', '--name', 'a', '-n', 'b'], stdin: 'v' },
  'raw, namespace of the kubeconfig': { args: ['--raw', '--name', 'a'], stdin: 'v' },
  'no such Service': { args: ['--fetch-cert', '--controller-name', 'nope'] },
  'no such namespace': { args: ['--fetch-cert', '--controller-namespace', 'nope'] },
  'no such context': { args: ['--fetch-cert', '--context', 'nope'] },
  'dead server': { args: ['--fetch-cert', '--server', 'https://127.0.0.1:1'] },
  'dead controller': { args: ['--fetch-cert', '--controller-name', 'dead'] },
  'explicit kubeconfig': { args: ['--fetch-cert', '--kubeconfig', 'kubeconfig'] },
  'missing kubeconfig': { args: ['--fetch-cert', '--kubeconfig', 'nope'] },
  'broken kubeconfig': { args: ['--fetch-cert', '--kubeconfig', 'k'], files: { k: 'a: [' } },
  'no such user': { args: ['--fetch-cert', '--user', 'nope'] },
  'no such cluster': { args: ['--fetch-cert', '--cluster', 'nope'] },
  'impersonation of somebody without rights': { args: ['--fetch-cert', '--as', 'nobody', '--as-group', 'g'] },
  'impersonation of an administrator': { args: ['--fetch-cert', '--as', 'root', '--as-group', 'system:masters'] },
  'no TLS verification beside a CA': { args: ['--fetch-cert', '--insecure-skip-tls-verify'] },
  'another name in the certificate': { args: ['--fetch-cert', '--tls-server-name', 'localhost'] },
  'a CA that is not there': { args: ['--fetch-cert', '--certificate-authority', 'nope'] },
  'a bad timeout': { args: ['--fetch-cert', '--request-timeout', 'x'] },
  'a timeout': { args: ['--fetch-cert', '--request-timeout', '10s'] },
  'an empty name': { args: ['--fetch-cert', '--controller-name', ''] },
  'an empty namespace': { args: ['--fetch-cert', '--controller-namespace', ''] },
  'a namespace that is no path segment': { args: ['--fetch-cert', '--controller-namespace', 'a/%'] },
  'a name of dots': { args: ['--fetch-cert', '--controller-name', '..'] },
  'a name that is no path segment': { args: ['--fetch-cert', '--controller-name', 'a/b'] },
  'merge with the controller\u2019s certificate': {
    args: ['--merge-into', 's.json', '-o', 'json'],
    stdin: JSON.stringify({ ...secret, data: { fresh: 'eA==' }, metadata: { name: 'z' } }),
    files: { 's.json': sealed },
  },
  'validate, good': { args: ['--validate'], stdin: sealed },
  'validate, file': { args: ['--validate', '-f', 's.json'], files: { 's.json': sealed } },
  'validate, sealed for another key': { args: ['--validate'], stdin: foreign },
  'validate, the second of two': { args: ['--validate', ...named], stdin: `${sealed}${foreign}` },
  'validate, dead controller': { args: ['--validate', '--controller-name', 'dead'], stdin: sealed },
  're-encrypt, sealed for another key': { args: ['--re-encrypt'], stdin: foreign },
  're-encrypt, a file that fails stays': { args: ['--re-encrypt', '-f', 's.json'], files: { 's.json': foreign } },
}

test('online', async (t) => {
  const programs = await available(t, 'kubeseal', 'etcd', 'kube-apiserver')
  const address = hostAddress()
  if (programs === null) return
  if (address === undefined) {
    if (process.env['CI'] === 'true') throw new Error('this machine has no address but loopback')
    return t.skip('this machine has no address but loopback')
  }
  const port = await startController(t, address)
  const plane = await startProxied(address, {
    'sealed-secrets-controller': { port },
    'sealed-secrets': { port, portName: 'http' },
    dead: { port: 1 },
  })
  t.after(() => plane.stop())
  const kubeconfig = readFileSync(plane.kubeconfig, 'utf8')
  const run = (line: Case, program: boolean | Program) =>
    runCase(
      { ...line, files: { ...line.files, kubeconfig }, env: { KUBECONFIG: 'kubeconfig' } },
      programs.kubeseal,
      program,
    )
  for (const [name, line] of Object.entries(same)) {
    await t.test(`same: ${name}`, async () => {
      const real = await run(line, false)
      for (const form of forms()) {
        const ours = await run(line, form)
        assert.deepEqual(await plain(ours), await plain(real), form)
      }
    })
  }
  for (const [name, value] of Object.entries(sealedSecrets)) {
    // What the real one drops in silence is shown below; a kind and a version it does not look at.
    if (typeof value === 'string') continue
    const stdin = marshalYaml(value)
    for (const args of [['--validate'], ['--re-encrypt', '--controller-name', 'dead']]) {
      await t.test(`same: ${args[0]}, ${name}`, async () => {
        const [real, ours] = await Promise.all([run({ args, stdin }, 'real'), run({ args, stdin }, 'ours')])
        assert.deepEqual(await plain(ours), await plain(real))
      })
    }
  }
  await t.test('re-encrypt keeps the template that the answer lacks, and the file\u2019s mode', async () => {
    for (const args of [['--re-encrypt'], ['--rotate']]) {
      const { stdout, stderr, code } = await run({ args, stdin: sealed }, true)
      assert.equal(code, 0, stderr)
      assert.equal(stderr, args[0] === '--rotate' ? notice : '')
      const [rotated] = await readManifests(sealedSecretObject, stdout)
      assert.notDeepEqual(rotated?.['spec'], JSON.parse(sealed).spec)
      const before = await decrypted(sealed, keyRing)
      const after = await decrypted(manifestCompactJson(sealedSecretObject, rotated ?? {}), keyRing)
      assert.deepEqual(
        JSON.parse(after.replaceAll(/"<(.*?)>"/g, '"x"')),
        JSON.parse(before.replaceAll(/"<(.*?)>"/g, '"x"')),
      )
    }
  })
  await t.test(
    'sealkit: the keys of a cluster listed, backed up and restored, and the certificate when nobody answers',
    () => keysOfCluster(t, plane),
  )
  await t.test('what upstream takes for success', async () => {
    for (const [stdin, args] of [
      ['', ['--validate']],
      ['garbage: [', ['--validate']],
      ['', ['--re-encrypt']],
      ['text', ['--re-encrypt']],
    ] as const) {
      assert.equal((await run({ args, stdin }, false)).code, 0)
      const ours = await run({ args: [...args, '-f', 's.yaml'], files: { 's.yaml': stdin } }, true)
      assert.equal(ours.code, 1)
      assert.equal(ours.files['s.yaml'], `644 ${stdin}`)
    }
  })
})

async function plain(outcome: Outcome): Promise<Outcome> {
  const files: Record<string, string> = {}
  for (const [name, text] of Object.entries(outcome.files)) files[name] = await decrypted(text, keyRing)
  return { ...outcome, files, stdout: await decrypted(outcome.stdout, keyRing) }
}

/** The whole life of keys in a cluster, by `sealkit keys`. */
async function keysOfCluster(t: TestContext, plane: ControlPlane): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sealkit-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = { KUBECONFIG: plane.kubeconfig, HOME: folder }
  const sealkit = (argv: readonly string[], world: Partial<World> = {}) =>
    ran(argv, { cwd: folder, env, ...world }, (io) => dispatch('sealkit', argv, (_, rest) => ({ ...io, argv: rest })))
  const made = ['keys', 'generate', '--key-size', '1024', '--name', 'sealed-secrets-key1', '-w', 'key.yaml']
  assert.equal((await sealkit([...made, '--out-cert', 'cert.pem'])).code, 0)
  assert.match((await sealkit(['keys', 'backup'])).stderr, /no sealing keys in namespace kube-system\nhint: /)
  const restored = await sealkit(['keys', 'restore', 'key.yaml'])
  assert.match(restored.stderr, /^kube-system\/sealed-secrets-key1: restored\n.* restart it\n$/)
  assert.equal(
    (await sealkit(['keys', 'restore', 'key.yaml'])).stderr,
    'kube-system/sealed-secrets-key1: there already\n',
  )
  assert.match((await sealkit(['keys', 'list'])).stdout, /\nSHA256:\S+ {2}1024 .*kube-system\/sealed-secrets-key1\n$/)
  assert.equal((await sealkit(['keys', 'backup', '-w', 'backup.yaml'])).stderr, '1 key backed up\n')
  assert.equal(statSync(join(folder, 'backup.yaml')).mode & 0o777, 0o600)
  // The backup opens what the key seals, and can be put into another namespace.
  const sealed = await sealkit(['seal', '--cert', 'cert.pem'], { stdin: simple })
  assert.equal((await sealkit(['unseal', '-k', 'backup.yaml'], { stdin: sealed.stdout })).code, 0)
  assert.match((await sealkit(['keys', 'restore', '-n', 'default', 'backup.yaml'])).stderr, /^default\/.*: restored\n/)
  // Another key under the name that is there is not put over it.
  await sealkit(['keys', 'generate', '--key-size', '1024', '--name', 'sealed-secrets-key1', '-w', 'other.yaml'])
  const refused = await sealkit(['keys', 'restore', 'other.yaml'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /is there already, with something else in it\nhint: /)
  // A file for the cluster, and one for a key that lies in a safe.
  const config = readFileSync(plane.kubeconfig, 'utf8')
  const context = /current-context"?:\s*"?([^"\s]+)/.exec(config)?.[1] ?? ''
  const both = ['seal', '--context', context, '--cert', 'safe=cert.pem', '-w', '{name}.json']
  assert.deepEqual(await sealkit(both, { stdin: simple }), { code: 0, stdout: '', stderr: '' })
  assert.equal((await sealkit(['unseal', '-k', 'key.yaml', '-f', 'safe.json'])).code, 0)
  const inCluster = await decrypted(readFileSync(join(folder, `${context}.json`), 'utf8'), keyRing)
  assert.match(inCluster, /"foo": "<b\/a: "bar">"/)
  // A certificate of the cluster is kept, for the day on which nobody answers.
  const first = await sealkit(['seal'], { stdin: simple })
  assert.deepEqual([first.code, first.stderr], [0, ''])
  const kubeconfig = readFileSync(plane.kubeconfig, 'utf8')
  const server = /server"?:\s*"?(https:[^"\s]+)/.exec(kubeconfig)?.[1] ?? ''
  assert.ok(server !== '')
  const [file = ''] = readdirSync(join(folder, '.cache/sealkit/certificates'))
  const source = `the controller kube-system/sealed-secrets-controller of https://127.0.0.1:1`
  const name = `${createHash('sha256').update(source).digest('hex').slice(0, 32)}.pem`
  copyFileSync(join(folder, '.cache/sealkit/certificates', file), join(folder, '.cache/sealkit/certificates', name))
  writeFileSync(join(folder, 'away'), kubeconfig.replace(server, 'https://127.0.0.1:1'))
  const away = await sealkit(['seal', '--kubeconfig', join(folder, 'away')], { stdin: simple })
  assert.match(away.stderr, /^the controller .* cannot be reached: sealing with its certificate of \d{4}-/)
  assert.equal(away.code, 0)
  const live = await sealkit(['keys', 'fetch', '--kubeconfig', join(folder, 'away')])
  assert.deepEqual([live.code, live.stdout], [1, ''])
}

const notice = 'Flag --rotate has been deprecated, please use --re-encrypt instead\n'

/** The controller's HTTP API; its rotation answers as upstream's does, without what the template held besides. */
async function startController(t: TestContext, address: string): Promise<number> {
  const unsealed = async (content: Uint8Array) => {
    const [sealedSecret = {}] = await readManifests(sealedSecretObject, content)
    return unsealManifest(sealedSecret, keyRing)
  }
  const api = await serveSealedSecretsApi({
    address: `${address}:0`,
    handlers: {
      certificate: () => Buffer.from(key.certificatePem),
      verify: (content) =>
        unsealed(content).then(
          () => true,
          () => false,
        ),
      async rotate(content) {
        const { metadata = {}, ...rest } = await unsealed(content)
        const { labels: _, ...poor } = metadata
        return JSON.stringify(await sealSecret({ ...rest, metadata: poor }, { publicKey }))
      },
      ready: () => true,
    },
    metrics: createMetrics('v0').sealedSecret,
    log: createLog({ out: () => {} }),
    rateLimit: 1000,
    rateLimitBurst: 1000,
  })
  t.after(() => api.close())
  return api.port
}
