import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { sealedWorld } from './world.ts'

const { folder, sealkit, write, read } = await sealedWorld()
const secret = `apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels: {app: shop, team/name: a}
  annotations:
    argocd.argoproj.io/sync-wave: "3"
    note: x
    sealedsecrets.bitnami.com/namespace-wide: "true"
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"k":"eA=="}}'
stringData:
  k: value
`
write('secret.yaml', secret)
const both = ['--cert', 'old.pem', '--cert', 'new.pem', '-f', 'secret.yaml']

async function opens(file: string, key: string): Promise<boolean> {
  return (await sealkit(['unseal', '-k', key, '-f', file])).code === 0
}

test('several certificates: a file for each, which its key alone opens', async () => {
  assert.deepEqual(await sealkit(['seal', ...both, '-w', 'for-{name}.yaml']), { code: 0, stdout: '', stderr: '' })
  assert.deepEqual(await Promise.all([opens('for-old.yaml', 'old.key'), opens('for-old.yaml', 'new.key')]), [
    true,
    false,
  ])
  assert.deepEqual(await Promise.all([opens('for-new.yaml', 'new.key'), opens('for-new.yaml', 'old.key')]), [
    true,
    false,
  ])
  write('disaster.json', '')
  const named = ['--cert', 'eu=old.pem', '--cert', 'disaster=new.pem', '-f', 'secret.yaml', '-w', '{name}.json']
  assert.equal((await sealkit(['seal', ...named])).code, 0)
  assert.equal(JSON.parse(read('eu.json')).kind, 'SealedSecret')
  assert.ok(await opens('disaster.json', 'new.key'))
  assert.equal((await sealkit(['seal', '--cert', 'old.pem', '-f', 'secret.yaml', '-w', 'one-{name}.yaml'])).code, 0)
  assert.ok(existsSync(join(folder, 'one-old.yaml')))
})

test('folders of outputs are made where they are missing, and none for what is refused', async () => {
  const pattern = ['-w', 'clusters/{name}/shop/db.yaml']
  assert.deepEqual(await sealkit(['seal', ...both, ...pattern]), { code: 0, stdout: '', stderr: '' })
  assert.ok(await opens('clusters/old/shop/db.yaml', 'old.key'))
  assert.ok(await opens('clusters/new/shop/db.yaml', 'new.key'))
  const one = ['seal', '--cert', 'old.pem', '-f', 'secret.yaml', '-w']
  assert.equal((await sealkit([...one, 'one/more/db.yaml'])).code, 0)
  assert.ok(await opens('one/more/db.yaml', 'old.key'))
  assert.equal((await sealkit(['seal', ...both, '--cert', 'nope.pem', '-w', 'gone/{name}/db.yaml'])).code, 1)
  assert.ok(!existsSync(join(folder, 'gone')))
  const inFile = await sealkit([...one, 'secret.yaml/db.yaml'])
  assert.equal(inFile.code, 1)
  assert.match(inFile.stderr, /cannot be (made|written)/)
})

test('several certificates: what is refused leaves every file as it was', async () => {
  write('for-old.yaml', 'before')
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[...both], 2, /several certificates need an output each\nhint: write \{name\}/],
    [[...both, '-w', 'out.yaml'], 2, /need an output each/],
    [
      ['--cert', 'old.pem', '--cert', './old.pem', '-f', 'secret.yaml', '-w', 'for-{name}.yaml'],
      2,
      /would be written to for-old/,
    ],
    [[...both, '--cert', 'nope.pem', '-w', 'for-{name}.yaml'], 1, /certificate nope\.pem cannot be read/],
    [[...both, '--cert', 'old.key', '-w', 'for-{name}.yaml'], 2, /would be written to for-old/],
    [[...both, '--cert', 'x=old.key', '-w', 'for-{name}.yaml'], 1, /no certificate found/],
    [[...both, '--context', 'nope', '-w', 'for-{name}.yaml'], 1, /kubeconfig|context/],
    [['--context', 'a', '--context', 'b', '-f', 'secret.yaml', '-w', 'for-{name}.yaml'], 1, /context/],
    [[...both, '-w', 'for-{name}.yaml', '-o', 'xml'], 2, /unsupported output format/],
    [[...both, '-w', 'for-{name}.yaml', '--scope', 'x'], 2, /unknown scope/],
  ]
  for (const [argv, code, error] of rows) {
    const done = await sealkit(['seal', ...argv], { env: { HOME: folder, KUBECONFIG: join(folder, 'none') } })
    assert.equal(done.code, code, `${argv.join(' ')}: ${done.stderr}`)
    assert.match(done.stderr, error, argv.join(' '))
    assert.equal(read('for-old.yaml'), 'before', argv.join(' '))
  }
})

test('names with slashes lead into no other folder', async () => {
  const done = await sealkit([
    'seal',
    '--cert',
    '..=old.pem',
    '--cert',
    'a.b=new.pem',
    '-f',
    'secret.yaml',
    '-w',
    'in-{name}',
  ])
  assert.equal(done.code, 0, done.stderr)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('in-')),
    ['in-_', 'in-a.b'],
  )
})

test('labels and annotations go on the SealedSecret itself when they are asked for', async () => {
  const metadata = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await sealkit(['seal', '--cert', 'old.pem', '-f', 'secret.yaml', ...args])
    assert.equal(stderr, '')
    const { metadata: own, spec } = parseYaml(stdout) as { metadata: object; spec: { template: { metadata: object } } }
    assert.deepEqual(spec.template.metadata, {
      name: 'db',
      namespace: 'shop',
      labels: { app: 'shop', 'team/name': 'a' },
      annotations: {
        'argocd.argoproj.io/sync-wave': '3',
        note: 'x',
        'sealedsecrets.bitnami.com/namespace-wide': 'true',
      },
    })
    return own
  }
  const scope = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }
  const base = { name: 'db', namespace: 'shop', annotations: scope }
  assert.deepEqual(await metadata(), base)
  assert.deepEqual(await metadata('--copy', 'argocd.argoproj.io/sync-wave'), {
    ...base,
    annotations: { 'argocd.argoproj.io/sync-wave': '3', ...scope },
  })
  assert.deepEqual(await metadata('--copy', 'argocd.argoproj.io/*', '--copy', 'app'), {
    ...base,
    labels: { app: 'shop' },
    annotations: { 'argocd.argoproj.io/sync-wave': '3', ...scope },
  })
  // Not the copy of the whole Secret that kubectl leaves behind.
  assert.deepEqual(await metadata('--copy', '*'), {
    ...base,
    labels: { app: 'shop', 'team/name': 'a' },
    annotations: { 'argocd.argoproj.io/sync-wave': '3', note: 'x', ...scope },
  })
  assert.deepEqual(await metadata('--copy', 'none'), base)
})

test('a Secret of an env file, read as kubectl reads it', async () => {
  const text = '\ufeff# comment\n\nA=1\n  B= two \r\nC=x=y#z\nFROM_ENV\nNOT_SET\nD="q"\n.e-f=\n'
  write('app.env', text)
  const args = ['--cert', 'old.pem', '--name', 'a', '-n', 'b', '--from-env-file', 'app.env', '--from-literal', 'l=v']
  const sealed = await sealkit(['seal', ...args], { env: { FROM_ENV: 'of the environment' } })
  const { stdout } = await sealkit(['unseal', '-k', 'old.key'], { stdin: sealed.stdout })
  const { data } = parseYaml(stdout) as { data: Record<string, string> }
  assert.deepEqual(Object.fromEntries(Object.entries(data).map(([key, value]) => [key, atob(value)])), {
    A: '1',
    B: ' two ',
    C: 'x=y#z',
    FROM_ENV: 'of the environment',
    NOT_SET: '',
    D: '"q"',
    '.e-f': '',
    l: 'v',
  })
  const refusals: readonly (readonly [string | Uint8Array, readonly string[], number, RegExp])[] = [
    ['hunter2 is=it', [], 2, /app\.env: line 1 is not of the form KEY=VALUE/],
    ['A=1\n=hunter2', [], 2, /line 2 is not of the form/],
    ['1A=hunter2', [], 2, /line 1/],
    ['A=hunter2\nA=hunter3', [], 2, /the key A is given twice/],
    ['l=hunter2', [], 2, /the key l is given twice/],
    [Buffer.of(0x41, 0x3d, 0xff), [], 1, /no UTF-8 text/],
    ['A=hunter2', ['-f', 'secret.yaml'], 2, /cannot be used with/],
    ['A=hunter2', ['--from-env-file', 'nope'], 1, /nope cannot be read/],
  ]
  for (const [content, more, code, error] of refusals) {
    write('app.env', content)
    const done = await sealkit(['seal', ...args, ...more])
    assert.equal(done.code, code, done.stderr)
    assert.match(done.stderr, error)
    assert.doesNotMatch(done.stderr, /hunter/)
    assert.equal(done.stdout, '')
  }
})

test('a certificate by URL: where nobody answers, the copy of the last time; an answer that says no counts', async () => {
  let status = 200
  const server = createServer((_, response) => response.writeHead(status).end(read('old.pem')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://user:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}/cert.pem`
  const cache = join(folder, 'cache')
  const seal = () => sealkit(['seal', '--cert', url, '-f', 'secret.yaml'], { env: { XDG_CACHE_HOME: cache } })
  assert.deepEqual([(await seal()).stderr, statSync(join(cache, 'sealkit/certificates')).mode & 0o777], ['', 0o700])
  const [file = ''] = readdirSync(join(cache, 'sealkit/certificates'))
  assert.equal(readFileSync(join(cache, 'sealkit/certificates', file), 'utf8'), read('old.pem'))
  status = 404
  const refused = await seal()
  assert.deepEqual([refused.code, refused.stdout], [1, ''])
  assert.match(refused.stderr, /cannot fetch .*404 Not Found/)
  assert.doesNotMatch(refused.stderr, /hunter2/)
  await new Promise((resolve) => server.close(resolve))
  const offline = await seal()
  assert.equal(offline.code, 0, offline.stderr)
  assert.match(
    offline.stderr,
    /^http:\/\/127\.0\.0\.1:\d+\/cert\.pem cannot be reached: sealing with its certificate of \d{4}-/,
  )
  const without = await sealkit(['seal', '--cert', url, '-f', 'secret.yaml'], { env: { HOME: join(folder, 'none') } })
  assert.deepEqual([without.code, without.stdout], [1, ''])
  assert.doesNotMatch(without.stderr, /hunter2/)
})
