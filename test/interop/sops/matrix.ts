import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Case, type Fixtures, type Outcome, runCase } from './pair.ts'

const compiled = fileURLToPath(new URL('../../../dist/sops', import.meta.url))

/** Plain files of every format, by what is special about them. */
const inputs: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> = {
  yaml: {
    unicode: 'é: ☃\n"\\U0001F600": "\\u2028"\nкириллица: значение\n',
    comments: '# one\n# two\n\na: 1 # in\n# three\nb:\n    # four\n    c: [1, 2] # five\n# six\n',
    'comments in lists': 'l:\n    # a\n    - 1\n    # b\n    - k: v\n    # c\n',
    anchors: 'x: &a {k: v}\ny: *a\nz:\n    <<: *a\n    q: 1\n',
    documents: '# first\na: 1\n---\nb: 2\n---\nc: [x]\n',
    blocks: 'a: |-\n    x\n      y\nb: >\n    folded\n    text\nc: "q\\"uote"\nd: \'s\'\n',
    scalars: 'a: 0x1F\nb: 0o17\nc: 1_000\nd: .inf\ne: 2024-01-01\nf: yes\ng: ~\nh: "1"\ni: 1e3\nj: -0.0\n',
    empties: 'a: {}\nb: []\nc: ""\nd:\n    e: {}\n',
    flow: '{a: [1, {b: c}], "d": e}\n',
    deep: 'a:\n    b:\n        c:\n            d:\n                - - - x\n',
    'nothing of its own': '',
    broken: 'a: [1\n',
    'a tab': 'a:\n\tb: 1\n',
    'an unknown anchor': 'a: *b\n',
    'a key of another type': 'true: 1\n',
    'a text alone': 'hello\n',
  },
  json: {
    unicode: '{"é":"☃","\\u2028":"<&>","😀":"\\ud83d\\ude00"}',
    nested: '{"a":{"b":[{"c":[[1,2],[]]}]},"d":{}}',
    numbers: '{"a":1.0,"b":1e5,"c":-0,"d":9007199254740993,"e":0.1}',
    duplicates: '{"a":1,"a":2}',
    empty: '{}',
    'nothing of its own': '',
    broken: '{"a":}',
    'a list': '[1,2]',
    'behind the end': '{"a":1} x',
  },
  env: {
    comments: '#a\n# b\nA=1\n\n#c\n',
    unicode: 'É=☃\nA=значение\n',
    odd: 'A==\nB= x \nC="q"\nD=\\n\\\\n\nexport E=1\n',
    'nothing of its own': '',
    'not UTF-8': Buffer.from('GR\u00d6SSE=\u00fc \xe2\x98x\nA=1\n', 'latin1'),
    broken: 'A=1\nB\n',
  },
  ini: {
    comments: '; a\n[s]\n# b\nk = v\n',
    unicode: '[é]\nк = ☃\n',
    sections: 'a = 1\n[x]\nb = 2\n[y]\n',
    'not UTF-8': Buffer.from('[s\u00f6]\nk\u00fc = \u00e4 \xe2\x98x\nlonger = 1\n', 'latin1'),
    broken: '[s\n',
  },
  bin: {
    text: 'hello\n',
    bytes: Buffer.from([0, 255, 10, 13, 128]),
    json: '{"data":"x"}',
    'nothing of its own': '',
  },
}

const types: Readonly<Record<string, string>> = {
  yaml: 'yaml',
  json: 'json',
  env: 'dotenv',
  ini: 'ini',
  bin: 'binary',
}

/** Ways to encrypt a file. */
function encryptions(age: string, format: string): Readonly<Record<string, Case>> {
  const file = `in.${format}`
  const config = (rule: string): { files: { '.sops.yaml': string } } => ({
    files: { '.sops.yaml': `creation_rules: [{age: ${age}, ${rule}}]\n` },
  })
  const other = format === 'yaml' ? 'json' : 'yaml'
  return {
    encrypt: { args: ['encrypt', '--age', age, file] },
    '-e -i': { args: ['-e', '-i', '--age', age, file] },
    [`as ${other}`]: { args: ['encrypt', '--age', age, '--output-type', other, file] },
    'by a rule with encrypted_regex': { args: ['encrypt', file], ...config('encrypted_regex: "^[a-m]"') },
    'by a rule with unencrypted_comment_regex': { args: ['encrypt', file], ...config('unencrypted_comment_regex: o') },
    'by a rule with key groups': {
      args: ['encrypt', '--output', 'out', file],
      ...config(`path_regex: ${format}$, mac_only_encrypted: true, key_groups: [{age: [${age}]}]`),
    },
  }
}

/** What is done with an encrypted file. */
function uses(age: string, format: string): Readonly<Record<string, Case>> {
  const file = `enc.${format}`
  const config = { '.sops.yaml': `creation_rules: [{age: ${age}}]\nstores: {yaml: {indent: 2}, json: {indent: 1}}\n` }
  const [first, other] = [format === 'ini' ? '["DEFAULT"]["a"]' : '["a"]', format === 'yaml' ? 'json' : 'yaml']
  return {
    decrypt: { args: ['decrypt', file] },
    '-d -i': { args: ['-d', '-i', file] },
    [`decrypt as ${other}`]: { args: ['decrypt', '--output-type', other, file] },
    'decrypt with indents': { args: ['decrypt', file], files: config },
    extract: { args: ['decrypt', '--extract', first, file] },
    set: { args: ['set', file, first, '"new é"'] },
    unset: { args: ['unset', '--idempotent', file, first] },
    rotate: { args: ['rotate', '-i', file] },
    edit: { args: ['edit', file], env: { EDITOR: 'sed -i s/1/2/' } },
    'encrypt again': { args: ['encrypt', '--age', age, file] },
    filestatus: { args: ['filestatus', file] },
    'exec-env': { args: ['exec-env', file, 'env | grep -v -e ^_ -e "$HOME" | sort > out'] },
  }
}

/** The real program, the age keys that are held, and who they are for. */
export interface World {
  readonly sops: string
  readonly keys: Fixtures
  readonly age: string
}

/** Runs lines by both programs, and fails where their outcomes differ. */
export function comparison({ sops }: World): (line: Case, files: Fixtures) => Promise<Outcome> {
  const hasCompiled = existsSync(compiled)
  let count = 0
  return async (line, files) => {
    const theirs = await runCase(line, files, sops)
    // Every fifth line runs in the compiled program, the others in this process.
    count += 1
    assert.deepEqual(await runCase(line, files, hasCompiled && count % 5 === 0 ? compiled : undefined), theirs)
    return theirs
  }
}

/** Every way to encrypt every input of a format, and everything that is done with what comes out. */
export function matrix(world: World, format: string): void {
  const { sops, keys, age } = world
  const compare = comparison(world)
  describe(`every way to encrypt ${types[format]}, and what is done with it then`, () => {
    for (const [sort, content] of Object.entries(inputs[format] ?? {})) {
      const plain = { ...keys, [`in.${format}`]: content }
      for (const [way, line] of Object.entries(encryptions(age, format))) {
        test(`${format}, ${sort}: ${way}`, async () => {
          await compare(line, plain)
        })
      }
      test(`${format}, ${sort}: each decrypts what the other encrypts, and goes on with it`, async (t) => {
        const line = { args: ['encrypt', '--age', age, '--output', `enc.${format}`, `in.${format}`] }
        const theirs = await runCase(line, plain, sops)
        const mine = await runCase(line, plain)
        assert.equal(mine.code, theirs.code)
        if (theirs.code !== 0) return
        const encrypted = ({ raw }: Outcome): Fixtures => ({ ...keys, [`enc.${format}`]: raw[`enc.${format}`] ?? '' })
        const read = { args: ['decrypt', `enc.${format}`] }
        assert.deepEqual(await runCase(read, encrypted(mine), sops), await runCase(read, encrypted(theirs)))
        for (const [use, line] of Object.entries(uses(age, format))) {
          await t.test(`${format}, ${sort}: ${use}`, async () => {
            await compare(line, encrypted(theirs))
          })
        }
      })
    }
  })
}
