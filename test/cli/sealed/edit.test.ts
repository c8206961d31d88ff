import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeBase64 } from '@sealkit/core/manifest'
import { parseYaml } from '@sealkit/core/yaml'
import { fc } from '../../property.ts'
import { manifest, sealedWorld } from './world.ts'

const { folder, sealkit, write, read, item } = await sealedWorld()
const keys = ['--key', 'old.key', '--cert', 'old.pem']
const a = await item('first')
const b = await item('second\nline\n')
const foreign = await item('for somebody else', { cert: 'new' })
mkdirSync(join(folder, 'temporary'))
const path = { PATH: process.env['PATH'] ?? '', TMPDIR: join(folder, 'temporary') }

/** Edits `edit.yaml` with an editor that keeps the view in `seen` and puts `after` in its place. */
async function edit(text: string, after: string | null, args: readonly string[] = keys) {
  write('edit.yaml', text)
  write('after', after ?? '')
  write('seen', '')
  const replace = after === null ? '' : '; cat after > "$0"'
  const EDITOR = `sh -c 'cat "$0" > seen${replace}'`
  const done = await sealkit(['edit', ...args, 'edit.yaml'], { env: { ...path, EDITOR } })
  assert.deepEqual(readdirSync(join(folder, 'temporary')), [], 'plain text was left behind')
  return { ...done, view: read('seen'), text: read('edit.yaml') }
}

async function plaintexts(text: string): Promise<Record<string, string>> {
  const { stdout, stderr } = await sealkit(['unseal', '-k', 'old.key'], { stdin: text })
  assert.equal(stderr, '')
  const { data } = parseYaml(stdout) as { data: Record<string, string> }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, atob(value)]))
}

const head = `# SealedSecret shop/db, strict
# What changes here is sealed again in the file; a line that is removed removes its item.
# !sealed is a value that no key at hand opens: leave it as it is, or write another in its place.
`

test('the view: texts as they are, other bytes in base64, what no key opens by a tag', async () => {
  const empty = await item('')
  const text = manifest({ a, b: `'${b}'`, c: foreign, d: 'not set yet', e: empty })
  const { view, code, stderr } = await edit(text, null)
  assert.equal(view, `${head}a: first\nb: |\n  second\n  line\nc: !sealed\nd: !sealed\ne: ""\n`)
  assert.deepEqual([code, stderr, read('edit.yaml')], [0, 'nothing changed\n', text])
})

/** A view as it was edited, and what becomes of the file; `*` is a new ciphertext. */
interface Case {
  readonly text: string
  readonly after: string
  readonly edited: string
  readonly args?: readonly string[]
}

const both = manifest({ a, b })
const json = JSON.stringify(parseYaml(both), null, 2)
const cases: Readonly<Record<string, Case>> = {
  'one of two is changed': { text: both, after: 'a: other\nb: |\n  second\n  line\n', edited: manifest({ a: '*', b }) },
  'one is added': { text: manifest({ a }), after: 'a: first\nnew: x\n', edited: manifest({ a, new: '*' }) },
  'one is removed': { text: both, after: 'a: first\n', edited: manifest({ a }) },
  'the first is removed, with its comment': {
    text: manifest({ a: `${a} # c`, b }),
    after: 'b: |\n  second\n  line\n',
    edited: manifest({ b }),
  },
  'a block is removed': {
    text: manifest({ a: `|\n      ${a}\n`, b }),
    after: 'b: |\n  second\n  line\n',
    edited: manifest({ b }).replace('    b:', '\n    b:'),
  },
  'all are removed': { text: both, after: '# what was here\n', edited: manifest({}).replace('Data:', 'Data: {}') },
  'all are removed, comments between': {
    text: manifest({ a }).replace('Data:\n', 'Data: # c\n'),
    after: '{}',
    edited: manifest({}).replace('Data:\n', 'Data: # c\n    {}\n'),
  },
  'one is renamed': {
    text: manifest({ a }),
    after: 'renamed: first\n',
    edited: manifest({ renamed: '*' }).replace('Data:\n    renamed', 'Data: {renamed').replace('*', '*}'),
  },
  'what stays sealed': {
    text: manifest({ a, c: foreign }),
    after: 'a: other\nc: !sealed\n',
    edited: manifest({ a: '*', c: foreign }),
  },
  'what was sealed is replaced': {
    text: manifest({ a, c: foreign }),
    after: 'a: first\nc: known\n',
    edited: manifest({ a, c: '*' }),
  },
  'without a private key': {
    text: both,
    after: 'a: !sealed\nb: !sealed\nc: x\n',
    edited: manifest({ a, b, c: '*' }),
    args: ['--cert', 'old.pem'],
  },
  'removing needs no key at all': { text: both, after: 'b: !sealed\n', edited: manifest({ b }), args: [] },
  'the comments of the view do not matter': {
    text: both,
    after: '# x\na: y # z\nb: "second\\nline\\n"',
    edited: manifest({ a: '*', b }),
  },
  'Windows line breaks': {
    text: both.replaceAll('\n', '\r\n'),
    after: 'a: first\r\n',
    edited: manifest({ a }).replaceAll('\n', '\r\n'),
  },
  'JSON, the last is removed': {
    text: json,
    after: 'a: first\n',
    edited: json.replace(/,\s*"b": "[^"]*"/, ''),
  },
  'JSON, the first is removed': {
    text: json,
    after: 'b: |\n  second\n  line\n',
    edited: json.replace(/"a": "[^"]*",\s*/, ''),
  },
  'JSON, all are removed': { text: json, after: '{}', edited: json.replace(/\{\s*"a"[^}]*\}/, '{}') },
  'a flow mapping': {
    text: manifest({}).replace('Data:', `Data: {a: ${a}, b: ${b}} # c`),
    after: 'b: new\n',
    edited: manifest({}).replace('Data:', 'Data: {b: *} # c'),
  },
}

test('what changed in the view changes in the file, and not another byte', async () => {
  for (const [name, { text, after, edited, args }] of Object.entries(cases)) {
    const done = await edit(text, after, args)
    assert.equal(done.code, 0, `${name}: ${done.stderr}`)
    assert.match(done.stderr, /^edit\.yaml: (\d items? sealed)?(, )?(\d items? removed)?\n$/, name)
    const [start = '', end] = edited.split('*')
    if (end === undefined) {
      assert.equal(done.text, edited, name)
      continue
    }
    assert.ok(done.text.startsWith(start) && done.text.endsWith(end), `${name}:\n${done.text}`)
    assert.match(done.text.slice(start.length, done.text.length - end.length), /^[A-Za-z0-9+/]{100,}=*$/, name)
  }
})

test('whatever stands in the view is the value', async () => {
  const after =
    'octal: 012\nbool: true\nnull: ~\nempty:\ndate: 2020-01-01\nquoted: "!sealed"\nbytes: !!binary AIA=\nfloat: 1.50\n'
  const { text, stderr } = await edit(manifest({}), after)
  assert.equal(stderr, 'edit.yaml: 8 items sealed\n')
  assert.deepEqual(await plaintexts(text), {
    octal: '012',
    bool: 'true',
    null: '~',
    empty: '',
    date: '2020-01-01',
    quoted: '!sealed',
    bytes: '\0\x80',
    float: '1.50',
  })
})

test('several objects, each in its document, and other kinds beside them', async () => {
  const other = manifest({ x: await item('third', { name: 'other' }) }).replace('name: db', 'name: other')
  const text = `kind: ConfigMap\n---\n${both}---\n${other}`
  const { view, text: edited } = await edit(text, 'a: first\nb: |\n  second\n  line\n---\nx: changed\n')
  assert.match(view, /# SealedSecret shop\/db, strict\n(.*\n)*---\n# SealedSecret shop\/other, strict\nx: third\n$/)
  assert.ok(edited.startsWith(`kind: ConfigMap\n---\n${both}---\n`))
  assert.deepEqual(await plaintexts(edited.split('---\n')[2] ?? ''), { x: 'changed' })
})

const oldSecret = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'db' }, data: { a: 'eA==', b: 'eQ==' } }
const oldFormat = manifest({}).replace('encryptedData:\n', `data: ${await item(JSON.stringify(oldSecret))}\n`)

test('the format before 0.7: the whole Secret is sealed again, as one', async () => {
  const { view, text, stderr } = await edit(oldFormat, 'a: x\nc: new\n')
  assert.match(view, /\na: x\nb: y\n$/)
  assert.equal(stderr, 'edit.yaml: 1 item sealed, 1 item removed\n')
  assert.equal(text.replace(/data: .*/, ''), oldFormat.replace(/data: .*/, ''))
  assert.deepEqual(await plaintexts(text), { a: 'x', c: 'new' })
  assert.equal((await sealkit(['set', ...keys, 'edit.yaml', 'c'], { stdin: 'by set' })).code, 0)
  assert.deepEqual(await plaintexts(read('edit.yaml')), { a: 'x', c: 'by set' })
})

interface Refusal {
  readonly text?: string
  readonly after?: string
  readonly args?: readonly string[]
  readonly code?: number
  readonly error: RegExp
}

const refusals: Readonly<Record<string, Refusal>> = {
  'an empty view': { after: '\n', error: /the view is empty/ },
  'broken YAML': { after: 'a: [', error: /line \d/ },
  'a list': { after: '- hunter2\n', error: /no mapping of keys to values/ },
  'a text': { after: 'hunter2', error: /no mapping of keys to values/ },
  'a mapping as value': { after: 'a: {hunter2: x}\n', error: /the value of a is no text/ },
  'a list as value': { after: 'a: [hunter2]\n', error: /the value of a is no text/ },
  'an alias': { after: 'a: &x hunter2\nb: *x\n', error: /the value of b is no text/ },
  'an unknown tag': { after: 'a: !x hunter2\n', error: /unknown tag/ },
  'a value behind the tag': { after: 'a: first\nc: !sealed hunter2\n', error: /the value of c still has !sealed/ },
  'the tag where nothing was sealed': { after: 'a: !sealed\n', error: /a is not sealed/ },
  'the tag on a new item': { after: 'a: hunter2\nz: !sealed\n', error: /z is not sealed/ },
  'bad base64': { after: 'a: !!binary hunter2!\n', error: /base64/ },
  'a key twice': { after: 'a: x\na: hunter2\n', error: /a stands there twice/ },
  'a key that no Secret can have': { after: 'a b: hunter2\n', error: /the key "a b" cannot/ },
  'another document': { after: 'a: hunter2\n---\nb: x\n', error: /2 documents, not 1/ },
  'no certificate': { after: 'a: hunter2\n', args: ['--key', 'old.key', '--cert', 'nope'], error: /certificate nope/ },
  'an item with an anchor': { text: manifest({ a: `&x ${a}` }), after: 'a: hunter2\n', error: /an anchor or a tag/ },
  'a Secret': { text: 'kind: Secret\n', code: 2, error: /: a Secret in plain text/ },
  'only the word': { text: '# SealedSecret\n', code: 2, error: /no SealedSecret found/ },
  'the old format without a key': { text: oldFormat, args: ['--cert', 'old.pem'], error: /format before 0\.7/ },
  'the old format and another key': { text: oldFormat, args: ['--key', 'new.key'], error: /no key could decrypt/ },
  'a missing key': { args: ['--key', 'nope'], error: /nope/ },
}

test('what is refused: the file stays, and the value is not shown', async () => {
  const standard = manifest({ a, c: foreign })
  for (const [name, { text = standard, after = '', args, code = 1, error }] of Object.entries(refusals)) {
    const done = await edit(text, after, args)
    assert.equal(done.code, code, `${name}: ${done.stderr}`)
    assert.match(done.stderr, error, name)
    assert.doesNotMatch(done.stderr + done.stdout, /hunter2/, name)
    assert.equal(done.text, text, name)
  }
})

test('an editor that fails', async () => {
  write('edit.yaml', both)
  const rows: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ ...path, EDITOR: 'false' }, /^sealkit: error: the editor failed: exit status 1\nhint: /],
    [{ ...path, EDITOR: 'no-such-editor' }, /executable file not found in \$PATH/],
    [{ ...path, EDITOR: './nope' }, /no such file or directory/],
    [{ ...path, EDITOR: 'sh -c "kill -9 $$"' }, /signal: SIGKILL/],
    [{ ...path, EDITOR: '"' }, /\$EDITOR is no command/],
    [{ ...path, PATH: '' }, /none was found/],
  ]
  for (const [env, error] of rows) {
    const { code, stderr } = await sealkit(['edit', ...keys, 'edit.yaml'], { env })
    assert.equal(code, 1, stderr)
    assert.match(stderr, error)
    assert.equal(read('edit.yaml'), both)
    assert.deepEqual(readdirSync(join(folder, 'temporary')), [])
  }
  assert.equal((await sealkit(['edit'])).code, 2)
  assert.equal((await sealkit(['edit', 'a', 'b'])).code, 2)
  assert.equal((await sealkit(['edit', 'nope'])).code, 1)
})

test('the variables in their order, and the place of the plain text', async () => {
  write('edit.yaml', both)
  mkdirSync(join(folder, 'run'))
  const record = `sh -c 'echo "$0" > seen'`
  const env = { PATH: path.PATH, XDG_RUNTIME_DIR: join(folder, 'run'), EDITOR: 'false', VISUAL: record }
  await sealkit(['edit', ...keys, 'edit.yaml'], { env })
  assert.match(read('seen'), /\/run\/sealkit-[^/]+\/edit\.yaml\n$/)
  assert.ok(!existsSync(read('seen').trim()))
  for (const name of ['SOPS_EDITOR', 'SEALKIT_EDITOR']) {
    const done = await sealkit(['edit', ...keys, 'edit.yaml'], { env: { ...env, VISUAL: 'false', [name]: 'true' } })
    assert.equal(done.stderr, 'nothing changed\n', name)
  }
})

test('any bytes come back from the view as they were', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
    fc.stringMatching(/^[ \t\r\n\u0085\u2028#:|>&*!a-]{0,8}$/).map((text) => Buffer.from(text)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 4 }), async (values) => {
      const texts = values.map((value) => Buffer.from(value).toString('latin1'))
      const items = await Promise.all(values.map(async (value) => encodeBase64(value)))
      const secret = JSON.stringify({
        ...oldSecret,
        data: Object.fromEntries(items.map((value, at) => [`k${at}`, value])),
      })
      const text = manifest({}).replace('encryptedData:\n', `data: ${await item(secret)}\n`)
      const first = await edit(text, null)
      const { text: edited, stderr } = await edit(text, `${first.view}added: x\n`)
      assert.equal(stderr, 'edit.yaml: 1 item sealed\n')
      assert.deepEqual(await plaintexts(edited), {
        ...Object.fromEntries(texts.map((value, at) => [`k${at}`, value])),
        added: 'x',
      })
    }),
    { numRuns: 25, examples: [[[Buffer.from('\t\n'), Buffer.from('')]]] },
  )
})
