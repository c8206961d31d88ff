import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { files, read, root, sources } from './sources.ts'

const topLevel = new Set(
  'package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.json packages test docs README.md LICENSE SECURITY.md CONTRIBUTING.md'.split(
    ' ',
  ),
)
const text = (file: string): boolean =>
  /\.(ts|json|md|yaml|yml|mjs|txt|go|mod|sh)$|\/run$/.test(file) && !file.startsWith('test/vectors/')

test('the top level is the design\u2019s', () => {
  for (const entry of new Set(files().map((file) => file.split('/')[0] ?? ''))) {
    assert.ok(entry.startsWith('.') || topLevel.has(entry), `${entry} does not belong at the top level`)
  }
})

test('names are the field\u2019s own', () => {
  for (const file of files()) assert.doesNotMatch(file, /(^|\/)(utils?|helpers?|common|misc)(\.|\/|$)/, file)
})

test('source files are small', () => {
  const long = sources().filter((file) => read(file).split('\n').length > 400)
  assert.deepEqual(long, [])
})

test('nothing is unfinished or switched off', () => {
  const marks = new RegExp(
    ['\\bTO' + 'DO\\b', 'FIX' + 'ME', '\\.on' + 'ly\\(', '\\.to' + 'do\\(', '@ts-' + 'ignore', 'as ' + 'any\\b'].join(
      '|',
    ),
  )
  for (const file of files().filter((path) => path.endsWith('.ts'))) {
    if (file.startsWith('test/vectors/')) continue
    assert.doesNotMatch(read(file), marks, file)
  }
})

test('no registry is named', () => {
  const hosts = new RegExp(
    [
      'registry\\.npm' + 'js',
      'proxy\\.gol' + 'ang',
      'sum\\.gol' + 'ang',
      'pypi\\.o' + 'rg',
      'python' + 'hosted',
      'deb\\.deb' + 'ian',
    ].join('|'),
  )
  for (const file of files().filter(text)) assert.doesNotMatch(read(file), hosts, file)
})

test('links in documents lead somewhere', () => {
  for (const file of files().filter((path) => path.endsWith('.md'))) {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(file), target)), `${file}: ${target}`)
    }
  }
})

test('every package has a README with an example', () => {
  for (const folder of new Set(sources().map((file) => file.split('/')[1] ?? ''))) {
    const readme = `packages/${folder}/README.md`
    assert.ok(files().includes(readme), `${readme} is missing`)
    assert.match(read(readme), /```/, `${readme} shows no example`)
  }
})
