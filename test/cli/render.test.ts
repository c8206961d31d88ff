import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { type Ended, folder, put, run, runtimes } from '../acceptance/programs.ts'
import { startOpenBao } from '../servers/openbao.ts'
import { available } from '../servers/programs.ts'

const plain = (name: string, value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: shop\nstringData:\n  key: ${value}\n`

const external = (store: string, key = 'entry', property = ''): string => `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: external, namespace: shop }
spec:
  secretStoreRef: { name: ${store} }
  data: [{ secretKey: key, remoteRef: { key: ${key}${property === '' ? '' : `, property: ${property}`} } }]
`
const fake = `---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: fake, namespace: shop }
spec: { provider: { fake: { data: [{ key: entry, value: from-the-store }, { key: reference, value: 'ref+echo://x' }] } } }
`
const vault = (server: string): string => `apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: vault, namespace: shop }
spec:
  provider:
    vault: { server: '${server}', path: secret, version: v2, auth: { tokenSecretRef: { name: token, key: key } } }
`

function prepared(t: TestContext): string {
  const cwd = folder(t, { 'in/external.yaml': `${external('fake')}${fake}` })
  for (const args of [
    ['keys', 'generate', '--key-size', '2048', '--out-cert', 'cert.pem', '-w', 'key.yaml'],
    ['keys', 'generate', '--age', '--out-key', 'age.txt'],
  ]) {
    assert.equal(run('sealkit', args, { cwd }).code, 0)
  }
  seal(cwd, 'in/sealed.yaml', plain('sealed', 'from-sealed'))
  const recipient = /age1\w+/.exec(readFileSync(join(cwd, 'age.txt'), 'utf8'))?.[0] ?? ''
  put(cwd, '.sops.yaml', `creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: ${recipient}\n`)
  put(cwd, 'in/encrypted.yaml', `${plain('first', 'one')}---\n${plain('second', 'two')}`)
  assert.equal(run('sealkit', ['encrypt', '--in-place', 'in/encrypted.yaml'], { cwd }).code, 0)
  return cwd
}

function seal(cwd: string, file: string, secret: string): void {
  const { code, stdout, stderr } = run('sealkit', ['seal', '--cert', 'cert.pem', '-o', 'yaml'], { cwd, input: secret })
  assert.equal(code, 0, stderr)
  put(cwd, file, stdout)
}

/** Renders with the executable and with the bundle on Node, which must answer alike. */
function render(cwd: string, args: readonly string[], input = '', only?: 'executable'): Ended {
  const env = { SOPS_AGE_KEY_FILE: join(cwd, 'age.txt') }
  // What is sealed differs each time.
  if (only !== undefined) return run('sealkit', ['render', ...args], { cwd, input, env, on: only })
  const [executable, node] = runtimes.map((on) => run('sealkit', ['render', ...args], { cwd, input, env, on }))
  assert.ok(executable !== undefined)
  assert.deepEqual(node, executable)
  return executable
}

function values(stdout: string): Record<string, string> {
  const secrets = stdout.split(/^---\n/m).filter((text) => text !== '')
  return Object.fromEntries(
    secrets.map((text) => {
      const { metadata, data } = parseYaml(text) as { metadata: { name: string }; data: { key: string } }
      return [metadata.name, Buffer.from(data.key, 'base64').toString()]
    }),
  )
}

const all = { external: 'from-the-store', first: 'one', second: 'two', sealed: 'from-sealed' }

test('prints the Secrets of all three kinds, in the order of the files', (t) => {
  const cwd = prepared(t)
  const { code, stdout, stderr } = render(cwd, ['--key', 'key.yaml', 'in'])
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  assert.deepEqual(
    Object.entries(values(stdout)),
    Object.entries({ first: 'one', second: 'two', external: 'from-the-store', sealed: 'from-sealed' }),
  )
  assert.doesNotMatch(stdout, /ownerReferences/)
})

test('reads standard input, writes JSON, and gives a namespace to manifests without one', (t) => {
  const cwd = prepared(t)
  const input = `${external('fake')}${fake}`.replaceAll(', namespace: shop', '')
  const { code, stdout, stderr } = render(cwd, ['-n', 'other', '-o', 'json', '-'], input)
  assert.equal(code, 0, stderr)
  assert.equal(JSON.parse(stdout).metadata.namespace, 'other')
})

test('a value that looks like a reference is printed as it is', (t) => {
  const cwd = folder(t)
  const { code, stdout } = render(cwd, ['-'], `${external('fake', 'reference')}${fake}`)
  assert.equal(code, 0)
  assert.deepEqual(values(stdout), { external: 'ref+echo://x' })
})

const stream = `# the store, as it stands
${fake.replace('---\n', '')}---
${external('fake').replace('{ name: external,', "{ name: external, annotations: { config.kubernetes.io/index: '1', other: x },")}---
apiVersion: v1
kind: ConfigMap
metadata: { name: rest }
data:
  digits: 12345678901234567890 # kept
`

test('--all replaces what stands for Secrets and leaves everything else as it was', (t) => {
  const { code, stdout, stderr } = render(folder(t), ['--all', '-'], stream)
  assert.equal(code, 0, stderr)
  const [, store = '', secret = '', config = ''] = stdout.split(/^---\n/m)
  assert.match(store, /^# the store, as it stands\napiVersion: external-secrets\.io\/v1\nkind: SecretStore\n/)
  assert.deepEqual(parseYaml(secret), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'external',
      namespace: 'shop',
      annotations: { 'config.kubernetes.io/index': '1', other: 'x' },
    },
    data: { key: Buffer.from('from-the-store').toString('base64') },
  })
  assert.equal(
    config,
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rest}\ndata:\n  digits: 12345678901234567890 # kept\n',
  )
})

test('a ResourceList stays one: the contract of KRM functions', (t) => {
  const items = stream
    .split(/^---\n/m)
    .map((text) =>
      text
        .replace(/^#.*\n/, '')
        .replace(/^/gm, '  ')
        .replace(/^ {2}/, '- ')
        .trimEnd(),
    )
    .join('\n')
  const list = `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: { kind: Config }\nitems:\n${items}\n`
  const { code, stdout, stderr } = render(folder(t), [], list)
  assert.equal(code, 0, stderr)
  const made = parseYaml(stdout) as { kind: string; functionConfig: unknown; items: { kind: string }[] }
  assert.equal(made.kind, 'ResourceList')
  assert.deepEqual(made.functionConfig, { kind: 'Config' })
  assert.deepEqual(
    made.items.map(({ kind }) => kind),
    ['SecretStore', 'Secret', 'ConfigMap'],
  )
})

test('--cert lets nothing out in plain text, plain Secrets of the input included', (t) => {
  const cwd = prepared(t)
  const args = ['--cert', 'cert.pem', '--key', 'key.yaml', '--all', 'in', '-']
  const { code, stdout, stderr } = render(cwd, args, plain('bare', 'in-the-clear'), 'executable')
  assert.equal(code, 0, stderr)
  // Shorter ones may stand in a ciphertext by chance.
  for (const value of [...Object.values(all), 'in-the-clear'].filter(({ length }) => length > 6)) {
    assert.ok(!stdout.includes(Buffer.from(value).toString('base64')), value)
    assert.ok(value === 'from-the-store' || !stdout.includes(value), value)
  }
  const unsealed = render(cwd, ['--key', 'key.yaml', '-'], stdout)
  assert.equal(unsealed.code, 0, unsealed.stderr)
  assert.deepEqual(values(unsealed.stdout), { ...all, bare: 'in-the-clear' })
})

test('--plan says what would be read, and reads nothing', (t) => {
  const cwd = folder(t)
  const two = external('vault').replace('[{', '[{ secretKey: other, remoteRef: { key: entry, property: x } }, {')
  const { code, stdout } = render(cwd, ['--plan', '-'], `${two}---\n${vault('http://127.0.0.1:9')}`)
  assert.equal(code, 0)
  assert.equal(
    stdout,
    'ExternalSecret shop/external\n  get entry from SecretStore/vault for spec.data[0], spec.data[1]\n',
  )
})

const failures: readonly {
  readonly name: string
  readonly spoil?: (cwd: string) => void
  readonly args?: readonly string[]
  readonly code?: number
  readonly stderr: RegExp
}[] = [
  {
    name: 'no sealing key',
    args: ['in'],
    stderr: /in\/sealed\.yaml: SealedSecret shop\/sealed: .*private sealing keys/,
  },
  { name: 'a file that is not there', args: ['nothing'], stderr: /nothing: no such file or directory/ },
  { name: 'a key file without a key', args: ['--key', 'cert.pem', 'in'], stderr: /cert\.pem/ },
  {
    name: 'an unknown format',
    args: ['-o', 'xml', 'in'],
    code: 2,
    stderr: /unsupported output format: xml\nhint: give json or yaml/,
  },
  { name: 'JSON of a whole stream', args: ['--all', '-o', 'json', 'in'], code: 2, stderr: /--all prints YAML/ },
  {
    name: 'a certificate that is none',
    args: ['--cert', 'key.yaml', '--key', 'key.yaml', 'in'],
    stderr: /certificate/i,
  },
  { name: 'broken YAML', spoil: (cwd) => put(cwd, 'in/broken.yaml', 'a: [unclosed'), stderr: /in\/broken\.yaml: / },
  {
    name: 'a store that is not there',
    spoil: (cwd) => put(cwd, 'in/external.yaml', external('nothing')),
    stderr: /ExternalSecret shop\/external: /,
  },
  {
    name: 'a key that the store lacks',
    spoil: (cwd) => put(cwd, 'in/external.yaml', `${external('fake', 'nothing')}${fake}`),
    stderr: /ExternalSecret shop\/external: /,
  },
  {
    name: 'a changed SOPS file',
    spoil: (cwd) =>
      put(
        cwd,
        'in/encrypted.yaml',
        readFileSync(join(cwd, 'in/encrypted.yaml'), 'utf8').replace('name: second', 'name: third'),
      ),
    stderr: /the MAC does not match/,
  },
  {
    name: 'a Vault that no policy allows',
    spoil: (cwd) => put(cwd, 'in/external.yaml', `${external('vault')}---\n${vault('http://127.0.0.1:9')}`),
    stderr: /uses vault at 127\.0\.0\.1:9, which the policy does not allow/,
  },
  {
    name: 'a policy with a field that does not exist',
    spoil: (cwd) => put(cwd, 'policy.yaml', 'rules: [{ provider: vault, host: [x] }]\n'),
    args: ['--policy', 'policy.yaml', '--key', 'key.yaml', 'in'],
    stderr: /policy\.yaml: rules\[0\] has host; a rule for vault has provider, hosts, paths, mounts, namespaces/,
  },
]

for (const { name, spoil, args = ['--key', 'key.yaml', 'in'], code = 1, stderr } of failures) {
  test(`prints no Secret at all: ${name}`, (t) => {
    const cwd = prepared(t)
    spoil?.(cwd)
    const ended = render(cwd, args)
    assert.equal(ended.code, code, ended.stderr)
    assert.equal(ended.stdout, '')
    assert.match(ended.stderr, stderr)
    for (const secret of Object.values(all)) assert.ok(!ended.stderr.includes(secret), 'a value is in the error')
  })
}

test('a store takes its token from a SealedSecret beside it, and reaches only what the policy allows', async (t) => {
  if (!(await available(t, 'bao'))) return
  const bao = await startOpenBao()
  t.after(() => bao.stop())
  for (const path of ['entry', 'other']) {
    await fetch(`${bao.url}/v1/secret/data/${path}`, {
      method: 'POST',
      headers: { 'X-Vault-Token': bao.token },
      body: JSON.stringify({ data: { password: `of-${path}` } }),
    })
  }
  const cwd = prepared(t)
  seal(cwd, 'in/token.yaml', plain('token', bao.token))
  const host = new URL(bao.url).host
  put(cwd, 'policy.yaml', `rules:\n  - { provider: vault, hosts: ['${host}'], paths: ['entry'] }\n`)
  const args = ['--policy', 'policy.yaml', '--key', 'key.yaml', 'in']

  put(cwd, 'in/external.yaml', `${external('vault', 'entry', 'password')}---\n${vault(bao.url)}`)
  const allowed = render(cwd, args)
  assert.equal(allowed.code, 0, allowed.stderr)
  assert.equal(values(allowed.stdout)['external'], 'of-entry')

  put(cwd, 'in/external.yaml', `${external('vault', 'other', 'password')}---\n${vault(bao.url)}`)
  const denied = render(cwd, args)
  assert.equal(denied.code, 1)
  assert.equal(denied.stdout, '')
  assert.match(denied.stderr, /the policy does not allow the key "other" of vault/)
})
