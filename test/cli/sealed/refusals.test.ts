import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run as kubeseal } from '@sealkit/cli/kubeseal'
import { encodeBase64 } from '@sealkit/core/manifest'
import { generateSealingKey } from '@sealkit/core/sealed'
import { ran } from './io.ts'
import { manifest, sealedWorld } from './world.ts'

const { folder, sealkit, write, read, item } = await sealedWorld()

/** Stands in every plain text; whatever shows it where it should not has a leak. */
const mark = 'hunter2-marked'
const marked = encodeBase64(Buffer.from(mark))
const env = { HOME: folder, KUBECONFIG: join(folder, 'none'), PATH: process.env['PATH'] ?? '', TMPDIR: folder }

const [good, ec] = [read('old.pem'), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey]
const ecPem = ec.export({ type: 'sec1', format: 'pem' }).toString()
const expired = await generateSealingKey({ keySize: 1024, notBefore: new Date('2019-01-01'), validFor: 1000 })

const secret = `kind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {k: ${mark}}\n`
const a = await item(mark)
const foreign = await item(mark, { cert: 'new' })
const sealed = manifest({ k: a })
write('secret.yaml', secret)
write('sealed.yaml', sealed)

/** Certificates that seal nothing. */
const certificates: Readonly<Record<string, string | Uint8Array>> = {
  'an empty file': '',
  'a text': 'hello',
  'other bytes': Buffer.of(0, 255, 1),
  'a private key': read('old.key'),
  'half a certificate': good.slice(0, 300),
  'broken base64': good.replace(/\nM/, '\n#'),
  'broken DER': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  'headers in the block': good.replace('\n', '\nProc-Type: 4\n\n'),
  'another block': good.replaceAll('CERTIFICATE', 'PUBLIC KEY'),
  'a page of HTML': '<!doctype html><title>Login</title>',
  expired: expired.certificatePem,
}

/** Private keys that open nothing. */
const keys: Readonly<Record<string, string | Uint8Array>> = {
  'an empty file': '',
  'a text': 'hello',
  'other bytes': Buffer.of(0, 255, 1),
  'a certificate': good,
  'an EC key': ecPem,
  'half a key': read('old.key').slice(0, 300),
  'broken DER': '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n',
  'a Secret without key': 'kind: Secret\ndata: {a: ""}\n',
  'a Secret with a broken key': `kind: Secret\ndata: {tls.key: ${marked}, tls.crt: ""}\n`,
  'a Secret with no base64': 'kind: Secret\ndata: {tls.key: "#"}\n',
  'a Secret of an EC key': `kind: Secret\ndata: {tls.key: ${encodeBase64(Buffer.from(ecPem))}, tls.crt: ""}\n`,
  'broken YAML': 'kind: [',
}

/** Secrets that cannot be sealed. */
const secrets: Readonly<Record<string, string | Uint8Array>> = {
  'an empty file': '',
  'a text': mark,
  'other bytes': Buffer.concat([Buffer.of(255, 254, 0), Buffer.from(mark)]),
  'broken YAML': `stringData: {k: ${mark}`,
  'broken JSON': `{"stringData":{"k":"${mark}"`,
  'a tab as indentation': `kind: Secret\nstringData:\n\tk: ${mark}\n`,
  'another kind': secret.replace('kind: Secret', 'kind: ConfigMap'),
  'another version': `apiVersion: v2\n${secret}`,
  'no name': secret.replace('name: db, ', ''),
  'no namespace': secret.replace(', namespace: shop', ''),
  'a bad name': secret.replace('name: db', 'name: D_B'),
  'a bad namespace': secret.replace('namespace: shop', 'namespace: a.b'),
  'a name that is a number': secret.replace('name: db', 'name: 012'),
  'no data': 'kind: Secret\nmetadata: {name: db, namespace: shop}\n',
  'a bad key': secret.replace('{k:', '{"a b":'),
  'a key of dots': secret.replace('{k:', '{"..":'),
  'data that is no base64': secret.replace('stringData', 'data'),
  'a number as value': secret.replace(mark, '1234567890'),
  'a bool as value': secret.replace(mark, 'yes'),
  'a list as value': secret.replace(mark, `[${mark}]`),
  'a mapping as value': secret.replace(mark, `{${mark}: x}`),
  'a list as data': secret.replace(/\{k: .*\}/, `[${mark}]`),
  'a list as metadata': secret.replace(/\{name.*\}/, '[x]'),
  'an annotation that is a bool': secret.replace(
    'shop}',
    'shop, annotations: {sealedsecrets.bitnami.com/cluster-wide: true}}',
  ),
  'a label that is a list': secret.replace('shop}', 'shop, labels: {a: [x]}}'),
  'an alias without anchor': secret.replace(mark, `*${mark}`),
  'an anchor in itself': `kind: Secret\nmetadata: &a {name: db, namespace: shop, labels: *a}\nstringData: {k: ${mark}}\n`,
  'a bomb of aliases': `a: &a [${mark}]\n${Array.from({ length: 12 }, (_, at) => `${'abcdefghijklm'[at + 1]}: &${'abcdefghijklm'[at + 1]} [${Array(9).fill(`*${'abcdefghijklm'[at]}`).join()}]\n`).join('')}${secret}`,
  'a good one, then a broken one': `${secret}---\nkind: [${mark}\n`,
  'a good one, then one without a name': `${secret}---\nkind: Secret\nstringData: {k: ${mark}}\n`,
}

/** SealedSecrets that cannot be worked with. */
const sealedSecrets: Readonly<Record<string, string | Uint8Array>> = {
  'an empty file': '',
  'a text': 'hello',
  'other bytes': Buffer.of(255, 0, 254),
  'broken YAML': 'kind: SealedSecret\nspec: [',
  'another kind': secret,
  'no base64': manifest({ k: 'A#' }),
  'too short': manifest({ k: 'AgAA' }),
  'a damaged item': manifest({ k: `${a.slice(0, -12)}AAAAAAAAAAA=` }),
  'an item for another key': manifest({ k: foreign }),
  'an item of another name': manifest({ k: await item(mark, { name: 'other' }) }),
  'a mapping as item': manifest({ k: '{a: b}' }),
  'a list as items': manifest({}).replace('encryptedData:', 'encryptedData: [x]'),
  'another name': sealed.replace('name: db', 'name: x'),
  'an annotation that changes the scope': manifest(
    { k: a },
    '  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}\n',
  ),
  'a template that fails': sealed.replace('type: Opaque', `data: {conf: '{{ fail .k }}'}`),
  'a template that cannot be parsed': sealed.replace('type: Opaque', `data: {conf: '{{ .k'}`),
}

interface Attempt {
  readonly argv: readonly string[]
  readonly stdin?: string | Uint8Array
}

/** Runs what must fail: one error with its next step, an exit code of 1 or 2, and nothing else in the world. */
async function assertRefused(name: string, { argv, stdin = '' }: Attempt): Promise<void> {
  const before = snapshot()
  const { code, stdout, stderr } = await sealkit(argv, { stdin, env })
  assert.ok(code === 1 || code === 2, `${name}: exit code ${code}`)
  assert.equal(stdout, '', name)
  assert.match(stderr, /^sealkit: error: [^\n]+\n/, name)
  assert.equal(stderr.match(/^sealkit: error: /gm)?.length, 1, `${name}: ${stderr}`)
  assert.match(stderr, /\nhint: /, `${name}: ${stderr}`)
  assertNoLeak(name, stderr)
  assert.deepEqual(snapshot(), before, name)
}

function assertNoLeak(name: string, text: string): void {
  for (const secretText of [mark, marked, marked.slice(0, 12), 'hunter2']) {
    assert.ok(!text.includes(secretText), `${name}: a secret is shown: ${text}`)
  }
}

/** Every file of the folder, with its mode. */
function snapshot(): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return names.map((name) => {
    const { mode } = statSync(join(folder, name))
    const isFile = statSync(join(folder, name)).isFile()
    return `${name} ${mode} ${isFile ? readFileSync(join(folder, name), 'latin1') : ''}`
  })
}

test('malformed certificates: each command that seals says what is wrong, and touches nothing', async () => {
  for (const [name, content] of Object.entries(certificates)) {
    write('bad.pem', content)
    const cert = ['--cert', 'bad.pem']
    await assertRefused(`seal, ${name}`, { argv: ['seal', ...cert, '-f', 'secret.yaml', '-w', 'sealed.yaml'] })
    await assertRefused(`set, ${name}`, { argv: ['set', ...cert, 'sealed.yaml', 'k'], stdin: mark })
    await assertRefused(`reseal, ${name}`, { argv: ['reseal', ...cert, '-k', 'old.key', '--write', 'sealed.yaml'] })
    await assertRefused(`check, ${name}`, { argv: ['check', ...cert, 'sealed.yaml'] })
  }
})

test('malformed private keys', async () => {
  for (const [name, content] of Object.entries(keys)) {
    write('bad.key', content)
    const key = ['-k', 'bad.key']
    await assertRefused(`unseal, ${name}`, { argv: ['unseal', ...key, '-f', 'sealed.yaml', '-w', 'secret.yaml'] })
    await assertRefused(`reseal, ${name}`, { argv: ['reseal', ...key, '--cert', 'new.pem', '--write', 'sealed.yaml'] })
    await assertRefused(`check, ${name}`, { argv: ['check', ...key, 'sealed.yaml'] })
    await assertRefused(`edit, ${name}`, { argv: ['edit', ...key, '--cert', 'old.pem', 'sealed.yaml'] })
    await assertRefused(`keys list, ${name}`, { argv: ['keys', 'list', ...key] })
    await assertRefused(`keys usage, ${name}`, { argv: ['keys', 'usage', ...key, 'sealed.yaml'] })
  }
})

test('Secrets that cannot be sealed', async () => {
  for (const [name, content] of Object.entries(secrets)) {
    write('bad.yaml', content)
    await assertRefused(name, { argv: ['seal', '--cert', 'old.pem', '-f', 'bad.yaml', '-w', 'sealed.yaml'] })
    await assertRefused(`${name}, stdin`, { argv: ['seal', '--cert', 'old.pem'], stdin: content })
  }
})

test('SealedSecrets that cannot be opened', async () => {
  for (const [name, content] of Object.entries(sealedSecrets)) {
    write('bad.yaml', content)
    await assertRefused(`unseal, ${name}`, { argv: ['unseal', '-k', 'old.key', '-f', 'bad.yaml', '-w', 'secret.yaml'] })
    if (name.includes('template')) continue
    const { code, stdout, stderr } = await sealkit(['check', '-k', 'old.key', 'bad.yaml'], { env })
    assert.equal(code, 1, `check, ${name}`)
    assertNoLeak(`check, ${name}`, stdout + stderr)
    assert.equal(read('bad.yaml'), Buffer.from(content).toString(), name)
    const before = snapshot()
    const resealed = await sealkit(['reseal', '-k', 'old.key', '--cert', 'new.pem', '--write', 'bad.yaml'], { env })
    assert.ok(resealed.code === 1 || resealed.code === 2, `reseal, ${name}`)
    assertNoLeak(`reseal, ${name}`, resealed.stdout + resealed.stderr)
    assert.deepEqual(snapshot(), before, `reseal, ${name}`)
  }
})

test('flags: wrong, missing and contradictory ones', async () => {
  const cert = ['--cert', 'old.pem']
  const attempts: readonly (readonly string[])[] = [
    ['seal', '--nope'],
    ['seal', '--cert'],
    ['seal', 'secret.yaml', ...cert],
    ['seal', ...cert, '-f', 'secret.yaml', '--scope', 'wide'],
    ['seal', ...cert, '-f', 'secret.yaml', '-o', 'toml'],
    ['seal', ...cert, '-f', 'secret.yaml', '-n', 'other'],
    ['seal', ...cert, '-f', 'secret.yaml', '-n', 'Not A Namespace'],
    ['seal', ...cert, '-f', 'secret.yaml', '--name', 'a/b'],
    ['seal', ...cert, '-f', 'secret.yaml', '-w', 'secret.yaml/out.yaml'],
    ['seal', ...cert, '-f', 'nope.yaml'],
    ['seal', ...cert, '-f', '.'],
    ['seal', '--cert', '.', '-f', 'secret.yaml'],
    ['seal', '--cert', 'ftp://x/cert.pem', '-f', 'secret.yaml'],
    ['seal', '--cert', 'http://127.0.0.1:1/cert.pem', '-f', 'secret.yaml'],
    ['seal', '-f', 'secret.yaml', '--kubeconfig', 'nope'],
    ['seal', '-f', 'secret.yaml', '--context', 'nope'],
    ['seal', ...cert, '--from-literal', mark],
    ['seal', ...cert, '--name', 'a', '-n', 'b', '--from-literal', `=${mark}`],
    ['seal', ...cert, '--name', 'a', '-n', 'b', '--from-literal', `a b=${mark}`],
    ['seal', ...cert, '--name', 'a', '-n', 'b', '--from-literal', `k=${mark}`, '--from-literal', `k=${mark}`],
    ['seal', ...cert, '--from-literal', `k=${mark}`],
    ['seal', ...cert, '--from-file', 'nope'],
    ['seal', ...cert, '-f', 'secret.yaml', '--from-literal', `k=${mark}`],
    ['unseal'],
    ['unseal', '-k', 'nope', '-f', 'sealed.yaml'],
    ['unseal', '-k', 'old.key', '-f', 'sealed.yaml', '-o', 'xml'],
    ['unseal', '-k', 'old.key', '-f', 'sealed.yaml', '-w', 'sealed.yaml/out'],
    ['reseal', '--write', 'sealed.yaml'],
    ['reseal', '-k', 'old.key', ...cert, '--write', '--dry-run', 'sealed.yaml'],
    ['reseal', '-k', 'old.key', ...cert, '--write'],
    ['reseal', '-k', 'old.key', ...cert, 'sealed.yaml', 'secret.yaml'],
    ['reseal', '-k', 'old.key', ...cert, '--write', 'nope'],
    ['set', ...cert, 'sealed.yaml'],
    ['set', ...cert, 'sealed.yaml', 'k', mark],
    ['set', ...cert, 'sealed.yaml', 'a b', '--value', mark],
    ['set', ...cert, 'nope.yaml', 'k', '--value', mark],
    ['set', ...cert, '--name', 'other', 'sealed.yaml', 'k', '--value', mark],
    ['edit', 'nope.yaml'],
    ['check', 'nope'],
    ['keys', 'generate', '--key-size', '100', '--out-cert', 'c', '--out-key', 'k'],
    ['keys', 'generate', '--ttl', 'x', '--out-cert', 'c', '--out-key', 'k'],
    ['keys', 'generate', '--out-key', 'k'],
    ['keys', 'generate', '--out-cert', 'c', '--out-key', 'old.key'],
    ['no-such-command'],
    ['seal', '--help=x'],
  ]
  for (const argv of attempts) await assertRefused(argv.join(' '), { argv, stdin: '' })
})

test('what succeeds shows plain text on stdout alone, and only where that is asked for', async () => {
  const rows: readonly (readonly [readonly string[], string, boolean])[] = [
    [['seal', '--cert', 'old.pem', '-f', 'secret.yaml'], '', false],
    [['seal', '--cert', 'old.pem', '--name', 'a', '-n', 'b', '--from-literal', `k=${mark}`], '', false],
    [['set', '--cert', 'old.pem', 'sealed.yaml', 'k'], mark, false],
    [['reseal', '-k', 'old.key', '--cert', 'new.pem', '--dry-run', 'sealed.yaml'], '', false],
    [['reseal', '-k', 'old.key', '--cert', 'new.pem', 'sealed.yaml'], '', false],
    [['check', '-k', 'old.key', 'sealed.yaml'], '', false],
    [['keys', 'usage', '-k', 'old.key', 'sealed.yaml'], '', false],
    [['keys', 'list', '-k', 'old.key'], '', false],
    [['unseal', '-k', 'old.key', '-f', 'sealed.yaml', '-w', 'plain.yaml'], '', false],
    [['unseal', '-k', 'old.key', '-f', 'sealed.yaml'], '', true],
  ]
  for (const [argv, stdin, shows] of rows) {
    const { code, stdout, stderr } = await sealkit(argv, { stdin, env })
    assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`)
    assertNoLeak(argv.join(' '), stderr)
    if (shows) assert.ok(stdout.includes(marked), argv.join(' '))
    else assertNoLeak(argv.join(' '), stdout)
  }
  assert.equal(statSync(join(folder, 'plain.yaml')).mode & 0o777, 0o600)
})

test('kubeseal: what fails shows no plain text, and leaves the output as it was', async () => {
  write('out.yaml', 'before')
  const cert = ['--cert', 'old.pem', '-w', 'out.yaml']
  for (const [name, content] of Object.entries(secrets)) {
    const { code, stdout, stderr } = await ran(cert, { cwd: folder, stdin: content, env }, kubeseal)
    assertNoLeak(name, stderr + stdout)
    if (code === 0) write('out.yaml', 'before')
    else assert.match(stderr, /^error: [^\n]+\n$/, name)
    assert.equal(read('out.yaml'), 'before', name)
  }
  for (const [name, content] of Object.entries(sealedSecrets)) {
    const argv = ['--recovery-unseal', '--recovery-private-key', 'old.key', '-w', 'out.yaml']
    const { code, stdout, stderr } = await ran(argv, { cwd: folder, stdin: content, env }, kubeseal)
    // The real program takes a list for no items at all.
    assert.equal(code, name === 'a list as items' ? 0 : 1, name)
    assert.equal(stdout, '', name)
    if (code === 0) write('out.yaml', 'before')
    // A template's author can put an item into the error on purpose, as with the real program.
    if (name !== 'a template that fails') assertNoLeak(name, stderr)
    assert.equal(read('out.yaml'), 'before', name)
  }
})
