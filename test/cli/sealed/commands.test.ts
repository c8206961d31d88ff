import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { dispatch } from '@sealkit/cli'
import { parseYaml } from '@sealkit/core/yaml'
import { type Ran, ran, type World } from './io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealkit-'))
after(() => rmSync(folder, { recursive: true }))

const sealkit = (argv: readonly string[], world: Partial<World> = {}): Promise<Ran> =>
  ran(argv, { cwd: folder, ...world }, (io) => dispatch('sealkit', io.argv, (_, rest) => ({ ...io, argv: rest })))

const path = (name: string): string => join(folder, name)

await sealkit(['keys', 'generate', '--key-size', '1024', '--out-cert', 'cert.pem', '--out-key', 'key.pem'])
const cert = ['--cert', 'cert.pem']
const secret = `apiVersion: v1
kind: Secret
metadata:
  name: a
  namespace: b
data:
  k: eA==
`

test('keys generate: files, the key for its owner alone, and never over another', async () => {
  assert.equal(statSync(path('key.pem')).mode & 0o777, 0o600)
  const before = readFileSync(path('key.pem'), 'utf8')
  const again = await sealkit(['keys', 'generate', '--out-cert', 'other.pem', '--out-key', 'key.pem'])
  assert.equal(again.code, 1)
  assert.equal(again.stderr, 'sealkit: error: key.pem is there already\nhint: name another file, or remove it\n')
  assert.equal(readFileSync(path('key.pem'), 'utf8'), before)
})

test('keys generate: a Secret that the controller loads, and that unseals', async () => {
  const args = ['--key-size', '1024', '--name', 'k', '-n', 'sealed', '--cn', 'me', '--ttl', '1h']
  const { stdout } = await sealkit(['keys', 'generate', ...args])
  const manifest = parseYaml(stdout) as { data: Record<string, string>; metadata: object; type: string }
  assert.deepEqual(manifest.metadata, {
    name: 'k',
    namespace: 'sealed',
    labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' },
  })
  assert.equal(manifest.type, 'kubernetes.io/tls')
  writeFileSync(path('k.yaml'), stdout)
  writeFileSync(path('k.pem'), Buffer.from(manifest.data['tls.crt'] ?? '', 'base64'))
  const sealed = await sealkit(['seal', '--cert', 'k.pem'], { stdin: secret })
  assert.equal((await sealkit(['unseal', '-k', 'k.yaml'], { stdin: sealed.stdout })).code, 0)
})

test('keys generate --age', async () => {
  const { stdout } = await sealkit(['keys', 'generate', '--age'])
  assert.match(stdout, /^# created: \d{4}-.*Z\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/)
  const file = await sealkit(['keys', 'generate', '--age', '--out-key', 'age.txt'])
  assert.equal(file.stdout, '')
  assert.match(file.stderr, /^Public key: age1/)
  assert.equal(statSync(path('age.txt')).mode & 0o777, 0o600)
})

test('seal and unseal: the same Secret, in the format of the input', async () => {
  for (const [stdin, form] of [
    [secret, /^apiVersion: bitnami/],
    [JSON.stringify(parseYaml(secret)), /^\{\n {2}"kind"/],
  ] as const) {
    const sealed = await sealkit(['seal', ...cert], { stdin })
    assert.equal(sealed.stderr, '')
    assert.match(sealed.stdout, form)
    const unsealed = await sealkit(['unseal', '--key', 'key.pem'], { stdin: sealed.stdout })
    assert.deepEqual(parseYaml(unsealed.stdout), parseYaml(secret))
  }
})

test('seal: the scope that was asked for, and the namespace in every scope', async () => {
  const wide = 'annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}'
  const narrowed = await sealkit(['seal', ...cert, '--scope', 'strict'], {
    stdin: secret.replace('name: a', `name: a\n  ${wide}`),
  })
  assert.doesNotMatch(narrowed.stdout, /cluster-wide/)
  const widened = await sealkit([
    'seal',
    ...cert,
    '--scope',
    'cluster-wide',
    '-n',
    'shop',
    '--name',
    'a',
    '--from-literal',
    'a=b',
  ])
  assert.match(widened.stdout, /cluster-wide: "true"\n {2}name: a\n {2}namespace: shop\n/)
})

test('seal: documents and files in one output, which the extension gives its format', async () => {
  writeFileSync(path('two.yaml'), `${secret}---\n${secret}`)
  const { code } = await sealkit(['seal', ...cert, '-f', 'two.yaml', '-f', 'two.yaml', '-w', 'out.json'])
  assert.equal(code, 0)
  assert.equal(readFileSync(path('out.json'), 'utf8').match(/"kind": "SealedSecret"/g)?.length, 4)
  const yaml = await sealkit(['seal', ...cert, '-f', 'two.yaml'])
  assert.equal(yaml.stdout.match(/^---$/gm)?.length, 1)
})

test('seal: a Secret made of values and files', async () => {
  writeFileSync(path('pw.txt'), 'from file\n')
  const args = ['--name', 'a', '-n', 'b', '--from-literal', 'x=y=z', '--from-file', 'pw.txt', '--from-file', 'q=pw.txt']
  const sealed = await sealkit(['seal', ...cert, ...args, '--type', 'my/type'])
  const unsealed = await sealkit(['unseal', '-k', 'key.pem', '-o', 'json'], { stdin: sealed.stdout })
  const { data, type } = JSON.parse(unsealed.stdout)
  assert.equal(type, 'my/type')
  const texts = Object.entries(data as Record<string, string>).map(([key, value]) => [key, atob(value)])
  assert.deepEqual(Object.fromEntries(texts), { x: 'y=z', 'pw.txt': 'from file\n', q: 'from file\n' })
})

test('unseal: keys of a directory, certificates and other files beside them', async () => {
  mkdirSync(path('keys'))
  for (const name of ['cert.pem', 'key.pem']) writeFileSync(join(path('keys'), name), readFileSync(path(name)))
  writeFileSync(join(path('keys'), 'README'), 'nothing')
  const sealed = await sealkit(['seal', ...cert], { stdin: secret })
  const unsealed = await sealkit(['unseal', '-k', 'keys', '-w', 'plain.yaml'], { stdin: sealed.stdout })
  assert.deepEqual(unsealed, { code: 0, stdout: '', stderr: '' })
  assert.equal(statSync(path('plain.yaml')).mode & 0o777, 0o600)
})

test('reseal: only the ciphertexts change, in a tree or a stream', async () => {
  await sealkit(['keys', 'generate', '--key-size', '1024', '--out-cert', 'new.pem', '--out-key', 'new.key'])
  mkdirSync(path('tree/sub'), { recursive: true })
  const { stdout: yaml } = await sealkit(['seal', ...cert], { stdin: `${secret}---\n${secret}` })
  const { stdout: json } = await sealkit(['seal', ...cert, '-o', 'json'], { stdin: secret })
  const files: Readonly<Record<string, string>> = {
    'tree/a.yaml': `# mine\n${yaml.replaceAll('spec:', 'spec: # what')}# end\n`,
    'tree/sub/b.json': json.replaceAll('  ', '\t'),
    'tree/c.yaml': 'kind: ConfigMap\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text)
  assert.deepEqual(await sealkit(['reseal', '-w', '-k', 'key.pem', '--cert', 'new.pem', 'tree']), {
    code: 0,
    stdout: '',
    stderr: 'resealed 3 items in 2 files, 0 failed\n',
  })
  for (const [name, before] of Object.entries(files)) {
    const after = readFileSync(path(name), 'utf8')
    const blank = (text: string): string => text.replaceAll(/[A-Za-z0-9+/]{100,}=*/g, '')
    assert.equal(blank(after), blank(before), name)
    if (name.includes('c.yaml')) continue
    assert.notEqual(after, before)
    assert.equal((await sealkit(['unseal', '-k', 'new.key', '-f', name])).code, 0)
    assert.equal((await sealkit(['unseal', '-k', 'key.pem', '-f', name])).code, 1)
  }
  const stream = await sealkit(['reseal', '-k', 'key.pem', '--cert', 'new.pem'], { stdin: yaml })
  assert.equal((await sealkit(['unseal', '-k', 'new.key'], { stdin: stream.stdout })).code, 0)
  writeFileSync(path('tree/d.yaml'), yaml)
  const kept = readFileSync(path('tree/a.yaml'), 'utf8')
  const refused = await sealkit(['reseal', '-w', '-k', 'new.key', '--cert', 'cert.pem', 'tree'])
  assert.match(refused.stderr, /tree\/d\.yaml: SealedSecret b\/a: k: no key could decrypt secret\n/)
  assert.notEqual(readFileSync(path('tree/a.yaml'), 'utf8'), kept)
  assert.equal(readFileSync(path('tree/d.yaml'), 'utf8'), yaml)
})

interface Refusal {
  readonly argv: readonly string[]
  readonly stdin?: string
  readonly code: number
  readonly error: RegExp
}

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n'
const refusals: Readonly<Record<string, Refusal>> = {
  'unknown flag': { argv: ['seal', '--nope'], code: 2, error: /unknown option/ },
  'unknown scope': { argv: ['seal', ...cert, '--scope', 'wide'], stdin: secret, code: 2, error: /unknown scope: wide/ },
  'unknown format': {
    argv: ['seal', ...cert, '-o', 'xml'],
    stdin: secret,
    code: 2,
    error: /unsupported output format/,
  },
  'another kind': { argv: ['seal', ...cert], stdin: pod, code: 2, error: /holds a Pod of v1/ },
  'no input': { argv: ['seal', ...cert], stdin: '', code: 2, error: /no Secret found/ },
  'broken input': { argv: ['seal', ...cert], stdin: 'a: [', code: 1, error: /document 1 of the input cannot be read/ },
  'an unquoted name': {
    argv: ['seal', ...cert],
    stdin: secret.replace('name: a', 'name: y'),
    code: 1,
    error: /metadata\.name holds a bool.*\n.*quote/,
  },
  'an unquoted value': {
    argv: ['seal', ...cert],
    stdin: 'kind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {pin: 0123}\n',
    code: 1,
    error: /stringData holds a number where a string must be/,
  },
  'no base64': {
    argv: ['seal', ...cert],
    stdin: secret.replace('eA==', 'x'),
    code: 1,
    error: /illegal base64 data at input byte 0/,
  },
  'a bad name': { argv: ['seal', ...cert, '--name', 'A_b'], stdin: secret, code: 1, error: /"A_b" is no valid name/ },
  'a bad namespace': {
    argv: ['seal', ...cert],
    stdin: secret.replace('namespace: b', 'namespace: b.c'),
    code: 1,
    error: /"b\.c" is no valid namespace/,
  },
  'a bad key': {
    argv: ['seal', ...cert, '--name', 'a', '-n', 'b', '--from-literal', 'a b=c'],
    code: 1,
    error: /key "a b" cannot/,
  },
  'no namespace': {
    argv: ['seal', ...cert, '--name', 'a', '--from-literal', 'a=b'],
    code: 1,
    error: /declares no namespace/,
  },
  'another namespace': { argv: ['seal', ...cert, '-n', 'z'], stdin: secret, code: 2, error: /in namespace b, not z/ },
  'no name': { argv: ['seal', ...cert, '-n', 'b', '--from-literal', 'a=b'], code: 1, error: /no metadata\.name/ },
  'no data': {
    argv: ['seal', ...cert],
    stdin: 'kind: Secret\nmetadata: {name: a, namespace: b}\n',
    code: 1,
    error: /no data/,
  },
  'a literal without key': { argv: ['seal', ...cert, '--from-literal', 'hunter2'], code: 2, error: /KEY=VALUE/ },
  'a key twice': {
    argv: ['seal', ...cert, '--from-literal', 'a=b', '--from-literal', 'a=c'],
    code: 2,
    error: /key a is given twice/,
  },
  'literals and a file': {
    argv: ['seal', ...cert, '-f', 'x', '--from-literal', 'a=b'],
    code: 2,
    error: /cannot be used with/,
  },
  'a missing file': { argv: ['seal', ...cert, '-f', 'nope'], code: 1, error: /nope cannot be read/ },
  'a missing certificate': {
    argv: ['seal', '--cert', 'nope'],
    stdin: secret,
    code: 1,
    error: /certificate nope cannot be read/,
  },
  'an URL with a password': {
    argv: ['seal', '--cert', 'ftp://me:hunter2@x/y'],
    stdin: secret,
    code: 1,
    error: /Get "ftp:\/\/x\/y": unsupported protocol/,
  },
  'a certificate that is none': {
    argv: ['seal', '--cert', 'key.pem'],
    stdin: secret,
    code: 1,
    error: /no certificate found/,
  },
  'an unwritable file': {
    argv: ['seal', ...cert, '-w', 'cert.pem/such'],
    stdin: secret,
    code: 1,
    error: /the folder .* cannot be made/,
  },
  'unseal without key': { argv: ['unseal'], stdin: '', code: 1, error: /no private key was given/ },
  'unseal with a certificate': {
    argv: ['unseal', '-k', 'cert.pem'],
    stdin: '',
    code: 1,
    error: /no private key found/,
  },
  'unseal with a missing key': {
    argv: ['unseal', '-k', 'nope'],
    stdin: '',
    code: 1,
    error: /key file nope cannot be read/,
  },
  'unseal nothing': { argv: ['unseal', '-k', 'key.pem'], stdin: '', code: 2, error: /no SealedSecret found/ },
  'unseal a Secret': { argv: ['unseal', '-k', 'key.pem'], stdin: secret, code: 2, error: /holds a Secret/ },
  'unseal what was sealed for another': {
    argv: ['unseal', '-k', 'key.pem'],
    stdin: 'kind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {encryptedData: {k: AgAA}}\n',
    code: 1,
    error: /no key could decrypt secret \(k\)\n(SealedSecret b\/a: .*\n)+hint: put back the name/,
  },
  'reseal without key': { argv: ['reseal', ...cert], stdin: '', code: 1, error: /no private key was given/ },
  'reseal a tree without any': {
    argv: ['reseal', '-w', '-k', 'key.pem', ...cert, 'keys'],
    code: 2,
    error: /no SealedSecret found/,
  },
  'reseal what is not there': {
    argv: ['reseal', '-k', 'key.pem', ...cert, 'nope'],
    code: 1,
    error: /nope: no such file/,
  },
  'keys without action': { argv: ['keys'], code: 2, error: /needs an action/ },
  'keys with an unknown action': { argv: ['keys', 'constructor'], code: 2, error: /needs an action/ },
  'a key without certificate': { argv: ['keys', 'generate', '--out-key', 'x'], code: 2, error: /needs --out-cert/ },
  'a small key': { argv: ['keys', 'generate', '--key-size', '512'], code: 2, error: /no key size/ },
  'a bad validity': { argv: ['keys', 'generate', '--key-size', '1024', '--ttl', 'x'], code: 1, error: /duration/ },
}

test('what is refused: exit code, one error, and nothing on stdout', async () => {
  const files = readdirSync(folder)
  for (const [name, { argv, stdin, code, error }] of Object.entries(refusals)) {
    const done = await sealkit(argv, stdin === undefined ? {} : { stdin })
    assert.equal(done.code, code, `${name}: ${done.stderr}`)
    assert.match(done.stderr, error, name)
    assert.match(done.stderr, /^sealkit: error: [^\n]+\n/, name)
    assert.equal(done.stdout, '', name)
    assert.doesNotMatch(done.stderr, /hunter2/)
  }
  assert.deepEqual(readdirSync(folder), files)
})
