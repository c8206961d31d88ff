import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { run } from '@sealkit/cli/kubeseal'
import { readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import { generateSealingKey, KeyRing, parsePrivateKey, sealingKey, unsealSecret } from '@sealkit/core/sealed'
import { type Ran, ran, type World } from '../sealed/io.ts'

const folder = mkdtempSync(join(tmpdir(), 'kubeseal-'))
after(() => rmSync(folder, { recursive: true }))
const key = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 60_000) })
const keyRing = new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))])
writeFileSync(join(folder, 'cert.pem'), key.certificatePem)
const secret = '{"metadata":{"name":"a","namespace":"b"},"data":{"k":"eA=="}}'

const kubeseal = (argv: readonly string[], world: Partial<World> = {}): Promise<Ran> =>
  ran(argv, { cwd: folder, ...world }, run)

async function assertSealed(stdout: string): Promise<void> {
  const [sealed = {}] = await readManifests(sealedSecretObject, stdout)
  assert.deepEqual([...(await unsealSecret(sealed, keyRing)).data.keys()], ['k'])
}

test('hints on a terminal', async () => {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['--cert', 'cert.pem'], '(tty detected: expecting json/yaml k8s resource in stdin)\n'],
    [
      ['--cert', 'cert.pem', '--raw', '--scope=cluster-wide'],
      '(tty detected: expecting a secret to encrypt in stdin)\n',
    ],
    [['--cert', 'cert.pem', '--fetch-cert'], ''],
    [['--cert', 'cert.pem', '-f', 'cert.pem'], ''],
    [
      ['--cert', 'cert.pem', '--fetch-cert', '--recovery-private-key', 'x'],
      'warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal\n',
    ],
  ]
  for (const [argv, hint] of rows) {
    const { stderr } = await kubeseal(argv, { terminal: true, stdin: secret })
    assert.equal(stderr.replace(/error: .*\n/, ''), hint, argv.join(' '))
  }
})

test('an output file: new ones for the owner alone, old ones with their mode, links stay links', async () => {
  const path = join(folder, 'out.json')
  await kubeseal(['--cert', 'cert.pem', '-w', 'out.json'], { stdin: secret })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  chmodSync(path, 0o664)
  symlinkSync('out.json', join(folder, 'link.json'))
  await kubeseal(['--cert', 'cert.pem', '-w', 'link.json'], { stdin: secret })
  assert.ok(lstatSync(join(folder, 'link.json')).isSymbolicLink())
  assert.equal(statSync(path).mode & 0o777, 0o664)
  await assertSealed(readFileSync(path, 'utf8'))
})

test('an output that is no file is written to, also where nothing can be put beside it', async () => {
  const { code, stderr } = await kubeseal(['--cert', 'cert.pem', '-w', '/dev/null'], { stdin: secret })
  assert.deepEqual([code, stderr], [0, ''])
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('a failure leaves the output file alone and no other file behind', async () => {
  writeFileSync(join(folder, 'kept.json'), 'kept')
  const before = readdirSync(folder)
  const { code } = await kubeseal(['--cert', 'cert.pem', '-w', 'kept.json'], { stdin: `${secret}{"data":{"a":""}}` })
  assert.equal(code, 1)
  assert.equal(readFileSync(join(folder, 'kept.json'), 'utf8'), 'kept')
  assert.deepEqual(readdirSync(folder), before)
  const missing = await kubeseal(['--cert', 'cert.pem', '-w', 'no/such/folder.json'], { stdin: secret })
  assert.equal(missing.stderr, 'error: open no/such/folder.json: no such file or directory\n')
})

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a certificate by URL', async (t) => {
  const url = await serve(t, (request, response) => {
    const path = request.url ?? ''
    if (path === '/private') {
      const known = request.headers.authorization === `Basic ${btoa('me:p w')}`
      response.writeHead(known ? 200 : 401).end(key.certificatePem)
      return
    }
    if (path === '/cert.pem?x=1') response.end(key.certificatePem)
    else if (path === '/moved') response.writeHead(302, { location: '/cert.pem?x=1' }).end()
    else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end()
    else response.writeHead(path === '/empty' ? 204 : 404).end()
  })
  for (const source of [
    `${url}/cert.pem?x=1`,
    `${url}/moved`,
    `file://${folder}/cert.pem`,
    `file:${folder}/cert.pem`,
  ]) {
    const { stdout, stderr } = await kubeseal(['--cert', source], { stdin: secret })
    assert.equal(stderr, '')
    await assertSealed(stdout)
  }
  const refused: readonly (readonly [string, string])[] = [
    [`${url}/nope`, `cannot fetch "${url}/nope": 404 Not Found`],
    [`${url}/empty`, `cannot fetch "${url}/empty": 204 No Content`],
    [`${url}/loop`, `Get "/loop": stopped after 10 redirects`],
    ['file:///no/such/file', 'cannot fetch "file:///no/such/file": 404 Not Found'],
    ['ftp://x/y', 'Get "ftp://x/y": unsupported protocol scheme "ftp"'],
    ['http://127.0.0.1:1/x', 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'],
  ]
  for (const [source, error] of refused) {
    const { code, stdout, stderr } = await kubeseal(['--cert', source], { stdin: secret })
    assert.deepEqual({ code, stdout, stderr }, { code: 1, stdout: '', stderr: `error: ${error}\n` })
  }
})

test('a certificate through a proxy of the environment, which loopback addresses bypass', async (t) => {
  const asked: string[] = []
  const proxy = await serve(t, (request, response) => {
    asked.push(request.url ?? '')
    response.end(key.certificatePem)
  })
  for (const name of ['http_proxy', 'HTTP_PROXY']) {
    const { stdout } = await kubeseal(['--cert', 'http://sealed.example/cert.pem'], {
      stdin: secret,
      env: { [name]: proxy },
    })
    await assertSealed(stdout)
  }
  assert.deepEqual(asked, ['http://sealed.example/cert.pem', 'http://sealed.example/cert.pem'])
  const direct = await kubeseal(['--cert', 'http://127.0.0.1:1/x'], { stdin: secret, env: { HTTP_PROXY: proxy } })
  assert.equal(direct.code, 1)
})
