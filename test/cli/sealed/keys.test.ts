import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint, parseCertificate } from '@sealkit/core/sealed'
import { manifest, sealedWorld } from './world.ts'

const { sealkit, write, read, item } = await sealedWorld()
const id = async (name: string): Promise<string> => fingerprint(parseCertificate(read(`${name}.pem`)).publicKey)
const [oldId, newId] = [await id('old'), await id('new')]
const backup = await sealkit(['keys', 'generate', '--key-size', '1024', '--name', 'third', '--ttl', '1s'])
write('third.yaml', backup.stdout)

test('list: every key of files and directories, newest first', async () => {
  const { stdout, stderr } = await sealkit(['keys', 'list', '-k', 'old.key', '-k', 'new.key', '-k', 'third.yaml'])
  assert.equal(stderr, '')
  const [head, first, ...rest] = stdout.trimEnd().split('\n')
  assert.match(head ?? '', /^FINGERPRINT +BITS {2}FROM +UNTIL +PLACE$/)
  assert.match(first ?? '', /^SHA256:\S{43} {2}1024 {2}\d{4}-\d\d-\d\d {2}\d{4}-\d\d-\d\d.* {2}third\.yaml: third$/)
  assert.deepEqual(
    rest.map((line) => line.split(/ {2,}/)).toSorted(),
    [
      [oldId, '1024', '-', '-', 'old.key'],
      [newId, '2048', '-', '-', 'new.key'],
    ].toSorted(),
  )
})

test('usage: which file uses which key, what no key opens, and which key opens nothing', async () => {
  const { folder } = await sealedWorld()
  assert.ok(folder)
  write('tree/a.yaml', manifest({ a: await item('x'), b: await item('y'), c: 'not sealed' }))
  write('tree/b/b.yaml', `${manifest({ a: await item('x', { cert: 'new' }) })}---\nkind: ConfigMap\n`)
  write('tree/other.yaml', '{{ no yaml: [')
  const keys = ['-k', 'old.key', '-k', 'new.key', '-k', 'third.yaml']
  const { stdout, stderr, code } = await sealkit(['keys', 'usage', ...keys, 'tree'])
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['KEY', 'ITEMS', 'FILE', 'OBJECT'],
      [oldId, '2', 'tree/a.yaml', 'SealedSecret shop/db'],
      ['no key', '1', 'tree/a.yaml', 'SealedSecret shop/db: c'],
      [newId, '1', 'tree/b/b.yaml', 'SealedSecret shop/db'],
    ],
  )
  assert.match(stderr, /^SHA256:\S+ \(third\.yaml: third\) opens nothing here\n$/)
})

test('what is refused', async () => {
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['keys'], 2, /keys needs an action\nhint: give generate, fetch, list, backup, restore, usage/],
    [['keys', 'constructor'], 2, /keys needs an action/],
    [['keys', 'list', 'file'], 2, /keys list takes no files/],
    [['keys', 'list', '-k', 'old.pem'], 1, /old\.pem holds no private sealing key|old\.pem: /],
    [['keys', 'usage', '-k', 'old.key', 'nope'], 1, /nope: no such file/],
    [['keys', 'usage', '-k', 'nope', 'tree'], 1, /key file nope cannot be read/],
    [['keys', 'restore', 'old.pem'], 1, /sealing key|document|cannot be read/],
    [['keys', 'backup', '-w', 'old.key'], 1, /old\.key is there already/],
    [['keys', 'backup', '-w', 'backup.yaml', '--context', 'x'], 1, /context|kubeconfig/],
    [['keys', 'list'], 1, /kubeconfig/],
  ]
  const before = read('old.key')
  for (const [argv, code, error] of rows) {
    const done = await sealkit(argv, { env: { KUBECONFIG: '/nonexistent', HOME: '/nonexistent' } })
    assert.equal(done.code, code, `${argv.join(' ')}: ${done.stderr}`)
    assert.match(done.stderr, error, argv.join(' '))
    assert.equal(done.stdout, '')
    assert.match(done.stderr, /\nhint: /, argv.join(' '))
  }
  assert.equal(read('old.key'), before)
  const terminal = await sealkit(['keys', 'backup'], { terminal: true })
  assert.deepEqual([terminal.code, terminal.stdout], [2, ''])
})
