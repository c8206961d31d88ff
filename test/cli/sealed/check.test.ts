import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { manifest, sealedWorld } from './world.ts'

const { sealkit, write, item } = await sealedWorld()
const a = await item('hunter2')
const b = await item('hunter3')
const scopeAnnotation = (scope: string, value = '"true"'): string => `sealedsecrets.bitnami.com/${scope}: ${value}`
const annotated = (...texts: readonly string[]): string => `  annotations: {${texts.join(', ')}}\n`
const good = manifest({ a, b })

/** A text, the flags, and the findings behind `stdin: `, all of them. */
interface Case {
  readonly stdin: string
  readonly argv?: readonly string[]
  readonly findings: readonly string[]
}

const object = 'SealedSecret shop/db'
const cert = ['--cert', 'old.pem']
const key = ['--key', 'old.key']
const bytes = (length: number, announced: number): string => {
  const sealed = Buffer.alloc(length, 7)
  sealed.writeUInt16BE(announced)
  return sealed.toString('base64')
}

const clean: Readonly<Record<string, Omit<Case, 'findings'>>> = {
  'form alone': { stdin: good },
  'with a certificate': { stdin: good, argv: cert },
  'with the key': { stdin: good, argv: [...cert, ...key] },
  'one certificate of two': { stdin: good, argv: ['--cert', 'new.pem', ...cert] },
  'one key of two': { stdin: good, argv: ['--key', 'new.key', ...key] },
  JSON: { stdin: JSON.stringify(parseYaml(good)), argv: key },
  'beside other objects': { stdin: `kind: Pod\n---\n${good}`, argv: key },
  'no items': { stdin: manifest({}).replace('Data:', 'Data: {}') },
  'a namespace given': { stdin: good.replace('  namespace: shop\n', ''), argv: ['-n', 'shop', ...key] },
  'cluster-wide without namespace': {
    stdin: manifest(
      { a: await item('x', { scope: 'cluster-wide' }) },
      annotated(scopeAnnotation('cluster-wide')),
    ).replace('  namespace: shop\n', ''),
    argv: key,
  },
}

const form: Readonly<Record<string, Case>> = {
  'no SealedSecret': { stdin: 'kind: Secret\n', findings: ['a Secret in plain text'] },
  'nothing at all': { stdin: '', findings: ['no SealedSecret or SOPS file found'] },
  'no YAML': { stdin: 'kind: SealedSecret\na: [', findings: ['line 3, column 1: did not find expected node content'] },
  'another API version': {
    stdin: good.replace('v1alpha1', 'v1'),
    findings: [`${object}: apiVersion is not bitnami.com/v1alpha1`],
  },
  'no name': { stdin: good.replace('  name: db\n', ''), findings: ['SealedSecret shop/?: metadata.name is missing'] },
  'an empty name': {
    stdin: good.replace('name: db', 'name: ""'),
    findings: ['SealedSecret shop/?: metadata.name is missing'],
  },
  'no namespace': {
    stdin: good.replace('  namespace: shop\n', ''),
    argv: key,
    findings: ['SealedSecret ?/db: metadata.namespace is missing'],
  },
  'an invalid name': {
    stdin: good.replace('name: db', 'name: My_DB'),
    findings: ['SealedSecret shop/My_DB: metadata.name "My_DB" is no valid name'],
  },
  'an unquoted name': {
    stdin: good.replace('name: db', 'name: 12'),
    findings: ['SealedSecret shop/12: metadata.name is no text: quote it'],
  },
  'a name that a terminal would obey': {
    stdin: good.replace('name: db', 'name: "\\e[2J"'),
    findings: ['SealedSecret shop/?[2J: metadata.name "\\u001b[2J" is no valid name'],
  },
  'an invalid namespace': {
    stdin: good.replace('namespace: shop', 'namespace: a.b'),
    findings: ['SealedSecret a.b/db: metadata.namespace "a.b" is no valid namespace'],
  },
  'an invalid key': {
    stdin: manifest({ '"a b"': a }),
    findings: [`${object}: a b: the key "a b" cannot be a key of a Secret`],
  },
  'both scopes': {
    stdin: manifest({ a }, annotated(scopeAnnotation('cluster-wide'), scopeAnnotation('namespace-wide'))),
    findings: [`${object}: both scopes are annotated: keep the one that is meant`],
  },
  'a scope of another value': {
    stdin: manifest({ a }, annotated(scopeAnnotation('cluster-wide', '"yes"'))),
    findings: [`${object}: the annotation sealedsecrets.bitnami.com/cluster-wide has no effect: only "true" has`],
  },
  'an unquoted scope': {
    stdin: manifest({ a }, annotated(scopeAnnotation('namespace-wide', 'true'))),
    findings: [`${object}: the annotation sealedsecrets.bitnami.com/namespace-wide is no text: quote it`],
  },
  'no items mapping': {
    stdin: manifest({}).replace('  encryptedData:\n', ''),
    findings: [`${object}: spec.encryptedData is missing, or no mapping`],
  },
  'the old format': {
    stdin: manifest({}).replace('encryptedData:', `data: ${a}`),
    findings: [`${object}: spec.data is the format before 0.7: unseal it and seal the Secret again`],
  },
  'no base64': {
    stdin: manifest({ a: `${a.slice(0, 20)}!${a.slice(21)}`, b }),
    findings: [`${object}: a: illegal base64 data at input byte 20`],
  },
  'base64 in two lines of plain text': {
    stdin: manifest({ a: `${a.slice(0, 40)}\n      ${a.slice(40)}` }),
    findings: [`${object}: a: illegal base64 data at input byte 40`],
  },
  'an empty item': { stdin: manifest({ a: '' }), findings: [`${object}: a: the item is empty`] },
  'a number': { stdin: manifest({ a: '1234' }), findings: [`${object}: a: the item is no text`] },
  'a mapping': { stdin: manifest({ a: '{x: y}' }), findings: [`${object}: a: the item is no text`] },
  'the same key twice': {
    stdin: JSON.stringify(parseYaml(good)).replace('"b"', '"a"'),
    findings: [`${object}: a: the key stands there several times`, `${object}: a: the key stands there several times`],
  },
  'one byte': {
    stdin: manifest({ a: '"AA=="' }),
    findings: [`${object}: a: too short: 1 bytes do not hold the RSA part that they announce`],
  },
  'a truncated item': {
    stdin: manifest({ a: a.slice(0, 80) }),
    findings: [`${object}: a: too short: 60 bytes do not hold the RSA part that they announce`],
  },
  'no ciphertext behind the RSA part': {
    stdin: manifest({ a: bytes(130 + 15, 128) }),
    findings: [`${object}: a: too short: 15 bytes behind the RSA part`],
  },
  'plain text in base64': {
    stdin: manifest({ a: bytes(60, 4) }),
    findings: [`${object}: a: no sealed item: an RSA part of 4 bytes is too short`],
  },
  'another size of key': {
    stdin: good,
    argv: ['--cert', 'new.pem'],
    findings: ['a', 'b'].map(
      (name) => `${object}: ${name}: sealed for a key of 1024 bits, where the certificate has 2048`,
    ),
  },
}

const unknown = 'no key opens it: sealed for another key, or for a name or namespace that is not seen here'
await sealkit(['keys', 'generate', '--key-size', '1024', '--out-cert', 'third.pem', '--out-key', 'third.key'])
const opening: Readonly<Record<string, Case>> = {
  'another key of another size': {
    stdin: manifest({ a: await item('x', { cert: 'new' }) }),
    findings: [`${object}: a: sealed for another key, one of 2048 bits`],
  },
  'another key of the same size': {
    stdin: manifest({ a: await item('x', { cert: 'third' }) }),
    findings: [`${object}: a: ${unknown}`],
  },
  'a changed ciphertext': {
    stdin: manifest({ a: `${a.slice(0, -8)}AAAAAAA=` }),
    findings: [`${object}: a: ${unknown}`],
  },
  'a narrower scope': {
    stdin: manifest({ a }, annotated(scopeAnnotation('cluster-wide'))),
    findings: [`${object}: a: sealed in scope strict, where the annotations say cluster-wide`],
  },
  'a wider scope': {
    stdin: manifest({ a: await item('x', { scope: 'namespace-wide' }), b }),
    findings: [`${object}: a: sealed in scope namespace-wide, where the annotations say strict`],
  },
  'the widest scope': {
    stdin: manifest({ a: await item('x', { scope: 'cluster-wide' }) }, annotated(scopeAnnotation('namespace-wide'))),
    findings: [`${object}: a: sealed in scope cluster-wide, where the annotations say namespace-wide`],
  },
  'the name of the template': {
    stdin: manifest({ a: await item('x', { name: 'old-db' }) }).replace(
      '    type:',
      '    metadata: {name: old-db}\n    type:',
    ),
    findings: [`${object}: a: sealed for the name old-db`],
  },
  'the namespace of the template': {
    stdin: manifest({ a: await item('x', { namespace: 'dev' }) }).replace(
      '    type:',
      '    metadata: {namespace: dev}\n    type:',
    ),
    findings: [`${object}: a: sealed for the namespace dev`],
  },
  'the default namespace': {
    stdin: manifest({ a: await item('x', { namespace: 'default' }) }),
    findings: [`${object}: a: sealed for the namespace default`],
  },
  'the object beside it': {
    stdin: `${manifest({ a: await item('x', { name: 'other', namespace: 'there' }) })}---\n${manifest({ b: await item('x', { name: 'other', namespace: 'there' }) }).replace('name: db\n  namespace: shop', 'name: other\n  namespace: there')}`,
    findings: [`${object}: a: sealed for the name other and for the namespace there`],
  },
  'a name that is not seen': {
    stdin: manifest({ a: await item('x', { name: 'elsewhere' }) }),
    findings: [`${object}: a: ${unknown}`],
  },
}

test('nothing to find: exit 0, nothing on stdout', async () => {
  for (const [name, { stdin, argv = [] }] of Object.entries(clean)) {
    const done = await sealkit(['check', ...argv], { stdin })
    assert.deepEqual(done, { code: 0, stdout: '', stderr: 'checked 1 object, 0 findings\n' }, name)
  }
})

async function checkCases(cases: Readonly<Record<string, Case>>, more: readonly string[]): Promise<void> {
  for (const [name, { stdin, argv = [], findings }] of Object.entries(cases)) {
    const { code, stdout, stderr } = await sealkit(['check', ...argv, ...more], { stdin })
    assert.deepEqual(
      stdout.split('\n').slice(0, -1),
      findings.map((text) => `stdin: ${text}`),
      name,
    )
    assert.equal(code, 1, name)
    assert.match(stderr, new RegExp(`^checked \\d objects?, ${findings.length} findings?\n$`), name)
    assert.doesNotMatch(stdout, /[A-Za-z0-9+/]{60}|hunter/, name)
  }
}

test('what is wrong without any key: a line for each finding', () => checkCases(form, []))

test('why an item does not open', () => checkCases(opening, key))

test('a tree: every file with SealedSecrets, by name; progress on a terminal', async () => {
  write('tree/a.yaml', good)
  write('tree/sub/b.json', JSON.stringify({ kind: 'SealedSecret' }))
  write('tree/chart.yaml', '{{ if }}: [')
  write('tree/broken.yaml', 'kind: SealedSecret\na: [')
  write('tree/pod.yaml', 'kind: Pod\n')
  const { code, stdout, stderr } = await sealkit(['check', ...key, 'tree'], { terminal: true })
  assert.equal(code, 1)
  assert.deepEqual(
    stdout.split('\n').map((line) => line.replace(/ .*/, '')),
    ['tree/broken.yaml:', 'tree/sub/b.json:', 'tree/sub/b.json:', 'tree/sub/b.json:', 'tree/sub/b.json:', ''],
  )
  assert.match(stderr, /\rchecking 5\/5\r[^\n]*checked 2 objects, 5 findings\n$/)
  assert.equal(
    (await sealkit(['check', 'tree/pod.yaml'])).stdout,
    'tree/pod.yaml: no SealedSecret or SOPS file found\n',
  )
  write('none/pod.yaml', 'kind: Pod\n')
  assert.equal((await sealkit(['check', 'none'])).code, 0)
})

test('what cannot be checked at all', async () => {
  write('binary.yaml', Buffer.of(0xff))
  for (const [argv, code, error] of [
    [['nope.yaml'], 1, /nope\.yaml: no such file/],
    [['--key', 'nope'], 1, /key file nope cannot be read/],
    [['--key', 'old.pem'], 1, /no private key found/],
    [['--cert', 'nope'], 1, /certificate nope cannot be read/],
    [['--cert', 'old.key'], 1, /no certificate found/],
    [['--nope'], 2, /unknown option/],
  ] as const) {
    const done = await sealkit(['check', ...argv], { stdin: good })
    assert.equal(done.code, code)
    assert.match(done.stderr, error)
    assert.equal(done.stdout, '')
  }
  assert.equal((await sealkit(['check', 'binary.yaml'])).stdout, 'binary.yaml: no UTF-8 text\n')
})

test('only the nearest names are tried, however many there are', async () => {
  const many = Array.from({ length: 500 }, (_, at) =>
    manifest({ a: 'AA' }).replace('name: db\n  namespace: shop', `name: n${at}\n  namespace: s${at}`),
  )
  const stdin = [manifest({ a: await item('x', { cert: 'third' }) }), ...many].join('---\n')
  const { stdout } = await sealkit(['check', ...key], { stdin })
  assert.ok(stdout.startsWith(`stdin: ${object}: a: ${unknown}\n`))
})
