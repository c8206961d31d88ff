import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import {
  type GeneratedKey,
  generateSealingKey,
  label,
  parseCertificate,
  sealItem,
  sealSecret,
} from '@sealkit/core/sealed'
import { marshalYaml } from '@sealkit/core/yaml'
import { folder, put, run } from './programs.ts'

const prefix = 'sealedsecrets.bitnami.com'

interface Kind {
  /** Fields of the Secret that is sealed. */
  readonly secret?: object
  /** What is changed of the SealedSecret. */
  readonly change?: (sealed: Manifest) => Manifest
  /** What must be in the Secret that is written; null = there is none, and the status says why. */
  readonly expected: object | RegExp
}

const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', controller: true }

function withTemplate(sealed: Manifest, data: object): Manifest {
  const spec = sealed['spec'] as { template: object }
  return { ...sealed, spec: { ...spec, template: { ...spec.template, data } } } as Manifest
}

const renamed = (sealed: Manifest): Manifest => ({ ...sealed, metadata: { ...sealed.metadata, name: 'cluster-wide' } })

const kinds: Readonly<Record<string, Kind>> = {
  strict: { expected: { type: 'Opaque', owners: [{ ...owner, name: 'strict' }] } },
  'cluster-wide': {
    secret: { metadata: { name: 'x', namespace: 'y', annotations: { [`${prefix}/cluster-wide`]: 'true' } } },
    change: (sealed) => renamed({ ...sealed, metadata: { ...sealed.metadata, namespace: 'shop' } }),
    expected: { annotations: { [`${prefix}/cluster-wide`]: 'true' } },
  },
  typed: { secret: { type: 'example.org/t' }, expected: { type: 'example.org/t' } },
  dressed: {
    secret: { metadata: { labels: { app: 'x' }, annotations: { note: 'n' } } },
    expected: { labels: { app: 'x' }, annotations: { note: 'n' } },
  },
  immutable: { secret: { immutable: true }, expected: { immutable: true } },
  templated: {
    change: (sealed) => withTemplate(sealed, { url: 'db://{{ .key }}@host', sum: '{{ sha256sum .key | trunc 8 }}' }),
    expected: { data: { key: 'from-templated', url: 'db://from-templated@host', sum: /^[0-9a-f]{8}$/ } },
  },
  ownerless: {
    secret: { metadata: { annotations: { [`${prefix}/skip-set-owner-references`]: 'true' } } },
    expected: { owners: undefined },
  },
  'of-another': {
    change: (sealed) => ({ ...sealed, metadata: { ...sealed.metadata, namespace: 'shop', name: 'of-another' } }),
    secret: { metadata: { name: 'original' } },
    expected: /^no key could decrypt secret \(key\)$/,
  },
  failing: { change: (sealed) => withTemplate(sealed, { bad: '{{ fail .key }}' }), expected: /\(bad\)$/ },
  broken: {
    change: (sealed) => ({ ...sealed, spec: { encryptedData: { key: '###' } } }),
    expected: /base64|illegal/,
  },
}

async function sealed(pair: GeneratedKey, name: string, { secret = {}, change }: Kind): Promise<Manifest> {
  const { metadata, ...fields } = secret as { metadata?: object }
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    stringData: { key: `from-${name}` },
    ...fields,
    metadata: { name, namespace: 'shop', ...metadata },
  }
  const object = await sealSecret(manifest, { publicKey: parseCertificate(pair.certificatePem).publicKey })
  return change?.(object) ?? object
}

/** A Secret with the whole of itself sealed, as before 0.7. */
async function legacy(pair: GeneratedKey): Promise<Manifest> {
  const { publicKey } = parseCertificate(pair.certificatePem)
  const plaintext = Buffer.from(JSON.stringify({ metadata: { name: 'legacy' }, data: { key: 'bGVnYWN5' } }))
  const data = encodeBase64(await sealItem({ publicKey, label: label('strict', 'shop', 'legacy'), plaintext }))
  const metadata = { name: 'legacy', namespace: 'shop' }
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata, spec: { data, encryptedData: {} } }
}

async function prepared(t: TestContext): Promise<{ cwd: string; pair: GeneratedKey }> {
  const pair = await generateSealingKey({ keySize: 2048, notBefore: new Date() })
  const cwd = folder(t, {
    'keys/sealing-key.yaml': marshalYaml({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: 'key', namespace: 'kube-system', labels: { [`${prefix}/sealed-secrets-key`]: 'active' } },
      stringData: { 'tls.key': pair.privateKeyPem, 'tls.crt': pair.certificatePem },
    }),
  })
  for (const [name, kind] of Object.entries(kinds))
    put(cwd, `in/${name}.yaml`, marshalYaml(await sealed(pair, name, kind)))
  put(cwd, 'in/legacy.json', JSON.stringify(await legacy(pair)))
  return { cwd, pair }
}

function written(cwd: string, name: string) {
  const { metadata, type, immutable, data } = JSON.parse(readFileSync(join(cwd, `out/shop/${name}.json`), 'utf8')) as {
    metadata: { labels?: object; annotations?: object; ownerReferences?: { uid: string }[] }
    type: string
    immutable?: boolean
    data: Record<string, string>
  }
  const { labels, annotations, ownerReferences } = metadata
  const owners = ownerReferences?.map(({ uid: _, ...reference }) => reference)
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const)
  return { labels, annotations, owners, type, immutable, data: Object.fromEntries(texts) }
}

/** Every text below a folder. */
function texts(path: string): string {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).map((file) => join(path, file))
  return files.map((file) => (statSync(file).isFile() ? readFileSync(file, 'utf8') : '')).join('\n')
}

test('SealedSecrets of every kind become in a folder what they become in a cluster', async (t) => {
  const { cwd } = await prepared(t)
  const { code, stderr } = run('controller', ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once'], {
    cwd,
  })
  assert.equal(code, 1, stderr)
  const state = texts(join(cwd, 'state'))
  for (const [name, { expected }] of Object.entries(kinds)) {
    if (expected instanceof RegExp) {
      assert.ok(!existsSync(join(cwd, `out/shop/${name}.json`)), name)
      const messages = [...state.matchAll(/"message":\s*"((?:[^"\\]|\\.)*)"/g)].map(([, message = '']) => message)
      assert.ok(
        messages.some((message) => expected.test(message)),
        `${name}: ${messages.join('\n')}`,
      )
      continue
    }
    const got: Record<string, unknown> = written(cwd, name)
    for (const [field, value] of Object.entries(expected)) {
      if (field !== 'data') assert.deepEqual(got[field], value, `${name}: ${field}`)
    }
    const { data = { key: `from-${name}` } } = expected as { data?: Record<string, string | RegExp> }
    const have = got['data'] as Record<string, string>
    assert.deepEqual(Object.keys(have).sort(), Object.keys(data).sort())
    for (const [key, value] of Object.entries(data)) {
      if (value instanceof RegExp) assert.match(have[key] ?? '', value)
      else assert.equal(have[key], value)
    }
  }
  assert.deepEqual(written(cwd, 'legacy').data, { key: 'legacy' })
  for (const place of [stderr, state]) assert.doesNotMatch(place, /from-|ZnJvbS|PRIVATE KEY/)
})

test('a key that arrives opens what none opened before, and a changed SealedSecret changes its Secret', async (t) => {
  const { cwd, pair } = await prepared(t)
  for (const name of ['of-another', 'failing', 'broken']) rmSync(join(cwd, `in/${name}.yaml`))
  const key = readFileSync(join(cwd, 'keys/sealing-key.yaml'), 'utf8')
  rmSync(join(cwd, 'keys/sealing-key.yaml'))
  const once = ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once']
  assert.equal(run('controller', once, { cwd }).code, 1)
  assert.ok(!existsSync(join(cwd, 'out/shop/strict.json')))
  put(cwd, 'keys/sealing-key.yaml', key)
  assert.equal(run('controller', once, { cwd }).code, 0)
  assert.deepEqual(written(cwd, 'strict').data, { key: 'from-strict' })
  const changed = await sealed(pair, 'strict', { secret: { stringData: { key: 'new' } }, expected: {} })
  put(cwd, 'in/strict.yaml', marshalYaml(changed))
  assert.equal(run('controller', once, { cwd }).code, 0)
  assert.deepEqual(written(cwd, 'strict').data, { key: 'new' })
})
