import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually } from '../eventually.ts'
import { ended, folder, put, type RunOptions, run, runtimes, start, written } from './programs.ts'

const plain = (name: string, value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: shop\nstringData:\n  key: ${value}\n`
const externalSecret = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: external, namespace: shop }
spec:
  secretStoreRef: { name: values }
  data: [{ secretKey: key, remoteRef: { key: entry } }]
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: values, namespace: shop }
spec: { provider: { fake: { data: [{ key: entry, value: from-the-store }] } } }
`
const once = ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once']

/** A folder with keys, a SealedSecret, a SOPS-encrypted Secret and an ExternalSecret. */
function prepared(t: TestContext, on: RunOptions['on'] = 'executable'): string {
  const cwd = folder(t, {
    'in/external.yaml': externalSecret,
    'in/sops/encrypted.yaml': plain('encrypted', 'from-sops'),
  })
  mkdirSync(join(cwd, 'keys'))
  const make = (args: readonly string[], input = ''): string => {
    const { code, stdout, stderr } = run('sealkit', args, { cwd, input, on })
    assert.equal(code, 0, stderr)
    return stdout
  }
  make(['keys', 'generate', '--key-size', '2048', '--out-cert', 'cert.pem', '-w', 'keys/sealing-key.yaml'])
  make(['keys', 'generate', '--age', '--out-key', 'keys/age.txt'])
  put(cwd, 'in/sealed.yaml', make(['seal', '--cert', 'cert.pem', '-o', 'yaml'], plain('sealed', 'from-sealed')))
  const recipient = /age1\w+/.exec(readFileSync(join(cwd, 'keys/age.txt'), 'utf8'))?.[0] ?? ''
  put(cwd, '.sops.yaml', `creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: ${recipient}\n`)
  make(['encrypt', '--in-place', 'in/sops/encrypted.yaml'])
  return cwd
}

function value(cwd: string, name: string): string | null {
  const file = join(cwd, `out/shop/${name}.json`)
  if (!existsSync(file)) return null
  return Buffer.from(JSON.parse(readFileSync(file, 'utf8')).data.key, 'base64').toString()
}

function values(cwd: string): Record<string, string | null> {
  return { sealed: value(cwd, 'sealed'), encrypted: value(cwd, 'encrypted'), external: value(cwd, 'external') }
}

const all = { sealed: 'from-sealed', encrypted: 'from-sops', external: 'from-the-store' }

for (const on of runtimes) {
  test(`one run turns all three kinds, made by sealkit (${on}), into Secrets that only their owner can read`, (t) => {
    const cwd = prepared(t, on)
    const { code, stdout, stderr } = run('controller', once, { cwd })
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '')
    assert.deepEqual(values(cwd), all)
    assert.equal(statSync(join(cwd, 'out/shop/sealed.json')).mode & 0o777, 0o600)
    assert.equal(statSync(join(cwd, 'out')).mode & 0o777, 0o700)
  })
}

test('a second run writes nothing again', (t) => {
  const cwd = prepared(t)
  assert.equal(run('controller', once, { cwd }).code, 0)
  const before = statSync(join(cwd, 'out/shop/sealed.json')).mtimeMs
  const again = run('controller', once, { cwd })
  assert.equal(again.code, 0, again.stderr)
  assert.equal(statSync(join(cwd, 'out/shop/sealed.json')).mtimeMs, before)
  assert.deepEqual(values(cwd), all)
})

const failures: readonly {
  readonly name: string
  readonly spoil: (cwd: string) => void
  readonly left: Partial<Record<keyof typeof all, null>>
}[] = [
  { name: 'no sealing key', spoil: (cwd) => rmSync(join(cwd, 'keys/sealing-key.yaml')), left: { sealed: null } },
  { name: 'no age identity', spoil: (cwd) => rmSync(join(cwd, 'keys/age.txt')), left: { encrypted: null } },
  {
    name: 'another sealing key',
    spoil: (cwd) => {
      rmSync(join(cwd, 'keys/sealing-key.yaml'))
      run('sealkit', ['keys', 'generate', '--key-size', '2048', '-w', 'keys/sealing-key.yaml'], { cwd })
    },
    left: { sealed: null },
  },
  {
    name: 'a renamed SealedSecret',
    spoil: (cwd) => edit(cwd, 'in/sealed.yaml', (text) => text.replace('namespace: shop', 'namespace: other')),
    left: { sealed: null },
  },
  {
    name: 'a changed value in a SOPS file',
    spoil: (cwd) =>
      edit(cwd, 'in/sops/encrypted.yaml', (text) =>
        text.replace(/data:(.)/, (_, c) => `data:${c === 'A' ? 'B' : 'A'}`),
      ),
    left: { encrypted: null },
  },
  {
    name: 'a changed plain field in a SOPS file (the MAC covers it)',
    spoil: (cwd) =>
      edit(cwd, 'in/sops/encrypted.yaml', (text) => text.replace('kind: Secret', 'kind: Secret\nimmutable: true')),
    left: { encrypted: null },
  },
  {
    name: 'a key that the store does not have',
    spoil: (cwd) => edit(cwd, 'in/external.yaml', (text) => text.replace('{ key: entry }', '{ key: nothing }')),
    left: { external: null },
  },
  { name: 'a file that is no YAML', spoil: (cwd) => put(cwd, 'in/broken.yaml', 'a: [unclosed'), left: {} },
]

function edit(cwd: string, file: string, change: (text: string) => string): void {
  const before = readFileSync(join(cwd, file), 'utf8')
  const after = change(before)
  assert.notEqual(after, before)
  put(cwd, file, after)
}

for (const { name, spoil, left } of failures) {
  test(`exits with 1 and still makes the other Secrets: ${name}`, (t) => {
    const cwd = prepared(t)
    spoil(cwd)
    const { code, stderr } = run('controller', once, { cwd })
    assert.equal(code, 1, stderr)
    assert.deepEqual(values(cwd), { ...all, ...left })
    for (const secret of Object.values(all)) assert.ok(!stderr.includes(secret), 'a value is in the log')
  })
}

const refusals: readonly (readonly [name: string, args: readonly string[], code: number])[] = [
  ['--out inside --in', ['--in=in', '--out=in/out', '--state=state'], 1],
  ['--out inside a git work tree', ['--in=in', '--out=tree/out', '--state=state'], 1],
  ['no --out', ['--in=in', '--state=state'], 2],
  ['no --state', ['--in=in', '--out=out'], 2],
  ['--in that is not there', ['--in=nothing', '--out=out', '--state=state'], 1],
  ['an unknown flag', ['--in=in', '--out=out', '--state=state', '--zeal'], 2],
]

for (const [name, args, expected] of refusals) {
  test(`refuses ${name}`, (t) => {
    const cwd = folder(t, { 'in/external.yaml': externalSecret, 'tree/readme': 'x' })
    execFileSync('git', ['init', '--quiet', 'tree'], { cwd })
    const { code, stderr } = run('controller', [...args, '--once'], { cwd })
    assert.equal(code, expected, stderr)
    assert.match(stderr, /^controller: error: .*\n(hint: .*\n)?$/)
    for (const out of ['in/out/shop', 'tree/out/shop', 'out/shop']) assert.ok(!existsSync(join(cwd, out)))
  })
}

test('follows the folder until it is told to end: a new, a changed and a removed manifest', async (t) => {
  const cwd = prepared(t)
  const child = start(t, 'controller', once.slice(0, -1), cwd)
  await written(child, /key=shop\/sealed[\s\S]*ready|ready[\s\S]*key=shop\/sealed/)
  const changed = written(child, /Secret created" key=shop\/second/)
  const sealed = run('sealkit', ['seal', '--cert', 'cert.pem', '-o', 'yaml'], { cwd, input: plain('second', 'later') })
  put(cwd, 'in/second.yaml', sealed.stdout)
  await changed
  assert.equal(value(cwd, 'second'), 'later')
  rmSync(join(cwd, 'in/second.yaml'))
  // The Secret goes with its manifest.
  await eventually(
    () => value(cwd, 'second'),
    (found) => found === null,
  )
  child.kill('SIGTERM')
  assert.equal(await ended(child), 0)
})

test('killed at any moment, the next run ends right', async (t) => {
  const cwd = prepared(t)
  for (const after of [150, 220, 260, 300]) {
    const child = start(t, 'controller', once.slice(0, -1), cwd)
    await new Promise((resolve) => setTimeout(resolve, after))
    child.kill('SIGKILL')
    await ended(child)
  }
  const { code, stderr } = run('controller', once, { cwd })
  assert.equal(code, 0, stderr)
  assert.deepEqual(values(cwd), all)
})
