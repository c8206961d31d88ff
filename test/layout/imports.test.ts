import assert from 'node:assert/strict'
import { builtinModules } from 'node:module'
import { test } from 'node:test'
import { imports, loads, manifest, read, sources } from './sources.ts'

/** Which package may import which, by folder. The table is the design's; it is whole. */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  template: ['core'],
  keyservice: ['core'],
  kubernetes: ['core'],
  resolver: ['core', 'template'],
  sealkit: ['core', 'template', 'keyservice', 'resolver'],
  controller: ['core', 'template', 'keyservice', 'resolver', 'sealkit', 'kubernetes'],
  cli: ['core', 'template', 'keyservice', 'resolver', 'sealkit', 'kubernetes', 'controller'],
}

/** What of Node a pure package may use: computation, never the machine. */
const pureBuiltins = new Set(['node:crypto', 'node:buffer', 'node:util', 'node:zlib', 'node:worker_threads'])
const pure = ['core', 'template']

const folderOf = new Map(Object.keys(mayImport).map((folder) => [manifest(folder).name, folder]))

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

for (const [folder, allowed] of Object.entries(mayImport)) {
  const own = sources().filter((file) => file.startsWith(`packages/${folder}/`))
  const used = new Map(own.flatMap((file) => imports(read(file)).map((specifier) => [specifier, file] as const)))
  const { dependencies = {}, optionalDependencies = {} } = manifest(folder)
  const declared = { ...dependencies, ...optionalDependencies }

  test(`${folder}: imports only what the design allows`, () => {
    for (const [specifier, file] of used) {
      const target = folderOf.get(packageName(specifier))
      if (target !== undefined) assert.ok(allowed.includes(target), `${file} imports ${specifier}`)
    }
  })

  test(`${folder}: every import is declared, relative to its own source, or part of Node`, () => {
    for (const [specifier, file] of used) {
      if (specifier.startsWith('.')) {
        assert.ok(
          specifier.endsWith('.ts') || specifier.endsWith('.json'),
          `${file}: ${specifier} does not name a file`,
        )
        continue
      }
      if (specifier.startsWith('node:')) continue
      assert.ok(!builtinModules.includes(specifier), `${file}: write node:${specifier}`)
      assert.ok(packageName(specifier) in declared, `${file} imports ${specifier}, which package.json does not declare`)
    }
  })

  test(`${folder}: every dependency is used`, () => {
    const names = new Set([...used.keys()].map(packageName))
    for (const name of Object.keys(dependencies)) {
      assert.ok(names.has(name), `${name} is declared and never imported`)
    }
  })

  test(`${folder}: project references equal the workspace dependencies`, () => {
    const references: string[] = JSON.parse(read(`packages/${folder}/tsconfig.json`)).references.map(
      ({ path }: { path: string }) => path.replace('../', ''),
    )
    const workspace = Object.keys(dependencies).flatMap((name) => folderOf.get(name) ?? [])
    assert.deepEqual(references.toSorted(), workspace.toSorted())
    for (const target of workspace) assert.ok(allowed.includes(target), `${folder} depends on ${target}`)
  })
}

for (const folder of pure) {
  test(`${folder}: touches no file, network, process, environment or clock`, () => {
    for (const file of sources().filter((path) => path.startsWith(`packages/${folder}/`))) {
      const text = read(file)
      for (const specifier of imports(text)) {
        if (specifier.startsWith('node:')) assert.ok(pureBuiltins.has(specifier), `${file} imports ${specifier}`)
      }
      const impure = text.match(/\bprocess\.(?!versions)\w+|\bconsole\.\w+|\bDate\.now\(\)|\bnew Date\(\)/)
      assert.equal(impure, null, `${file}: ${impure?.[0]}`)
    }
  })
}

test('no file loads itself through others', () => {
  const files = new Map(sources().map((file) => [file, loads(file)]))
  const clear = new Set<string>()
  const walk = (file: string, way: readonly string[]): void => {
    if (clear.has(file)) return
    assert.ok(!way.includes(file), `a circle of imports: ${[...way.slice(way.indexOf(file)), file].join(' -> ')}`)
    for (const next of files.get(file) ?? []) walk(next, [...way, file])
    clear.add(file)
  }
  for (const file of files.keys()) walk(file, [])
})
