import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { read, root } from './sources.ts'

const pages = [
  { page: 'docs/reference/sealed-secrets-compatibility.md', rows: 91 },
  { page: 'docs/reference/sops-compatibility.md', rows: 96 },
  { page: 'docs/reference/external-secrets-compatibility.md', rows: 110 },
]
const shown = new Set(['same', 'accepted', 'better'])
const silent = new Set(['left out', 'open'])

interface Row {
  readonly number: number
  readonly state: string
  readonly tests: { title: string; file: string }[]
}

function rowsOf(page: string): Row[] {
  const lines = read(page).matchAll(/^\| (\d+) \| (?:\\\||[^|])+ \| ([a-z ]+)(?:: (?:\\\||[^|])*)? \|(.*)\|$/gm)
  return [...lines].map(([, number, state = '', links = '']) => ({
    number: Number(number),
    state,
    tests: [...links.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(([^)]+)\)/g)].map(([, title = '', target = '']) => ({
      title: title.replaceAll(/\\(.)/g, '$1'),
      file: join(dirname(page), target),
    })),
  }))
}

for (const { page, rows } of pages) {
  test(`${page} has each of its ${rows} rows once, in order`, () => {
    assert.deepEqual(
      rowsOf(page).map((row) => row.number),
      Array.from({ length: rows }, (_, index) => index + 1),
    )
  })

  test(`${page}: every row has a known state, and a test where it claims something`, () => {
    for (const { number, state, tests } of rowsOf(page)) {
      assert.ok(shown.has(state) || silent.has(state), `row ${number}: state "${state}"`)
      if (shown.has(state)) assert.ok(tests.length > 0, `row ${number} is "${state}" and names no test`)
    }
  })

  test(`${page}: the tests that it names exist`, () => {
    for (const { number, tests } of rowsOf(page)) {
      for (const { title, file } of tests) {
        assert.match(file, /^test\/.*\.ts$/, `row ${number}`)
        assert.ok(existsSync(join(root, file)), `row ${number}: ${file}`)
        assert.ok(read(file).includes(title), `row ${number}: ${file} has no "${title}"`)
      }
    }
  })
}
