import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { fc } from '../../property.ts'
import { manifest, sealedWorld } from './world.ts'

const { sealkit, write, read, item } = await sealedWorld()
const cert = ['--cert', 'old.pem']
const a = await item('first')
const b = await item('second')

async function plaintexts(text: string): Promise<Record<string, string>> {
  const { stdout, stderr } = await sealkit(['unseal', '-k', 'old.key'], { stdin: text })
  assert.equal(stderr, '')
  const { data } = parseYaml(stdout) as { data: Record<string, string> }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, atob(value)]))
}

const json = JSON.parse(JSON.stringify(parseYaml(manifest({ a, b }))))
const bareJson = { ...json, spec: { template: { type: 'Opaque' } } }

/** A text, and what it becomes once `new` is set; `*` is the new ciphertext. */
interface Case {
  readonly text: string
  readonly key?: string
  readonly edited: string
}

const cases: Readonly<Record<string, Case>> = {
  'a plain value': { text: manifest({ a: `${a} # c`, b }), key: 'a', edited: manifest({ a: '* # c', b }) },
  'a quoted value': { text: manifest({ a, b: `'${b}'` }), key: 'b', edited: manifest({ a, b: "'*'" }) },
  'a block': { text: manifest({ a: `|\n      ${a}`, b }), key: 'a', edited: manifest({ a: '|\n      *', b }) },
  'a placeholder': { text: manifest({ a: 'to be set', b }), key: 'a', edited: manifest({ a: '*', b }) },
  'a new key': { text: manifest({ a, b: `${b} # c` }), edited: manifest({ a, b: `${b} # c`, new: '*' }) },
  'a new key below a quoted one': { text: manifest({ a: `"${a}"` }), edited: manifest({ a: `"${a}"`, new: '"*"' }) },
  'a new key below a block': {
    text: manifest({ a: `|\n      ${a}` }),
    edited: manifest({ a: `|\n      ${a}`, new: '*' }),
  },
  'a key that YAML takes for something else': {
    text: manifest({ a }),
    key: 'on',
    edited: manifest({ a, '"on"': '*' }),
  },
  'a key of digits': { text: manifest({ a }), key: '1', edited: manifest({ a, '"1"': '*' }) },
  'Windows line breaks': {
    text: manifest({ a }).replaceAll('\n', '\r\n'),
    edited: manifest({ a, new: '*' }).replaceAll('\n', '\r\n'),
  },
  'the end of a text without line break': {
    text: `kind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec:\n  encryptedData:\n    a: ${a}`,
    edited: `kind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec:\n  encryptedData:\n    a: ${a}\n    new: *`,
  },
  'a flow mapping': {
    text: manifest({}).replace('Data:', `Data: {a: ${a}}`),
    edited: manifest({}).replace('Data:', `Data: {a: ${a}, new: *}`),
  },
  'an empty mapping': {
    text: manifest({}).replace('Data:', 'Data: {} # c'),
    edited: manifest({}).replace('Data:', 'Data: {new: *} # c'),
  },
  'no mapping yet': { text: manifest({}), edited: manifest({ new: '*' }) },
  'another document': {
    text: `kind: ConfigMap\n---\n${manifest({ a })}`,
    edited: `kind: ConfigMap\n---\n${manifest({ a, new: '*' })}`,
  },
  'JSON with tabs': {
    text: JSON.stringify(json, null, '\t'),
    edited: JSON.stringify({ ...json, spec: { ...json.spec, encryptedData: { a, b, new: '*' } } }, null, '\t'),
  },
  'compact JSON': {
    text: JSON.stringify(json),
    key: 'b',
    edited: JSON.stringify({ ...json, spec: { ...json.spec, encryptedData: { a, b: '*' } } }),
  },
  'JSON without items': {
    text: JSON.stringify(bareJson, null, 1),
    edited: JSON.stringify(bareJson, null, 1).replace(
      '{\n  "template"',
      '{\n  "encryptedData": {"new":"*"},\n  "template"',
    ),
  },
  'JSON with null': {
    text: JSON.stringify({ ...json, spec: { encryptedData: null } }),
    edited: JSON.stringify({ ...json, spec: { encryptedData: { new: '*' } } }),
  },
}

test('one item changes, and not another byte', async () => {
  for (const [name, { text, key = 'new', edited }] of Object.entries(cases)) {
    write('set.yaml', text)
    const done = await sealkit(['set', ...cert, 'set.yaml', key], { stdin: 'value\n' })
    assert.deepEqual(done, { code: 0, stdout: '', stderr: '' }, name)
    const [head = '', tail = ''] = edited.split('*')
    const result = read('set.yaml')
    assert.ok(result.startsWith(head) && result.endsWith(tail), `${name}:\n${result}`)
    assert.match(result.slice(head.length, result.length - tail.length), /^[A-Za-z0-9+/]{100,}=*$/, name)
    if (name === 'another document') continue
    assert.equal((await plaintexts(result))[key], 'value\n', name)
  }
})

test('the scope and the names are those of the file', async () => {
  for (const scope of ['namespace-wide', 'cluster-wide']) {
    const annotation = `  annotations: {sealedsecrets.bitnami.com/${scope}: "true"}\n`
    write('set.yaml', manifest({}, annotation))
    await sealkit(['set', ...cert, 'set.yaml', 'k', '--value', 'v'])
    assert.deepEqual(await plaintexts(read('set.yaml')), { k: 'v' })
    write('set.yaml', read('set.yaml').replace('name: db', 'name: other'))
    assert.deepEqual(await plaintexts(read('set.yaml')), { k: 'v' })
  }
  write('set.yaml', manifest({ a }).replace('  namespace: shop\n', ''))
  assert.equal((await sealkit(['set', ...cert, '-n', 'shop', 'set.yaml', 'k'], { stdin: 'v' })).code, 0)
  write('set.yaml', read('set.yaml').replace('name: db\n', 'name: db\n  namespace: shop\n'))
  assert.deepEqual(await plaintexts(read('set.yaml')), { a: 'first', k: 'v' })
})

test('one SealedSecret of several', async () => {
  const text = `${manifest({ a })}---\n${manifest({ a }).replace('name: db', 'name: other')}`
  write('set.yaml', text)
  assert.equal((await sealkit(['set', ...cert, '--name', 'other', 'set.yaml', 'k', '--value', 'v'])).code, 0)
  const [first, second = ''] = read('set.yaml').split('---\n')
  assert.equal(first, manifest({ a }))
  assert.match(second, /\n {4}k: /)
})

test('a value of any bytes, and a word on a terminal', async () => {
  write('set.yaml', manifest({}))
  const done = await sealkit(['set', ...cert, 'set.yaml', 'k'], { stdin: Buffer.of(0, 0xff), terminal: true })
  assert.equal(done.stderr, 'type the value, then press Ctrl-D\n')
  assert.deepEqual(await plaintexts(read('set.yaml')), { k: '\0\xff' })
})

interface Refusal {
  readonly text?: string
  readonly argv?: readonly string[]
  readonly code?: number
  readonly error: RegExp
}

const refusals: Readonly<Record<string, Refusal>> = {
  'no file': { argv: [], code: 2, error: /set needs a file and a key/ },
  'no key': { argv: [...cert, 'set.yaml'], code: 2, error: /set needs a file and a key/ },
  'a value as argument': { argv: [...cert, 'set.yaml', 'k', 'hunter2'], code: 2, error: /set needs a file and a key/ },
  'a missing file': { argv: [...cert, 'nope', 'k'], error: /nope: no such file/ },
  'a missing certificate': { argv: ['--cert', 'nope', 'set.yaml', 'k'], error: /certificate nope cannot be read/ },
  'a private key as certificate': { argv: ['--cert', 'old.key', 'set.yaml', 'k'], error: /no certificate found/ },
  'a bad key': { argv: [...cert, 'set.yaml', 'a b'], error: /the key "a b" cannot/ },
  'a Secret': { text: 'kind: Secret\n', code: 2, error: /a Secret in plain text/ },
  'an empty file': { text: '', code: 2, error: /no SealedSecret or SOPS file found/ },
  'broken YAML': { text: 'kind: SealedSecret\na: [', error: /line 3/ },
  'another name': { argv: [...cert, 'set.yaml', 'k', '--name', 'x'], code: 2, error: /no SealedSecret of the name x/ },
  'two objects': {
    text: `${manifest({ a })}---\n${manifest({ a })}`,
    code: 2,
    error: /2 SealedSecrets found\nhint: say/,
  },
  'no name': { text: manifest({ a }).replace('name: db', 'x: y'), error: /metadata\.name is missing/ },
  'no namespace': { text: manifest({ a }).replace('namespace: shop', 'x: y'), error: /metadata\.namespace is missing/ },
  'the old format': { text: manifest({}).replace('encryptedData:', `data: ${a}`), error: /format before 0\.7/ },
  'an alias': { text: manifest({ a: `&x ${a}`, k: '*x' }), error: /it is an alias/ },
  'an anchor': { text: manifest({ k: `&x ${a}` }), error: /an anchor or a tag/ },
  'below an anchor': { text: manifest({ a: `&x ${a}` }), error: /an anchor or a tag/ },
  'a mapping as item': { text: manifest({ k: '{x: y}' }), error: /it is no text/ },
  'a folded plain text': { text: manifest({ k: 'two\n      lines' }), error: /cannot be replaced in place/ },
  'the same key twice': {
    text: JSON.stringify(json).replace('"b"', '"a"'),
    argv: [...cert, 'set.yaml', 'a'],
    error: /several times/,
  },
  'comments in a flow mapping': {
    text: manifest({}).replace('Data:', `Data: { # c\n      a: ${a}}`),
    error: /comments stand between/,
  },
}

test('what is refused: the file stays, and the value is not shown', async () => {
  for (const [name, { text = manifest({ a }), argv = [...cert, 'set.yaml', 'k'], code = 1, error }] of Object.entries(
    refusals,
  )) {
    write('set.yaml', text)
    const done = await sealkit(['set', ...argv], { stdin: 'hunter2' })
    assert.equal(done.code, code, `${name}: ${done.stderr}`)
    assert.match(done.stderr, error, name)
    assert.equal(done.stdout, '', name)
    assert.doesNotMatch(done.stderr, /hunter2/, name)
    assert.equal(read('set.yaml'), text, name)
  }
})

test('any key after any other: the old items stay as they are', async () => {
  const key = fc.stringMatching(/^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,6}$/)
  const value = fc.constantFrom(a, `"${b}" # x`, `'${a}'`, `|\n      ${b}\n`, `>-\n      ${a}`)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }), key, async (items, added) => {
      const quoted = Object.fromEntries(Object.entries(items).map(([name, text]) => [JSON.stringify(name), text]))
      const text = manifest(quoted)
      write('set.yaml', text)
      const done = await sealkit(['set', ...cert, '--value', 'v', '--', 'set.yaml', added])
      assert.equal(done.stderr, '')
      const before = parseYaml(text) as { spec: { encryptedData: object | null } }
      const after = parseYaml(read('set.yaml')) as { spec: { encryptedData: Record<string, string> } }
      const sealed = after.spec.encryptedData[added]
      assert.deepEqual(after.spec.encryptedData, { ...before.spec.encryptedData, [added]: sealed })
      assert.equal((await plaintexts(manifest({ v: sealed ?? '' })))['v'], 'v')
    }),
    { numRuns: 60 },
  )
})
