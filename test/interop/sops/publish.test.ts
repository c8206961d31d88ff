import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { startMoto } from '../../servers/moto.ts'
import { startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { fixtures, textOf } from './fixtures.ts'
import { type Case, masked, type Outcome, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available(
  { skip: (reason) => skipped.push(reason ?? '') },
  'sops',
  'age-keygen',
  'moto_server',
  'bao',
)

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const [moto, bao] = await Promise.all([startMoto(), startOpenBao()])
  after(() => Promise.all([moto.stop(), bao.stop()]))
  await fetch(`${moto.url}/bucket`, { method: 'PUT' })
  await bao.request('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } })
  const { files, recipients } = fixtures(programs)
  const [first = '', second = ''] = recipients
  const aws = {
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: moto.url,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const vault = { VAULT_ADDR: bao.url, VAULT_TOKEN: bao.token }
  const config = (...rules: readonly string[]): Readonly<Record<string, string>> => ({
    '.sops.yaml': `destination_rules:\n${rules.map((rule) => `  - {${rule}}\n`).join('')}`,
  })
  const s3 = config('s3_bucket: bucket, s3_prefix: p/')

  /** What is in the bucket, by path, ciphertexts masked; it is empty afterwards. */
  async function takeObjects(): Promise<Record<string, string>> {
    return Object.fromEntries(Object.entries(await takeRaw()).map(([path, text]) => [path, masked(text)]))
  }

  async function takeRaw(): Promise<Record<string, string>> {
    const list = await (await object('GET', '')).text()
    const found: Record<string, string> = {}
    for (const [, path = ''] of list.matchAll(/<Key>([^<]*)<\/Key>/g)) {
      found[path] = await (await object('GET', path)).text()
      await object('DELETE', path)
    }
    return found
  }

  /** What is in Vault at the places that a case may write to; they are empty afterwards. */
  async function takeSecrets(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {}
    for (const path of secrets) {
      const value = dataOf(await bao.request('GET', path).catch(() => null))
      if (value !== undefined) found[path] = value
      await bao.request('DELETE', path.replace('secret/data/', 'secret/metadata/'))
    }
    return found
  }

  function object(method: string, path: string): Promise<Response> {
    const scope = 'Credential=a/20240101/us-east-1/s3/aws4_request'
    const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=x`
    return fetch(`${moto.url}/bucket/${path}`, { method, headers: { authorization } })
  }

  const lines: Readonly<Record<string, Case>> = {
    'a file as it is to S3': { args: ['publish', '-y', 'enc.yaml'], env: aws, files: s3 },
    'answered yes': { args: ['publish', 'enc.json'], env: aws, files: s3, stdin: 'x\ny\n' },
    'answered no': { args: ['publish', 'enc.json'], env: aws, files: s3, stdin: 'n\n' },
    'answered by an empty line': { args: ['publish', 'enc.json'], env: aws, files: s3, stdin: '\n' },
    'not answered': { args: ['publish', 'enc.json'], env: aws, files: s3 },
    'without its extension': { args: ['publish', '-y', '--omit-extensions', 'enc.json'], env: aws, files: s3 },
    'without its extension, by the rule': {
      args: ['publish', '-y', 'enc.json'],
      env: aws,
      files: config('s3_bucket: bucket, omit_extensions: true'),
    },
    'encrypted anew for other keys': {
      args: ['publish', '-y', 'two.enc.yaml'],
      env: aws,
      files: config(`s3_bucket: bucket, recreation_rule: {age: ${second}}`),
    },
    'encrypted anew for the same keys, with a suffix': {
      args: ['publish', '-y', 'enc.yaml'],
      env: aws,
      files: config(`s3_bucket: bucket, recreation_rule: {age: ${first}, encrypted_suffix: r}`),
    },
    'encrypted anew for two groups': {
      args: ['publish', '-y', 'enc.env'],
      env: aws,
      files: config(
        `s3_bucket: bucket, recreation_rule: {shamir_threshold: 2, encrypted_regex: x, key_groups: [{age: [${first}]}, {age: [${second}]}]}`,
      ),
    },
    'a recreation rule with two selections': {
      args: ['publish', '-y', 'enc.yaml'],
      env: aws,
      files: config(`s3_bucket: bucket, recreation_rule: {age: ${first}, encrypted_suffix: r, encrypted_regex: x}`),
    },
    'encrypted anew by nobody who can read it': {
      args: ['publish', '-y', 'other.enc.yaml'],
      env: aws,
      files: config(`s3_bucket: bucket, recreation_rule: {age: ${first}}`),
    },
    'sent as it is by nobody who can read it': { args: ['publish', '-y', 'other.enc.yaml'], env: aws, files: s3 },
    'a bucket that is not there': {
      args: ['publish', '-y', 'enc.yaml'],
      env: aws,
      files: config('s3_bucket: no-such-bucket'),
    },
    'no region': { args: ['publish', '-y', 'enc.yaml'], env: { ...aws, AWS_REGION: '' }, files: s3 },
    'a folder': { args: ['publish', '-y', '--recursive', 'd'], env: aws, files: { ...s3, ...folder() } },
    'a folder, by its path': {
      args: ['publish', '-y', '--recursive', '--omit-extensions', './d/'],
      env: aws,
      files: { ...s3, ...folder() },
    },
    'a folder, answered': {
      args: ['publish', '--recursive', 'd'],
      env: aws,
      files: { ...s3, ...folder() },
      stdin: 'n\ny\n',
    },
    'a folder without --recursive': { args: ['publish', '-y', 'd'], env: aws, files: { ...s3, ...folder() } },
    'a file with --recursive': {
      args: ['publish', '-y', '--recursive', 'enc.yaml'],
      env: aws,
      files: config('s3_bucket: bucket, s3_prefix: p'),
    },
    'a folder with a plain file': {
      args: ['publish', '-y', '--recursive', 'd'],
      env: aws,
      files: { ...s3, 'd/a.yaml': 'a: 1\n' },
    },
    'a plain file': { args: ['publish', '-y', 'plain.yaml'], env: aws, files: s3 },
    'a file that is not there': { args: ['publish', '-y', 'nope.yaml'], env: aws, files: s3 },
    'no file': { args: ['publish'], env: aws, files: s3 },
    'two files': { args: ['publish', '-y', 'enc.yaml', 'enc.json'], env: aws, files: s3 },
    'no configuration': { args: ['publish', '-y', 'enc.yaml'], env: aws },
    'no destination rules': { args: ['publish', '-y', 'enc.yaml'], files: { '.sops.yaml': 'creation_rules: []\n' } },
    'no rule for the file': { args: ['publish', '-y', 'enc.yaml'], files: config('path_regex: x$, s3_bucket: b') },
    'a rule without a destination': { args: ['publish', '-y', 'enc.yaml'], files: config('path_regex: yaml$') },
    'a rule with two destinations': {
      args: ['publish', '-y', 'enc.yaml'],
      files: config('s3_bucket: b, gcs_bucket: c'),
    },
    'a path_regex that is none': {
      args: ['publish', '-y', 'enc.yaml'],
      files: config('path_regex: "(", s3_bucket: b'),
    },
    'the first rule that matches': {
      args: ['publish', '-y', 'enc.yaml'],
      env: aws,
      files: config('path_regex: json$, s3_bucket: no', 'path_regex: ^enc, s3_bucket: bucket, s3_prefix: second/'),
    },
    'values to Vault': {
      args: ['publish', '-y', 'enc.json'],
      env: vault,
      files: config('vault_path: team/app'),
    },
    'yaml values to Vault': { args: ['publish', '-y', 'enc.yaml'], env: vault, files: config('vault_path: y/') },
    'values of two documents to Vault': {
      args: ['publish', '-y', 'two.enc.yaml'],
      env: vault,
      files: config('vault_path: two'),
    },
    'dotenv values to Vault': {
      args: ['publish', '-y', '--omit-extensions', 'enc.env'],
      env: vault,
      files: config('vault_path: env'),
    },
    'values to version 1': {
      args: ['publish', 'enc.json'],
      stdin: 'y\n',
      env: { VAULT_TOKEN: bao.token },
      files: config(`vault_path: a/b, vault_address: "${bao.url}", vault_kv_mount_name: old, vault_kv_version: 1`),
    },
    'a mount that is not there': {
      args: ['publish', '-y', 'enc.json'],
      env: vault,
      files: config('vault_path: a, vault_kv_mount_name: nope'),
    },
    'a wrong token': {
      args: ['publish', '-y', 'enc.json'],
      env: { ...vault, VAULT_TOKEN: 'wrong' },
      files: config('vault_path: a'),
    },
    'a changed value is not sent to Vault': {
      args: ['publish', '-y', 'enc.yaml'],
      env: vault,
      files: { ...config('vault_path: bad'), 'enc.yaml': textOf(files, 'enc.yaml').replace('visible', 'changed') },
    },
    'no server at the address': {
      args: ['publish', '-y', 'enc.env'],
      env: { ...vault, VAULT_MAX_RETRIES: '0' },
      files: config('vault_path: a, vault_address: "http://127.0.0.1:9"'),
    },
    'where it would go in Vault': {
      args: ['publish', 'enc.env'],
      env: vault,
      files: config('vault_path: a'),
      stdin: 'n\n',
    },
    'where it would go in GCS': {
      args: ['publish', 'enc.env'],
      files: config('gcs_bucket: b, gcs_prefix: p/'),
      stdin: 'n\n',
    },
  }

  function folder(): Readonly<Record<string, string>> {
    return { 'd/b.yaml': textOf(files, 'enc.yaml'), 'd/a/c.json': textOf(files, 'enc.json') }
  }

  const secrets = [
    ...['team/app/enc.json', 'y/enc.yaml', 'two/two.enc.yaml', 'env/enc', 'a/enc.json', 'bad/enc.yaml'].map(
      (path) => `secret/data/${path}`,
    ),
    'old/a/b/enc.json',
  ]

  async function published(line: Case, path?: string): Promise<{ outcome: Outcome; sent: Record<string, unknown> }> {
    const outcome = await runCase(line, files, path)
    const sent = line.env?.['VAULT_TOKEN'] === undefined ? await takeObjects() : await takeSecrets()
    return { outcome: { ...outcome, stderr: withoutIds(outcome.stderr) }, sent }
  }

  describe('publish does what the real one does', () => {
    for (const [name, line] of Object.entries(lines)) {
      test(`publish: ${name}`, async () => {
        const theirs = await published(line, programs.sops)
        assert.deepEqual(await published(line), theirs)
        const canceled = theirs.outcome.stdout.endsWith('canceled\n')
        assert.equal(Object.keys(theirs.sent).length > 0, theirs.outcome.code === 0 && !canceled)
      })
    }

    test('publish: values that are in Vault already make no new version, unless there are numbers among them', async () => {
      const versions = async (file: string, name: string): Promise<unknown> => {
        const line = { args: ['publish', '-y', file], env: vault, files: config(`vault_path: ${name}`) }
        for (const path of [programs.sops, undefined, programs.sops])
          assert.equal((await runCase(line, files, path)).code, 0)
        const { data } = (await bao.request('GET', `secret/metadata/${name}/${file}`)) as {
          data: { current_version: number }
        }
        return data.current_version
      }
      assert.equal(await versions('enc.env', 'texts'), 1)
      assert.equal(await versions('enc.json', 'numbers'), 3)
      const again = await runCase(
        { args: ['publish', '-y', '--verbose', 'enc.env'], env: vault, files: config('vault_path: texts') },
        files,
      )
      assert.equal(
        again.stderr,
        '[PUBLISH]\t time=TIME level=info msg="Secret in secret/data/texts/enc.env is already up-to-date.\\n"\n',
      )
    })

    test('publish: what is sent to S3 for other keys is read by the real sops', async () => {
      const line = {
        args: ['publish', '-y', 'two.enc.yaml'],
        env: aws,
        files: config(`s3_bucket: bucket, s3_prefix: read/, recreation_rule: {age: ${second}}`),
      }
      assert.equal((await runCase(line, files)).code, 0)
      const sent = await (await object('GET', 'read/two.enc.yaml')).text()
      const read = await runCase({ args: ['decrypt', 'sent.yaml'], files: { 'sent.yaml': sent } }, files, programs.sops)
      assert.deepEqual([read.stderr, read.code, read.stdout], ['', 0, 'a: 1\n---\n# c\nb: 2\n'])
    })

    test('publish: a recreation whose result sops could not read is refused', async () => {
      const line = {
        args: ['publish', '-y', 'enc.yaml'],
        env: aws,
        files: config(`s3_bucket: bucket, recreation_rule: {age: ${second}}`),
      }
      assert.equal((await runCase(line, files, programs.sops)).code, 0)
      const { 'enc.yaml': sent = '' } = await takeRaw()
      const read = await runCase({ args: ['decrypt', 'sent.yaml'], files: { 'sent.yaml': sent } }, files, programs.sops)
      assert.equal(read.code, 51)
      const ours = await runCase(line, files)
      assert.equal(ours.code, 23)
      assert.match(ours.stderr, /^keys of the file end in _unencrypted, .*unencrypted_suffix/)
      assert.deepEqual(await takeRaw(), {})
    })
  })

  describe('publish to Google Cloud Storage', () => {
    const requests: { method: string; path: string; body: string }[] = []
    let status = 200
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { pathname, searchParams } = new URL(`http://x${request.url}`)
        const body = Buffer.concat(chunks).toString()
        requests.push({
          method: request.method ?? '',
          path: `${pathname} ${searchParams.get('name')}`,
          // Google's client sends the metadata beside the content.
          body: searchParams.get('uploadType') === 'multipart' ? partOf(body) : body,
        })
        response.writeHead(status, { 'content-type': 'application/json' }).end('{"name":"x"}')
      })
    })
    after(() => server.close())

    test('publish: a file to GCS is the request that the real one makes', async () => {
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
      const { port } = server.address() as AddressInfo
      const line = {
        args: ['publish', '-y', 'enc.yaml'],
        env: { STORAGE_EMULATOR_HOST: `127.0.0.1:${port}` },
        files: config('gcs_bucket: b, gcs_prefix: a b/'),
      }
      assert.deepEqual(await runCase(line, files), await runCase(line, files, programs.sops))
      assert.equal(requests.length, 2)
      assert.deepEqual(requests[0], requests[1])
      assert.equal(requests[0]?.body, textOf(files, 'enc.yaml'))
    })

    test('publish: a refusal of GCS is an error, where the real one says nothing', async () => {
      status = 403
      const { port } = server.address() as AddressInfo
      const line = {
        args: ['publish', '-y', 'enc.yaml'],
        env: { STORAGE_EMULATOR_HOST: `http://127.0.0.1:${port}/` },
        files: config('gcs_bucket: b'),
      }
      assert.equal((await runCase(line, files, programs.sops)).code, 0)
      const ours = await runCase(line, files)
      assert.deepEqual([ours.code, ours.stderr], [1, 'googleapi: Error 403: the file was not stored in gcs://b\n'])
    })
  })
}

function partOf(multipart: string): string {
  return multipart.split(/\r\n\r\n/)[2]?.replace(/\r\n--[0-9a-f]+--\r\n$/, '') ?? ''
}

function withoutIds(text: string): string {
  return text.replace(/RequestID: [^,]*, HostID: [^,]*/, 'RequestID, HostID')
}

function dataOf(value: unknown): unknown {
  const { data } = (value ?? {}) as { data?: { data?: unknown } }
  return data?.data ?? data
}
