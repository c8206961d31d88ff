import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type DirectoryCluster, type DirectoryOptions, directoryCluster, resources } from '@sealkit/kubernetes'
import { contract, manifest, refuses, watching } from './contract.ts'

let base = ''
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'sealkit-directory-'))
})
after(() => rm(base, { recursive: true, force: true }))

interface Place {
  readonly folder: string
  readonly options: DirectoryOptions
  write(path: string, content: unknown): Promise<void>
  read(path: string): Promise<string>
  open(more?: Partial<DirectoryOptions>): Promise<DirectoryCluster>
}

/** Folders of one test's own. */
async function place(): Promise<Place> {
  const folder = await mkdtemp(join(base, 'case-'))
  await mkdir(join(folder, 'in'))
  await mkdir(join(folder, 'keys'))
  const [input, keys] = [join(folder, 'in'), join(folder, 'keys')]
  const options = { in: input, keys, out: join(folder, 'out'), state: join(folder, 'state'), rescan: 0 }
  return {
    folder,
    options,
    async write(path, content) {
      // Whole at once: a scan between the truncation and the bytes would see a file that says nothing.
      const whole = join(folder, '.written')
      await writeFile(whole, typeof content === 'string' ? content : JSON.stringify(content))
      await mkdir(join(folder, path, '..'), { recursive: true })
      await rename(whole, join(folder, path))
    },
    read: (path) => readFile(join(folder, path), 'utf8'),
    open: (more) => directoryCluster({ ...options, ...more }),
  }
}

const sealed = (name: string, spec: unknown = { encryptedData: { a: 'b' } }, metadata: object = {}): object => ({
  apiVersion: 'bitnami.com/v1alpha1',
  kind: 'SealedSecret',
  metadata: { name, namespace: 'team', ...metadata },
  spec,
})

for (const [name, check] of Object.entries(contract)) {
  test(`the contract of Cluster, in a directory: ${name}`, async () => {
    const { open } = await place()
    const cluster = await open()
    await check({ cluster, namespace: 'team' })
    await cluster.close()
  })
}

test('manifests are read from nested folders, YAML and JSON, streams and lists; others are left out', async () => {
  const { write, open } = await place()
  const errors: unknown[] = []
  await write('in/a.json', sealed('a'))
  await write(
    'in/deep/er/b.yaml',
    '# two of them\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: b}\nspec: {encryptedData: {}}\n---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: c, namespace: other}\n',
  )
  await write('in/list.yml', { apiVersion: 'v1', kind: 'List', items: [sealed('d'), { kind: 'Nothing' }] })
  await write('in/deployment.yaml', { apiVersion: 'apps/v1', kind: 'Unknown', metadata: { name: 'x' } })
  await write('in/.git/e.json', sealed('e'))
  await write('in/notes.txt', 'hello')
  await write('in/values.yaml', 'replicas: 3\n')
  await write('in/broken.yaml', 'a: [')
  await write('in/evil.json', sealed('../../x'))
  const cluster = await open({ onError: (error) => errors.push(error) })
  const { items } = await cluster.list(resources.sealedSecret)
  const names = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  assert.deepEqual(names, ['default/b', 'other/c', 'team/a', 'team/d'])
  assert.deepEqual(errors.map((error) => (error as { code: string }).code).toSorted(), ['INVALID', 'PATH_REFUSED'])
  await cluster.close()
})

test('a Secret is written as a manifest of mode 0600 in a folder of mode 0700, and as files where asked', async () => {
  const { folder, open, read } = await place()
  const cluster = await open({ files: true })
  const created = await cluster.create(resources.secret, manifest('team', 'a', {}, { one: 'MQ==', two: 'Mg==' }))
  for (const path of ['out', 'out/team', 'out/team/files/a', 'state']) {
    assert.equal((await stat(join(folder, path))).mode & 0o777, 0o700, path)
  }
  for (const path of ['out/team/a.json', 'out/team/files/a/one']) {
    assert.equal((await stat(join(folder, path))).mode & 0o777, 0o600, path)
  }
  assert.equal(await read('out/team/files/a/two'), '2')
  assert.equal(JSON.parse(await read('out/team/a.json')).data.one, 'MQ==')
  await cluster.update(resources.secret, { ...created, data: { three: 'Mw==' } })
  assert.deepEqual(await readdir(join(folder, 'out/team/files/a')), ['three'])
  await cluster.delete(resources.secret, { namespace: 'team', name: 'a' })
  assert.deepEqual(await readdir(join(folder, 'out/team')), ['files'])
  assert.deepEqual(await readdir(join(folder, 'out/team/files')), [])
  await cluster.close()
})

test('statuses, identities and generations outlive the process; manifests stay as they are', async () => {
  const { write, read, open } = await place()
  await write('in/a.json', sealed('a'))
  const text = await read('in/a.json')
  const key = { namespace: 'team', name: 'a' }
  let cluster = await open()
  const first = await cluster.get(resources.sealedSecret, key)
  assert.ok(first)
  await cluster.updateStatus(resources.sealedSecret, { ...first, status: { observedGeneration: 1 } })
  await cluster.close()
  cluster = await open()
  const second = await cluster.get(resources.sealedSecret, key)
  assert.deepEqual([second?.metadata.uid, second?.metadata.generation], [first.metadata.uid, 1])
  assert.deepEqual(second?.['status'], { observedGeneration: 1 })
  await cluster.close()
  await write('in/a.json', sealed('a', { encryptedData: { a: 'changed' } }))
  cluster = await open()
  const third = await cluster.get(resources.sealedSecret, key)
  assert.deepEqual([third?.metadata.uid, third?.metadata.generation], [first.metadata.uid, 2])
  assert.notEqual(await read('in/a.json'), text)
  await refuses('UNSUPPORTED_VERB', cluster.delete(resources.sealedSecret, key))
  await refuses(
    'UNSUPPORTED_VERB',
    cluster.patch(resources.sealedSecret, key, { type: 'merge', body: { spec: { a: 1 } } }),
  )
  const apply = { type: 'apply', body: manifest('team', 'x') } as const
  await cluster.create(resources.secret, manifest('team', 'x'))
  await refuses('UNSUPPORTED_VERB', cluster.patch(resources.secret, { namespace: 'team', name: 'x' }, apply))
  await cluster.close()
})

test('changes of files are seen: new, changed, removed, drifted', async () => {
  const { folder, write, open } = await place()
  await write('in/a.json', sealed('a'))
  const cluster = await open()
  await cluster.create(resources.secret, manifest('team', 's'))
  const { resourceVersion } = await cluster.list(resources.sealedSecret)
  const seen = watching(cluster, resources.sealedSecret, { namespace: 'team', resourceVersion })
  const secrets = watching(cluster, resources.secret, { namespace: 'team', resourceVersion })
  await write('in/sub/b.json', sealed('b'))
  assert.deepEqual(await seen.take(1), ['added b '])
  await write('in/a.json', sealed('a', { encryptedData: { a: 'c' } }))
  await seen.take(2)
  await rm(join(folder, 'in/sub'), { recursive: true })
  assert.deepEqual(await seen.take(3), ['added b ', 'modified a ', 'deleted b '])
  await rm(join(folder, 'out/team/s.json'))
  assert.deepEqual(await secrets.take(1), ['deleted s key'])
  assert.equal((await cluster.get(resources.sealedSecret, { namespace: 'team', name: 'a' }))?.metadata.generation, 2)
  await seen.stop()
  await secrets.stop()
  await cluster.close()
})

test('a scan that finds nothing new tells nobody', async () => {
  const { folder, write, open } = await place()
  await write('in/a.json', sealed('a'))
  const cluster = await open()
  await cluster.create(resources.secret, manifest('team', 's'))
  const { resourceVersion } = await cluster.list(resources.secret)
  await write('in/a.json', sealed('a'))
  await rename(join(folder, 'in/a.json'), join(folder, 'in/other.json'))
  await cluster.sync()
  assert.equal((await cluster.list(resources.secret)).resourceVersion, resourceVersion)
  await cluster.close()
})

test('Secrets whose owners are gone are removed, unless the input is empty altogether', async () => {
  const { folder, write, open } = await place()
  await write('in/a.json', sealed('a'))
  await write('in/b.json', sealed('b'))
  const cluster = await open()
  for (const name of ['a', 'b']) {
    const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name, uid: name }
    await cluster.create(resources.secret, manifest('team', name, { ownerReferences: [owner] }))
  }
  await rm(join(folder, 'in/a.json'))
  await cluster.sync()
  const names = async (): Promise<string[]> =>
    (await cluster.list(resources.secret)).items.map(({ metadata }) => metadata.name)
  assert.deepEqual(await names(), ['b'])
  await rm(join(folder, 'in/b.json'))
  await cluster.sync()
  assert.deepEqual(await names(), ['b'])
  await cluster.close()
})

test('keys: Secrets there are read and win over others of the same name; new ones go there by their label', async () => {
  const { folder, write, open } = await place()
  await write('keys/credentials.json', manifest('team', 'token', {}, { a: 'a2V5cw==' }))
  await write('in/credentials.json', manifest('team', 'token', {}, { a: 'ZXZpbA==' }))
  const errors: unknown[] = []
  const cluster = await open({ keySelector: 'is-key', onError: (error) => errors.push(error) })
  const found = await cluster.get(resources.secret, { namespace: 'team', name: 'token' })
  assert.deepEqual(found?.['data'], { a: 'a2V5cw==' })
  assert.equal((errors[0] as { code: string }).code, 'ALREADY_EXISTS')
  await cluster.create(resources.secret, manifest('team', 'new', { labels: { 'is-key': 'active' } }))
  assert.equal((await stat(join(folder, 'keys/team/new.json'))).mode & 0o777, 0o600)
  await cluster.close()
})

test('admission: what it makes of an object is what is read, what it refuses is not there', async () => {
  const { write, open } = await place()
  await write('in/a.json', sealed('a'))
  await write('in/b.json', sealed('b'))
  const errors: unknown[] = []
  const cluster = await open({
    onError: (error) => errors.push(error),
    admit: (_, object) => {
      if (object.metadata.name === 'b') throw new Error('refused')
      return { ...object, spec: { defaulted: true } }
    },
  })
  const { items } = await cluster.list(resources.sealedSecret)
  assert.deepEqual(
    items.map(({ metadata, spec }) => [metadata.name, spec]),
    [['a', { defaulted: true }]],
  )
  assert.equal(errors.length, 1)
  await cluster.close()
})

test('roots: missing, one in another, in a git work tree, open to others, in use', async () => {
  const { folder, options, open } = await place()
  const cases: readonly (readonly [string, Partial<DirectoryOptions>])[] = [
    ['no input', { in: join(folder, 'absent') }],
    ['input is a file', { in: import.meta.filename }],
    ['output in the input', { out: join(folder, 'in', 'out') }],
    ['input in the output', { out: folder }],
    ['state in the output', { state: join(folder, 'out', 'state') }],
    ['keys in the input', { keys: join(folder, 'in') }],
  ]
  for (const [name, more] of cases) {
    await assert.rejects(open(more), { code: 'PATH_REFUSED' }, name)
    await rm(join(folder, 'in', 'out'), { recursive: true, force: true })
    await rm(join(folder, 'out'), { recursive: true, force: true })
  }
  await mkdir(join(folder, 'repository/.git'), { recursive: true })
  await assert.rejects(open({ out: join(folder, 'repository/deep/out') }), { code: 'PATH_REFUSED' })
  await mkdir(options.out, { mode: 0o755, recursive: true })
  await chmod(options.out, 0o755)
  await assert.rejects(open(), { code: 'PATH_REFUSED' })
  await chmod(options.out, 0o700)
  const cluster = await open()
  await assert.rejects(open(), { code: 'PATH_REFUSED' })
  await cluster.close()
  await writeFile(join(options.state, 'lock'), '999999999')
  await (await open()).close()
})

test('links: one that stays inside is followed, one that leads out is not, neither to read nor to write', async () => {
  const { folder, write, open } = await place()
  await write('outside/secret.json', sealed('outside'))
  await write('in/..data-1/a.json', sealed('a'))
  await symlink('..data-1/a.json', join(folder, 'in/a.json'))
  await symlink(join(folder, 'outside'), join(folder, 'in/folder'))
  await symlink(join(folder, 'outside/secret.json'), join(folder, 'in/file.json'))
  await symlink('.', join(folder, 'in/loop'))
  const errors: unknown[] = []
  const cluster = await open({ onError: (error) => errors.push(error) })
  const { items } = await cluster.list(resources.sealedSecret)
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['a'],
  )
  assert.deepEqual(
    errors.map((error) => (error as { code: string }).code),
    ['PATH_REFUSED', 'PATH_REFUSED'],
  )
  await symlink(join(folder, 'outside'), join(folder, 'out/team'))
  await refuses('PATH_REFUSED', cluster.create(resources.secret, manifest('team', 's')))
  assert.deepEqual(await readdir(join(folder, 'outside')), ['secret.json'])
  await cluster.create(resources.secret, manifest('other', 's'))
  await rm(join(folder, 'out/other/s.json'))
  await writeFile(join(folder, 'outside/target'), 'untouched')
  await symlink(join(folder, 'outside/target'), join(folder, 'out/other/s.json'))
  await cluster.sync()
  await cluster.create(resources.secret, manifest('other', 's'))
  assert.equal(await readFile(join(folder, 'outside/target'), 'utf8'), 'untouched')
  await cluster.close()
})

test('a write that is cut short leaves the last Secret whole', async () => {
  const { folder, write, open } = await place()
  const cluster = await open()
  await cluster.create(resources.secret, manifest('team', 's'))
  await write('out/team/.0123456789abcdef.tmp', '{"half')
  await cluster.sync()
  assert.deepEqual((await cluster.get(resources.secret, { namespace: 'team', name: 's' }))?.['data'], {
    key: 'dmFsdWU=',
  })
  await cluster.close()
  assert.ok((await readdir(join(folder, 'out/team'))).includes('s.json'))
})
