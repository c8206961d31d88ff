import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigOverrides, KubernetesError, loadConfig } from '@sealkit/kubernetes'
import { fc } from '../../property.ts'
import { program } from '../../servers/programs.ts'
import { needs } from './needs.ts'

const { after, before, test } = await needs('kubeseal')

// The real kubeseal is client-go's configuration with nothing around it: what it refuses, and in which words.
let kubeseal = ''
let folder = ''
before(async () => {
  kubeseal = await program('kubeseal')
  folder = await mkdtemp(join(tmpdir(), 'sealkit-refusals-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** What the real kubeseal says; '' where it gets as far as asking the API server. */
function real(path: string, flags: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { HOME: folder, PATH: process.env['PATH'] ?? '' }
    const child = execFile(
      kubeseal,
      ['--kubeconfig', path, '--fetch-cert', ...flags],
      { env, timeout: 15_000 },
      (_, __, stderr) => {
        const text = stderr.replace(/^error: /, '').trimEnd()
        // With no credentials it asks for a name on the terminal, which here is none.
        resolve(/^cannot get sealed secret service|^read \/dev\/stdout/.test(text) ? '' : text)
      },
    )
    child.stdin?.end()
  })
}

async function ours(path: string, overrides: ConfigOverrides): Promise<string> {
  try {
    const env = { HOME: folder, PATH: process.env['PATH'] ?? '' }
    const config = await loadConfig({ kubeconfig: path, overrides, env, serviceAccountFolder: folder })
    const { session } = config.connection()
    await session(false).catch(() => undefined)
    return ''
  } catch (error) {
    assert.ok(error instanceof KubernetesError, String(error))
    return error.upstream ?? ''
  }
}

async function compare(text: string, flags: readonly string[] = [], overrides: ConfigOverrides = {}): Promise<void> {
  const path = join(folder, 'config')
  await writeFile(path, text)
  const [expected, actual] = [await real(path, flags), await ours(path, overrides)]
  // Go prints the whole list after the name, as its structs look in memory.
  assert.equal(actual, expected.replace(/(duplicate name "[^"]*" in list): .*/s, '$1'), text)
}

const documents = [
  ...['foo', '5', 'true', '[a]', 'null', '# c', '1.5', '---\nfoo', '', 'kind: 5', 'apiVersion: v2', 'kind: List'],
  ...['a: b: c', '\ta: b', '{a', '{"a":1', 'foo: [', 'clusters: {}', 'clusters: foo', 'clusters: [foo]', 'users: 5'],
  ...['clusters:\n- name: 5', 'clusters:\n- name: a\n  cluster: x', 'current-context: 5', 'Clusters: 5'],
  ...['preferences: 5', 'extensions: 5', 'contexts:\n- name: a\n  context: {user: 5}', 'unknown: {x: 1}'],
  ...['contexts', 'clusters', 'users'].map((list) => `${list}:\n- name: a\n- name: a`),
  ...[
    'server: 5',
    'insecure-skip-tls-verify: "yes"',
    'certificate-authority-data: 5',
    'extensions: 5',
    'server: yes',
  ].map((field) => `clusters:\n- name: a\n  cluster: {${field}}`),
  ...['token: [a]', 'as-groups: x', 'as-groups: [5]', 'as-user-extra: 5', 'as-user-extra: {a: b}', 'exec: 5'].map(
    (field) => `users:\n- name: a\n  user: {${field}}`,
  ),
  ...['args: x', 'env: [5]', 'env: [{name: 5}]', 'provideClusterInfo: 1', 'interactiveMode: 5', 'command: 1.5'].map(
    (field) => `users:\n- name: a\n  user: {exec: {${field}}}`,
  ),
  ...['auth-provider: {config: {a: 5}}', 'auth-provider: x', 'username: {}', 'token: 5, exec: 6'].map(
    (field) => `users:\n- name: a\n  user: {${field}}`,
  ),
  ...['a b', 'YQ', 'YWF==', 'YQ=a', 'YQ=', '=', 'YQ==\\n', 'YQ==a', 'YWFh', 'YWFhY', '\\u00e4', 'YQ\\n=\\n='].map(
    (data) => `users:\n- name: a\n  user: {client-key-data: "${data}"}`,
  ),
]

for (const [index, document] of documents.entries()) {
  test(`a kubeconfig is refused in kubeseal's words, case ${index}: ${JSON.stringify(document)}`, () =>
    compare(document))
}

const whole = `clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: x, context: {cluster: c, user: u}}, {name: y, context: {cluster: gone, user: gone}}, {name: z, context: {}}]
users: [{name: u, user: {token: t}}, {name: b, user: {username: n, password: p}}]
current-context: x
`
const flags: readonly (readonly [readonly string[], ConfigOverrides])[] = [
  [[], {}],
  [['--context', 'nope'], { context: 'nope' }],
  [['--context', 'y'], { context: 'y' }],
  [['--context', 'z'], { context: 'z' }],
  [['--user', 'nope'], { user: 'nope' }],
  [['--user', 'b'], { user: 'b' }],
  [['--cluster', 'nope'], { cluster: 'nope' }],
  [['--context', 'nope', '--user', 'gone', '--cluster', 'gone'], { context: 'nope', user: 'gone', cluster: 'gone' }],
  [['--request-timeout', 'abc'], { requestTimeout: 'abc' }],
  [['--request-timeout', '-1'], { requestTimeout: '-1' }],
  [['--request-timeout', '1m2s'], { requestTimeout: '1m2s' }],
  [['--request-timeout', '0'], { requestTimeout: '0' }],
  [['--request-timeout', '1d'], { requestTimeout: '1d' }],
  [['--certificate-authority', 'nope'], { certificateAuthority: 'nope' }],
  [['--username', 'n'], { username: 'n' }],
  [['--password', 'n'], { password: 'n' }],
  [['--proxy-url', 'ftp://x'], { proxyUrl: 'ftp://x' }],
  [['--proxy-url', 'x'], { proxyUrl: 'x' }],
  [['--as-uid', 'x'], { asUid: 'x' }],
  [['--as-group', 'x'], { asGroups: ['x'] }],
  [['--client-certificate', 'nope'], { clientCertificate: 'nope' }],
  [['--client-key', 'nope'], { clientKey: 'nope' }],
  [['--client-certificate', 'nope', '--client-key', 'nope'], { clientCertificate: 'nope', clientKey: 'nope' }],
  [['--server', ''], { server: '' }],
]

for (const [given, overrides] of flags) {
  test(`flags are refused in kubeseal's words: ${given.join(' ')}`, () => compare(whole, given, overrides))
}

test('property: kubeconfigs of any shape are refused, or not, as by kubeseal', { timeout: 540_000 }, async () => {
  const odd = fc.constantFrom<unknown>(5, true, 'x', null, [], ['x'], {}, { a: 'b' }, '')
  const maybe = <Value>(good: fc.Arbitrary<Value>) =>
    fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: odd })
  const part = (fields: Record<string, fc.Arbitrary<unknown>>) =>
    maybe(
      fc.record(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, maybe(value)])), {
        requiredKeys: [],
      }),
    )
  const name = fc.constantFrom('a', 'b')
  const text = fc.constantFrom('x', 'YWFh', '')
  const cluster = part({
    server: fc.constant('https://127.0.0.1:1'),
    'tls-server-name': text,
    'certificate-authority-data': text,
  })
  const exec = part({ command: fc.constant('false'), apiVersion: text, interactiveMode: fc.constantFrom('Never', 'x') })
  const user = part({
    token: text,
    username: text,
    'client-key-data': text,
    'client-certificate-data': text,
    'as-uid': text,
    'auth-provider': part({ name: fc.constantFrom('gcp', 'azure', 'other') }),
    exec,
  })
  const context = part({ cluster: name, user: name, namespace: text })
  const config = part({
    kind: fc.constant('Config'),
    apiVersion: fc.constant('v1'),
    'current-context': name,
    clusters: fc.array(part({ name, cluster }), { maxLength: 2 }),
    users: fc.array(part({ name, user }), { maxLength: 2 }),
    contexts: fc.array(part({ name, context }), { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(config, (document) => compare(JSON.stringify(document))),
    { numRuns: 150 },
  )
})
