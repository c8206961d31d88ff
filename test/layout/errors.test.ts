import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read, sources } from './sources.ts'

/** Codes of the closed unions `type XxxErrorCode = 'A' | 'B'`, as `package CODE`. */
function declared(): string[] {
  return sources().flatMap((file) => {
    const folder = file.split('/')[1]
    const unions = read(file).matchAll(/export type \w*ErrorCode =\s*((?:\s*\|?\s*'[A-Z0-9_]+')+)/g)
    return [...unions].flatMap(([, union = '']) =>
      [...union.matchAll(/'([A-Z0-9_]+)'/g)].map((code) => `${folder} ${code[1]}`),
    )
  })
}

function documented(): string[] {
  const rows = read('docs/reference/errors.md').matchAll(/^\| `([A-Z0-9_]+)` \| ([\w, ]+?) \| (.+?) \| (.+?) \|$/gm)
  return [...rows].flatMap(([, code, folders = '']) => folders.split(', ').map((folder) => `${folder} ${code}`))
}

test('every error code is documented, and every documented code exists', () => {
  assert.deepEqual(documented().toSorted(), declared().toSorted())
})

test('every documented code has its row once', () => {
  assert.equal(new Set(documented()).size, documented().length)
})

test('every package that throws has one error class on the common base', () => {
  for (const file of sources()) {
    for (const [, name, parent] of read(file).matchAll(/export class (\w+Error) extends (\w+)/g)) {
      if (name === 'SealkitError' || name === 'TerminalError') continue
      assert.match(parent ?? '', /^(SealkitError|CoreError|\w+Error)$/, `${file}: ${name} extends ${parent}`)
      assert.notEqual(parent, 'Error', `${file}: ${name} extends Error`)
    }
  }
})
