import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { fc } from '../../property.ts'
import { program } from '../../servers/programs.ts'
import { manifest, sealedWorld } from './world.ts'

const { folder, sealkit, write, read, item } = await sealedWorld()
const keys = ['--key', 'old.key', '--cert', 'new.pem']
const a = await item('first')
const b = await item('second')

/** Every ciphertext taken out, in all the layouts that a block may have. */
const bare = (text: string): string => text.replace(/Ag[A-Za-z0-9+/=]{80,}|(?:AI|AQ)[A-Za-z0-9+/=]{80,}/g, '*')

async function plaintexts(text: string, key = 'new.key'): Promise<Record<string, string>> {
  const { stdout, stderr } = await sealkit(['unseal', '-k', key], { stdin: text })
  assert.equal(stderr, '')
  const { data } = parseYaml(stdout) as { data: Record<string, string> }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, atob(value)]))
}

const json = JSON.stringify(parseYaml(manifest({ a, b: b })), null, '\t')
const block = (mark: string, value: string): string => `${mark}\n      ${value}`
const lines = a.match(/.{1,60}/g)?.join('\n      ') ?? ''
const layouts: Readonly<Record<string, string>> = {
  plain: manifest({ a, b }),
  'comments at the end of a line': manifest({ a: `${a} # one`, b: `${b}   # two` }),
  'double quotes': manifest({ a: `"${a}"`, '"b"': `"${b}"` }),
  'single quotes': manifest({ a: `'${a}'`, b: `'${b}'` }),
  'a folded block': manifest({ a: block('>-', a), b: block('>', b) }),
  'a literal block of several lines': manifest({ a: block('|', lines), b: block('|+', `${b}\n`) }),
  'a flow mapping': manifest({}).replace('encryptedData:', `encryptedData: {a: ${a}, "b": "${b}"}`),
  'an escaped line break': manifest({ a: `"${a.slice(0, 70)}\\\n      ${a.slice(70)}"`, b }),
  'Windows line breaks': manifest({ a, b: block('|', b) }).replaceAll('\n', '\r\n'),
  'characters of two units': manifest({ a: `${a} # \u{1f511}`, b }).replace('# kept', '# \u{1f511}\u{1f511}'),
  'a byte order mark': `\ufeff${manifest({ a, b })}`,
  'no line break at the end': manifest({ a, b }).trimEnd(),
  'other documents': `kind: ConfigMap\ndata: {x: y}\n---\n${manifest({ a, b })}---\n# end\n`,
  'JSON with tabs': `${json}\n`,
  'compact JSON': JSON.stringify(JSON.parse(json)),
  'JSON with escapes that YAML lacks': json.replace('"kind"', '"x": "\\ud83d\\ude00 \\/ \\\\ud83d", "kind"'),
  'JSON objects one after the other': `${json} {"kind": "Pod"}\n${JSON.stringify({ a: '}{"' })}`,
  'a List': JSON.stringify({ kind: 'List', items: [JSON.parse(json)] }),
}

test('only the ciphertexts change, whatever the layout', async () => {
  for (const [name, stdin] of Object.entries(layouts)) {
    const { code, stdout, stderr } = await sealkit(['reseal', ...keys], { stdin })
    assert.equal(stderr, 'resealed 2 items in 1 file, 0 failed\n', name)
    assert.equal(code, 0, name)
    assert.notEqual(stdout, stdin, name)
    if (!name.includes('several lines')) {
      const [before, after] = [stdin, stdout].map((text) => bare(text.replace(/\\\n {6}/, '')))
      assert.equal(after, before, name)
    }
    if (name === 'other documents' || name.endsWith('the other')) continue
    assert.deepEqual(await plaintexts(stdout), { a: 'first', b: 'second' }, name)
    assert.equal((await sealkit(['unseal', '-k', 'old.key'], { stdin: stdout })).code, 1, name)
  }
})

test('a literal block keeps the length of its lines', async () => {
  const { stdout } = await sealkit(['reseal', ...keys], { stdin: manifest({ a: block('|', lines) }) })
  const rows = /a: \|\n((?: {6}.+\n)+) {2}template/.exec(stdout)?.[1]?.trimEnd().split('\n') ?? []
  assert.ok(rows.length > 6)
  assert.ok(rows.slice(0, -1).every((row) => row.length === 66))
})

test('scope, name and namespace are those of the file', async () => {
  const annotated = (scope: string): string => `  annotations: {sealedsecrets.bitnami.com/${scope}: "true"}\n`
  for (const scope of ['namespace-wide', 'cluster-wide'] as const) {
    const stdin = manifest({ a: await item('x', { scope }) }, annotated(scope))
    const { stdout } = await sealkit(['reseal', ...keys], { stdin })
    assert.deepEqual(await plaintexts(stdout), { a: 'x' })
    assert.equal(bare(stdout), bare(stdin))
  }
  const stdin = manifest({ a }).replace('  namespace: shop\n', '')
  const { code, stderr } = await sealkit(['reseal', ...keys, '-n', 'shop'], { stdin })
  assert.equal(code, 0, stderr)
})

test('the format before 0.7: the whole Secret in spec.data', async () => {
  const old = await item(JSON.stringify({ data: { k: btoa('v') } }))
  const stdin = `kind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec:\n  data: ${old}\n`
  const { stdout } = await sealkit(['reseal', ...keys], { stdin })
  assert.deepEqual(await plaintexts(stdout), { k: 'v' })
})

test('what the new key opens already stays as it is', async () => {
  const current = await item('third', { cert: 'new' })
  const stdin = manifest({ a, current })
  const { stdout, stderr } = await sealkit(['reseal', ...keys, '--key', 'new.key'], { stdin })
  assert.equal(stderr, 'resealed 1 item in 1 file, 0 failed\n')
  assert.ok(stdout.includes(current))
  const again = await sealkit(['reseal', ...keys, '--key', 'new.key'], { stdin: stdout })
  assert.deepEqual(again, { code: 0, stdout, stderr: 'resealed 0 items in 0 files, 0 failed\n' })
})

test('a tree: every file that can be, each whole or not at all', async () => {
  write('tree/good.yaml', manifest({ a, b }))
  write('tree/deep/good.json', json)
  write('tree/chart.yaml', '{{ if }}: [')
  write('tree/pod.yaml', 'kind: Pod\n')
  write('tree/bad.yaml', manifest({ a, b: await item('x', { name: 'other' }) }))
  write('tree/.git/x.yaml', manifest({ a }))
  chmodSync(join(folder, 'tree/good.yaml'), 0o640)
  const before = Object.fromEntries(['good', 'bad', '.git/x'].map((name) => [name, read(`tree/${name}.yaml`)]))
  const dry = await sealkit(['reseal', ...keys, '--dry-run', 'tree'])
  assert.equal(dry.code, 1)
  assert.match(dry.stderr, /\nwould reseal 4 items in 2 files, 1 failed\n$/)
  assert.equal(read('tree/good.yaml'), before['good'])
  const { code, stdout, stderr } = await sealkit(['reseal', ...keys, '--write', 'tree'])
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^sealkit: error: tree\/bad\.yaml: SealedSecret shop\/db: b: no key could decrypt secret\nhint: [^\n]+\nresealed 4 items in 2 files, 1 failed\n$/,
  )
  assert.equal(read('tree/bad.yaml'), before['bad'])
  assert.equal(read('tree/.git/x.yaml'), before['.git/x'])
  assert.deepEqual(await plaintexts(read('tree/good.yaml')), { a: 'first', b: 'second' })
  assert.equal(statSync(join(folder, 'tree/good.yaml')).mode & 0o777, 0o640)
})

test('a link stays a link; progress on a terminal only', async () => {
  write('linked.yaml', manifest({ a }))
  write('second.yaml', manifest({ b }))
  symlinkSync('linked.yaml', join(folder, 'link.yaml'))
  const { stderr } = await sealkit(['reseal', ...keys, '-w', 'link.yaml', 'second.yaml'], { terminal: true })
  assert.match(stderr, /^\rresealing 1\/2\rresealing 2\/2\r.\[Kresealed 2 items in 2 files, 0 failed\n$/)
  assert.deepEqual(await plaintexts(read('linked.yaml')), { a: 'first' })
})

interface Refusal {
  readonly argv?: readonly string[]
  readonly stdin?: string
  readonly code?: number
  readonly error: RegExp
}

const foreign = await item('x', { cert: 'new' })
const refusals: Readonly<Record<string, Refusal>> = {
  'no key': { argv: ['--cert', 'new.pem'], error: /no private key was given/ },
  'a tree without any': { argv: [...keys, '-w', 'empty'], code: 2, error: /no SealedSecret found/ },
  'a key that is none': { argv: ['--key', 'old.pem', '--cert', 'new.pem'], error: /no private key found/ },
  'a certificate that is none': { argv: ['--key', 'old.key', '--cert', 'new.key'], error: /no certificate found/ },
  'a missing file': { argv: [...keys, 'nope.yaml'], error: /nope\.yaml: no such file/ },
  'a directory without mode': { argv: [...keys, 'empty'], code: 2, error: /pass --write or --dry-run/ },
  'several files without mode': { argv: [...keys, 'old.pem', 'new.pem'], code: 2, error: /pass --write or --dry-run/ },
  'both modes': { argv: [...keys, '-w', '--dry-run', 'old.pem'], code: 2, error: /cannot be used with --dry-run/ },
  'writing to standard input': { argv: [...keys, '-w'], code: 2, error: /standard input cannot be written/ },
  'no SealedSecret': { stdin: 'kind: Secret\n', error: /stdin: no SealedSecret found/ },
  nothing: { stdin: '', error: /stdin: no SealedSecret found/ },
  'no YAML': { stdin: 'kind: SealedSecret\na: [', error: /stdin: line 3/ },
  'no text': { argv: [...keys, 'binary.yaml'], error: /binary\.yaml: no UTF-8 text/ },
  'another key': { stdin: manifest({ a: foreign }), error: /shop\/db: a: no key could decrypt secret\n/ },
  'another scope': {
    stdin: manifest({ a }, '  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}\n'),
    error: /a: no key could decrypt secret\n/,
  },
  'no base64': { stdin: manifest({ a: 'x' }), error: /a: illegal base64 data at input byte 0/ },
  'no text item': { stdin: manifest({ a: '12345678' }), error: /a: the item is no text\nhint: quote it/ },
  'an empty item': { stdin: manifest({ a: '' }), error: /a: the item is empty/ },
  'a truncated item': { stdin: manifest({ a: a.slice(0, 100) }), error: /a: no key could decrypt/ },
  'no name': { stdin: manifest({ a }).replace('  name: db\n', ''), error: /shop\/\?: metadata\.name is missing/ },
  'no namespace': {
    stdin: manifest({ a }).replace('  namespace: shop\n', ''),
    error: /\?\/db: metadata\.namespace is/,
  },
  'an alias': { stdin: manifest({ a: `&x ${a}`, b: '*x' }), error: /b: the value cannot be replaced.*alias/ },
  'an anchor': { stdin: manifest({ a: `&x ${a}` }), error: /a: the value cannot be replaced.*anchor or a tag/ },
  'a tag': { stdin: manifest({ a: `!!str ${a}` }), error: /a: the value cannot be replaced.*anchor or a tag/ },
  'a merge key': {
    stdin: manifest({ '<<': '*m' }).replace('metadata:', `m: &m {a: ${a}}\nmetadata:`),
    error: /a: the value cannot be replaced.*merged/,
  },
}

test('what is refused: one line and a hint, nothing on stdout', async () => {
  write('empty/.keep', '')
  write('binary.yaml', Buffer.of(0xff, 0xfe, 0x80))
  for (const [name, { argv = keys, stdin = '', code = 1, error }] of Object.entries(refusals)) {
    const done = await sealkit(['reseal', ...argv], { stdin })
    assert.equal(done.code, code, `${name}: ${done.stderr}`)
    assert.match(done.stderr, error, name)
    assert.equal(done.stdout, '', name)
    assert.doesNotMatch(done.stderr, /[A-Za-z0-9+/]{60}/, name)
  }
})

test('resealing keeps every byte outside the ciphertexts', async () => {
  const space = fc.constantFrom('', '\n', '  # c: "d"\n', "\n\n# \u{1f511} '\n")
  const style = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `"${text}"`,
    (text) => `'${text}' # x`,
    (text) => `|\n      ${text}`,
    (text) => `>-\n\n      ${text}\n`,
  )
  const entry = fc.record({
    space,
    style,
    key: fc.stringMatching(/^[a-z][a-zA-Z0-9._-]{0,9}$/),
    value: fc.constantFrom(a, b),
  })
  const entries = fc.uniqueArray(entry, { selector: ({ key }) => key, minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(
      entries,
      space,
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      async (items, tail, twice, lineBreak) => {
        const body = items.map((one) => `${one.space}    ? ${one.key}\n    : ${one.style(one.value)}\n`)
        const some = items.map((one) => `${one.space}    ${JSON.stringify(one.key)}: ${one.style(one.value)}\n`)
        const one = manifest({}).replace('encryptedData:\n', `encryptedData:\n${some.join('')}${tail}`)
        const other = manifest({}).replace('encryptedData:\n', `encryptedData:\n${body.join('')}`)
        const stdin = (twice ? `${one}---\n${other}` : one).replaceAll('\n', lineBreak)
        const { code, stdout, stderr } = await sealkit(['reseal', ...keys], { stdin })
        assert.equal(code, 0, stderr)
        assert.equal(bare(stdout), bare(stdin))
        assert.ok(!stdout.includes(a) && !stdout.includes(b))
      },
    ),
    { numRuns: 60 },
  )
})

test('the real kubeseal recovers what was resealed', async (t) => {
  let kubeseal: string
  try {
    kubeseal = await program('kubeseal')
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    t.skip(`kubeseal: ${error instanceof Error ? error.message : 'cannot be had'}`)
    return
  }
  for (const name of ['plain', 'a literal block of several lines', 'compact JSON']) {
    const { stdout } = await sealkit(['reseal', ...keys], { stdin: layouts[name] ?? '' })
    const args = ['--recovery-unseal', '--recovery-private-key', join(folder, 'new.key'), '-o', 'json']
    const secret = JSON.parse(execFileSync(kubeseal, args, { input: stdout, encoding: 'utf8' }))
    assert.deepEqual(secret.data, { a: btoa('first'), b: btoa('second') }, name)
  }
})
