import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dispatch, type Io } from '@sealkit/cli'

let folder = ''
let address = ''
const tokens: (string | undefined)[] = []

const server = createServer((request, response) => {
  tokens.push(request.headers['x-vault-token']?.toString())
  if (request.url === '/v1/secret/data/db') {
    response.end(JSON.stringify({ data: { data: { password: 'p\n', binary: 'AAE=' } } }))
  } else response.writeHead(404).end('{"errors":[]}')
})

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resolve-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await writeFile(join(folder, '.vault-token'), 'saved\n')
  await writeFile(join(folder, 'manifests.yaml'), manifests)
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

const manifests = `
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: values }
spec: { provider: { fake: { data: [{ key: db, value: '{"user":"u","raw":"AP8="}' }] } } }
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db }
spec:
  secretStoreRef: { name: values }
  target: { template: { data: { dsn: 'pg://{{ .user }}' }, mergePolicy: Merge } }
  dataFrom: [{ extract: { key: db } }]
  data: [{ secretKey: bytes, remoteRef: { key: db, property: raw, decodingStrategy: Base64 } }]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db, namespace: other }
spec: { secretStoreRef: { name: nope }, dataFrom: [{ extract: { key: db } }] }
`

interface Outcome {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

async function resolve(argv: readonly string[], env: Io['env'] = {}): Promise<Outcome> {
  const stdout: Buffer[] = []
  let stderr = ''
  const code = await dispatch('sealkit', ['resolve', ...argv], (program, args) => ({
    program,
    argv: args,
    env: { VAULT_ADDR: address, VAULT_TOKEN: 't', ...env },
    cwd: folder,
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout: { write: (chunk) => stdout.push(Buffer.from(chunk)) > 0 },
    stderr: {
      write(chunk): boolean {
        stderr += chunk
        return true
      },
    },
    now: () => new Date(0),
  }))
  return { code, stdout: Buffer.concat(stdout), stderr }
}

const one = ['-f', 'manifests.yaml', '--external-secret', 'default/db', '--key']

const printed: readonly (readonly [argv: readonly string[], stdout: string | Buffer])[] = [
  [['ref+vault://secret/db#/password'], 'p\n'],
  [['<path:secret/data/db#binary|base64decode>'], Buffer.from([0, 1])],
  [[...one, 'user'], 'u'],
  [[...one, 'dsn'], 'pg://u'],
  [[...one, 'bytes'], Buffer.from([0, 255])],
]

for (const [argv, stdout] of printed) {
  test(`resolve ${argv.join(' ')}`, async () => {
    const outcome = await resolve(argv)
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
    assert.deepEqual(outcome.stdout, Buffer.from(stdout))
  })
}

test('the token that a login left is used when the environment has none', async () => {
  tokens.length = 0
  const env = { VAULT_TOKEN: undefined, HOME: folder }
  assert.equal((await resolve(['ref+vault://secret/db#/password'], env)).code, 0)
  assert.deepEqual(tokens, ['saved'])
})

const failed: readonly (readonly [argv: readonly string[], code: number, stderr: RegExp, env?: Io['env']])[] = [
  [[], 2, /give one reference/],
  [['a', 'b'], 2, /give one reference/],
  [['ref+vault://a#/b', '-f', 'manifests.yaml'], 2, /give one reference/],
  [['-f', 'manifests.yaml'], 2, /which key\?/],
  [['-f', 'manifests.yaml', '--key', 'user'], 2, /which ExternalSecret\?\nhint: .*default\/db, other\/db/],
  [['-f', 'manifests.yaml', '--external-secret', 'x', '--key', 'user'], 2, /no such ExternalSecret/],
  [['-f', 'manifests.yaml', '--external-secret', 'other/db', '--key', 'user'], 1, /could not get SecretStore "nope"/],
  [[...one, 'nope'], 1, /no key "nope"\nhint: its keys are: user, raw, bytes, dsn/],
  [['hunter2'], 1, /this is no reference\nhint: write ref\+vault/],
  [['ref+vault://secret/none#/a'], 1, /there is no secret "secret\/none"/],
  [['ref+vault://secret/db#/nope'], 1, /cannot find secret data for key: "nope"/],
  [
    ['ref+vault://secret/db#/password'],
    1,
    /there are no credentials for Vault\nhint: set VAULT_TOKEN/,
    { VAULT_TOKEN: '' },
  ],
  [['ref+vault://secret/db#/password'], 1, /names no server\nhint: set VAULT_ADDR/, { VAULT_ADDR: undefined }],
  [['ref+exec://id'], 1, /references to exec are not supported\nhint: /],
]

for (const [argv, code, stderr, env = {}] of failed) {
  test(`resolve ${argv.join(' ')} fails with ${code}`, async () => {
    const outcome = await resolve(argv, env)
    assert.equal(outcome.code, code, outcome.stderr)
    assert.equal(outcome.stdout.length, 0)
    assert.match(outcome.stderr, stderr)
    assert.match(outcome.stderr, /^sealkit: error: /)
    assert.doesNotMatch(outcome.stderr, /hunter2/)
  })
}
