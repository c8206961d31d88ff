import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { type Ended, folder, run, runtimes } from '../acceptance/programs.ts'

const files = {
  'values.yaml': 'user: app\npassword: "s3cret"\n',
  'secret.yaml':
    'apiVersion: v1\nkind: Secret\nmetadata: { name: v }\ndata: { user: ZnJvbS1zZWNyZXQ= }\nstringData: { more: x }\n',
  'text.tmpl': 'user={{ .user | upper }} {{ now | date "2006-01-02" }} {{ randAlphaNum 8 }}\n',
  'missing.tmpl': '{{ .nothing }}',
  'broken.tmpl': 'one\n{{ .user',
  'external.yaml': `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: db, namespace: shop }
spec:
  secretStoreRef: { name: never-asked }
  data: [{ secretKey: user, remoteRef: { key: k } }]
  target:
    template:
      metadata: { labels: { by: '{{ .user }}' } }
      data: { dsn: 'pg://{{ .user }}' }
      templateFrom: [{ configMap: { name: more, items: [{ key: extra, templateAs: KeysAndValues }] } }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: more, namespace: shop }
data: { extra: 'extra: "{{ .user | b64enc }}"' }
`,
  'sealed.yaml': `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: db, namespace: shop }
spec:
  encryptedData: { user: AgBy }
  template: { data: { dsn: 'pg://{{ .user }}' } }
`,
}

function template(cwd: string, args: readonly string[], input = ''): Ended {
  const [executable, node] = runtimes.map((on) => run('sealkit', ['template', ...args], { cwd, input, on }))
  assert.ok(executable !== undefined)
  assert.deepEqual(node, executable)
  return executable
}

const data = (stdout: string): Record<string, string> => {
  const secret = parseYaml(stdout) as { data: Record<string, string> }
  return Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

test('renders a plain template, the same each time with a seed and a time', (t) => {
  const cwd = folder(t, files)
  const args = ['--data', 'values.yaml', '--now', '2026-01-02T03:04:05Z', '--seed', 'one']
  const first = template(cwd, [...args, 'text.tmpl'])
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /^user=APP 2026-01-02 \w{8}\n$/)
  assert.deepEqual(template(cwd, [...args, '-'], files['text.tmpl']), first)
  assert.notEqual(template(cwd, [...args.slice(0, -1), 'two', 'text.tmpl']).stdout, first.stdout)
})

test('a literal wins over a file, and a later file over an earlier one; a Secret gives its decoded data', (t) => {
  const cwd = folder(t, files)
  const user = (args: readonly string[]): string => template(cwd, [...args, '-'], '{{ .user }}').stdout
  assert.equal(user(['-d', 'values.yaml', '-d', 'secret.yaml']), 'from-secret')
  assert.equal(user(['-d', 'secret.yaml', '-d', 'values.yaml']), 'app')
  assert.equal(user(['-d', 'secret.yaml', '--literal', 'user=a=b']), 'a=b')
})

test('renders the templates of an ExternalSecret without its store', (t) => {
  const cwd = folder(t, files)
  const { code, stdout, stderr } = template(cwd, ['-d', 'values.yaml', 'external.yaml'])
  assert.equal(code, 0, stderr)
  assert.deepEqual(data(stdout), { dsn: 'pg://app', extra: 'YXBw' })
  assert.match(stdout, /by: app/)
})

test('renders the templates of a SealedSecret without its key', (t) => {
  const cwd = folder(t, files)
  const { code, stdout, stderr } = template(cwd, ['--literal', 'user=me', 'sealed.yaml'])
  assert.equal(code, 0, stderr)
  assert.deepEqual(data(stdout), { dsn: 'pg://me', user: 'me' })
})

test('Sealed Secrets\u2019 functions lack those of External Secrets, and a missing key is no error there', (t) => {
  const cwd = folder(t, files)
  assert.equal(template(cwd, ['--functions', 'sealed-secrets', 'missing.tmpl']).stdout, '<no value>')
  assert.equal(template(cwd, ['--functions', 'sealed-secrets', '-'], '{{ "x" | toYaml }}').code, 1)
})

const failures: readonly {
  readonly name: string
  readonly args: readonly string[]
  readonly code: number
  readonly stderr: RegExp
}[] = [
  {
    name: 'a missing key',
    args: ['missing.tmpl'],
    code: 1,
    stderr: /missing\.tmpl: line 1, column 3: map has no entry/,
  },
  { name: 'a template that does not parse', args: ['broken.tmpl'], code: 1, stderr: /broken\.tmpl: line 2/ },
  { name: 'a file that is not there', args: ['nothing.tmpl'], code: 1, stderr: /nothing\.tmpl: no such file/ },
  {
    name: 'values that are no texts',
    args: ['-d', 'external.yaml', 'text.tmpl'],
    code: 2,
    stderr: /is no text\nhint: /,
  },
  { name: 'a literal without a key', args: ['--literal', 's3cret', 'text.tmpl'], code: 2, stderr: /KEY=VALUE/ },
  {
    name: 'an unknown table of functions',
    args: ['--functions', 'helm', 'text.tmpl'],
    code: 2,
    stderr: /unknown functions: helm/,
  },
  { name: 'a time that is none', args: ['--now', 'noon', 'text.tmpl'], code: 2, stderr: /noon is no time/ },
  {
    name: 'an ExternalSecret whose ConfigMap is not there',
    args: ['-d', 'secret.yaml', 'alone.yaml'],
    code: 1,
    stderr: /alone|more/,
  },
]

for (const { name, args, code, stderr } of failures) {
  test(`prints nothing: ${name}`, (t) => {
    const cwd = folder(t, { ...files, 'alone.yaml': files['external.yaml'].split('---')[0] ?? '' })
    const ended = template(cwd, args)
    assert.equal(ended.code, code, ended.stderr)
    assert.equal(ended.stdout, '')
    assert.match(ended.stderr, stderr)
    assert.doesNotMatch(ended.stderr, /s3cret/)
  })
}
