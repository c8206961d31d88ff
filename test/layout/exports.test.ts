import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { files, manifest, read, root, sources } from './sources.ts'

const folders = ['core', 'template', 'keyservice', 'kubernetes', 'resolver', 'sealkit', 'controller', 'cli']

test('every exported declaration has a doc comment', () => {
  const undocumented: string[] = []
  for (const file of sources()) {
    const lines = read(file).split('\n')
    lines.forEach((line, index) => {
      const declared =
        /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/.exec(line)
      if (declared === null || lines[index - 1]?.trimEnd().endsWith('*/')) return
      const overload = lines.slice(0, index).some((earlier) => earlier.startsWith(`export function ${declared[1]}(`))
      if (!overload) undocumented.push(`${file}:${index + 1} ${declared[1]}`)
    })
  }
  assert.deepEqual(undocumented, [])
})

test('no default exports, enums or namespaces', () => {
  for (const file of sources()) {
    assert.doesNotMatch(read(file), /^export default |^(export )?(const )?enum |^(export )?namespace /m, file)
  }
})

for (const folder of folders) {
  test(`${folder}: what package.json exports exists, and index files only export`, () => {
    for (const [subpath, conditions] of Object.entries(manifest(folder).exports ?? {})) {
      const source = conditions['source'] ?? ''
      assert.ok(existsSync(join(root, 'packages', folder, source)), `${subpath}: ${source} is missing`)
      const rest = read(`packages/${folder}/${source.replace('./', '')}`)
        .replace(/\/\*\*[\s\S]*?\*\//g, '')
        .replace(/\/\/.*$/gm, '')
        .replace(/export (?:type )?(?:\{[^}]*\}|\* as \w+)(?: from '[^']+')?;?/g, '')
        .trim()
      if (source.endsWith('index.ts')) assert.equal(rest, '', `${folder}${subpath.slice(1)} does more than export`)
    }
  })
}

test('one version for every package', () => {
  const versions = new Set(folders.map((folder) => manifest(folder).version))
  assert.equal(versions.size, 1)
  assert.match(read('packages/cli/src/version.ts'), new RegExp(`version = '${[...versions][0]}'`))
})

test('what is published depends on nothing that is not, and says what it is', () => {
  const manifests = new Map(folders.map((folder) => [manifest(folder).name, manifest(folder)]))
  for (const [name, { private: isPrivate = false, description = '', license, dependencies = {}, files }] of manifests) {
    assert.notEqual(description, '', name)
    assert.equal(license, 'Apache-2.0', name)
    assert.deepEqual(files, ['dist', '!dist/.tsbuildinfo', 'src'], name)
    const unpublished = Object.keys(dependencies).filter((other) => manifests.get(other)?.private === true)
    if (!isPrivate) assert.deepEqual(unpublished, [], name)
  }
})

test('what the documents import is there', async () => {
  const documents = files().filter((file) => /^(README\.md|docs\/.*\.md|packages\/[^/]+\/README\.md)$/.test(file))
  for (const file of documents) {
    for (const [, names = '', specifier = ''] of read(file).matchAll(
      /^import \{([^}]*)\} from '((?:@sealkit\/|sealkit)[^']*)'/gm,
    )) {
      const module: Record<string, unknown> = await import(specifier)
      const values = names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => !name.startsWith('type '))
      for (const name of values) assert.ok(name in module, `${file}: ${specifier} has no ${name}`)
    }
  }
})
