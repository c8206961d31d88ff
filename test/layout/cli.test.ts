import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from '@sealkit/cli/commands'
import { reference } from '@sealkit/cli/reference'
import { read } from './sources.ts'

test('docs/reference/cli.md equals what --help prints', async () => {
  assert.equal(read('docs/reference/cli.md'), await reference())
})

test('every command has a one-line summary, described options and no option twice', async () => {
  for (const [name, load] of Object.entries(commands)) {
    const { summary, options } = await load()
    assert.match(summary, /^[A-Z].*[^.]$/, `${name}: ${summary}`)
    for (const option of options) assert.match(option.description, /^\S.*[^.]$/, `${name} --${option.name}`)
    const names = options.flatMap((option) => [option.name, ...(option.short === undefined ? [] : [option.short])])
    assert.equal(new Set(names).size, names.length, name)
  }
})
