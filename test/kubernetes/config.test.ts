import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConfigOverrides, KubernetesError, loadConfig } from '@sealkit/kubernetes'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealkit-config-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** A kubeconfig of one context `x` with cluster `c` and user `u`, changed where a case says so. */
function kubeconfig(cluster: object = {}, user: object = { token: 't' }, context: object = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', ...cluster } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
    users: [{ name: 'u', user }],
    'current-context': 'x',
  }
}

async function write(content: unknown, name = 'config'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

interface Asked {
  readonly env?: NodeJS.ProcessEnv
  readonly overrides?: ConfigOverrides
  readonly serviceAccountFolder?: string
}

/** The code and Go's text of what loading or connecting throws. */
async function failure(kubeconfig: string | undefined, asked: Asked = {}): Promise<[string, string]> {
  try {
    const config = await loadConfig({
      env: { HOME: folder },
      serviceAccountFolder: folder,
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...asked,
    })
    await config.connection().session(false)
  } catch (error) {
    if (error instanceof KubernetesError) return [error.code, (error.upstream ?? '').replaceAll(folder, '$DIR')]
    throw error
  }
  return ['', 'did not fail']
}

// Texts recorded from kubeseal v0.38.4 (client-go v0.36).
const execUser = { command: 'sealkit-no-such-plugin', apiVersion: 'client.authentication.k8s.io/v1' }
const refusals: readonly (readonly [string, unknown, ConfigOverrides, string, string])[] = [
  ['context', kubeconfig(), { context: 'nope' }, 'KUBECONFIG_INVALID', 'context "nope" does not exist'],
  ['user', kubeconfig(), { user: 'nope' }, 'KUBECONFIG_INVALID', 'auth info "nope" does not exist'],
  ['cluster', kubeconfig(), { cluster: 'nope' }, 'KUBECONFIG_INVALID', 'cluster "nope" does not exist'],
  [
    'timeout',
    kubeconfig(),
    { requestTimeout: 'abc' },
    'KUBECONFIG_INVALID',
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
  ],
  [
    'CA file that is missing',
    kubeconfig(),
    { certificateAuthority: 'nope' },
    'KUBECONFIG_INVALID',
    'invalid configuration: unable to read certificate-authority nope for c due to open nope: no such file or directory',
  ],
  [
    'two ways to authenticate',
    kubeconfig(),
    { username: 'foo' },
    'KUBECONFIG_INVALID',
    'invalid configuration: more than one authentication method found for u; found [token basicAuth], only one is allowed',
  ],
  [
    'proxy of an unknown scheme',
    kubeconfig(),
    { proxyUrl: 'ftp://foo' },
    'KUBECONFIG_INVALID',
    'invalid configuration: invalid \'proxy-url\' "ftp://foo" for cluster "c": unsupported scheme "ftp", must be http, https, or socks5',
  ],
  [
    'impersonation without a user',
    kubeconfig(),
    { asUid: 'foo' },
    'KUBECONFIG_INVALID',
    'invalid configuration: requesting uid, groups or user-extra for u without impersonating a user',
  ],
  [
    'insecure with a CA',
    kubeconfig({ 'certificate-authority-data': 'YQ==', 'insecure-skip-tls-verify': true }),
    {},
    'KUBECONFIG_INVALID',
    'specifying a root certificates file with the insecure flag is not allowed',
  ],
  [
    'another kind',
    { kind: 'Foo' },
    {},
    'KUBECONFIG_INVALID',
    'error loading config file "$DIR/config": no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'base64',
    kubeconfig({ 'certificate-authority-data': '!!!' }),
    {},
    'KUBECONFIG_INVALID',
    'error loading config file "$DIR/config": illegal base64 data at input byte 0',
  ],
  [
    'certificate without a key',
    kubeconfig({}, { 'client-certificate-data': 'aGFsbG8=' }),
    {},
    'KUBECONFIG_INVALID',
    'invalid configuration: client-key-data or client-key must be specified for u to use the clientCert authentication method.',
  ],
  [
    'plugin without a mode',
    kubeconfig({}, { exec: execUser }),
    {},
    'KUBECONFIG_INVALID',
    'invalid configuration: interactiveMode must be specified for u to use exec authentication plugin',
  ],
  [
    'plugin that is not installed',
    kubeconfig({}, { exec: { ...execUser, interactiveMode: 'Never', installHint: 'do it' } }),
    {},
    'CREDENTIALS_FAILED',
    `getting credentials: exec: executable sealkit-no-such-plugin not found

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

do it`,
  ],
  [
    'plugin that fails',
    kubeconfig({}, { exec: { ...execUser, interactiveMode: 'Never', command: 'false' } }),
    {},
    'CREDENTIALS_FAILED',
    'getting credentials: exec: executable false failed with exit code 1',
  ],
  [
    'provider that was removed',
    kubeconfig({}, { 'auth-provider': { name: 'gcp' } }),
    {},
    'KUBECONFIG_INVALID',
    `The gcp auth plugin has been removed.
Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.
See https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details`,
  ],
  [
    'provider that never was',
    kubeconfig({}, { 'auth-provider': { name: 'foo' } }),
    {},
    'KUBECONFIG_INVALID',
    'no Auth Provider found for name "foo"',
  ],
  [
    'two faults at once',
    kubeconfig({ server: '', 'tls-server-name': 'x' }, { token: 't', username: 'y' }),
    {},
    'KUBECONFIG_INVALID',
    'invalid configuration: [more than one authentication method found for u; found [token basicAuth], only one is allowed, no server found for cluster "c"]',
  ],
]

for (const [name, content, overrides, code, upstream] of refusals) {
  test(`refused as client-go does: ${name}`, async () => {
    assert.deepEqual(await failure(await write(content), { overrides }), [code, upstream])
  })
}

test('a kubeconfig that was named must exist', async () => {
  assert.deepEqual(await failure(join(folder, 'none')), [
    'KUBECONFIG_INVALID',
    'stat $DIR/none: no such file or directory',
  ])
})

test('no configuration at all', async () => {
  assert.deepEqual(await failure(undefined), [
    'KUBECONFIG_MISSING',
    'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
  ])
})

test('a message never holds the credentials of a proxy', async () => {
  const path = await write(kubeconfig({ 'proxy-url': 'ftp://me:hunter2@proxy' }))
  await assert.rejects(
    async () => (await loadConfig({ kubeconfig: path })).connection(),
    (error: KubernetesError) => !error.message.includes('hunter2') && (error.upstream ?? '').includes('hunter2'),
  )
})

test('a kubeconfig in YAML, with paths seen from its folder', async () => {
  await writeFile(join(folder, 'ca.pem'), 'PEM')
  await writeFile(join(folder, 'token'), 'abc\n')
  const path = await write(
    `
apiVersion: v1
kind: Config
current-context: x
clusters:
  - name: c
    cluster: { server: https://host.example:6443/prefix/, certificate-authority: ca.pem, tls-server-name: other }
contexts:
  - name: x
    context: { cluster: c, user: u, namespace: team }
users:
  - name: u
    user: { tokenFile: token }
`,
  )
  const config = await loadConfig({ kubeconfig: path, env: {} })
  const connection = config.connection()
  assert.equal(connection.server, 'https://host.example:6443/prefix')
  assert.equal(connection.serverName, 'other')
  assert.deepEqual(await connection.session(false), { ca: 'PEM', headers: { authorization: 'Bearer abc' } })
  assert.deepEqual(config.namespace(), { namespace: 'team', overridden: false })
})

test('KUBECONFIG is a list: the first file that has an entry keeps it', async () => {
  const first = await write({ clusters: [{ name: 'c', cluster: { server: 'https://first:1' } }] }, 'one')
  const second = await write(kubeconfig({ server: 'https://second:1' }, { token: 'second' }), 'two')
  const env = { KUBECONFIG: [first, join(folder, 'absent'), second].join(':') }
  const connection = (await loadConfig({ env })).connection()
  assert.equal(connection.server, 'https://first:1')
  assert.deepEqual((await connection.session(false)).headers, { authorization: 'Bearer second' })
})

test('flags win: server, token, impersonation, timeout, trust', async () => {
  const path = await write(kubeconfig({ 'tls-server-name': 'x', 'insecure-skip-tls-verify': true }))
  const overrides = {
    server: 'https://other:2',
    token: 'flag',
    as: 'jane',
    asGroups: ['a', 'b'],
    requestTimeout: '1m30s',
    namespace: 'ns',
  }
  const config = await loadConfig({ kubeconfig: path, overrides, env: {} })
  const { server, serverName, headers, timeout, session } = config.connection()
  assert.deepEqual(
    { server, serverName, headers, timeout },
    {
      server: 'https://other:2',
      serverName: undefined,
      headers: { 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'] },
      timeout: 90_000,
    },
  )
  assert.deepEqual((await session(false)).headers, { authorization: 'Bearer flag' })
  assert.deepEqual(config.namespace(), { namespace: 'ns', overridden: true })
})

test('credentials never go to a plain HTTP server', async () => {
  const path = await write(kubeconfig({ server: 'http://127.0.0.1:8080' }))
  const { session } = (await loadConfig({ kubeconfig: path, env: {} })).connection()
  assert.deepEqual(await session(false), { headers: {} })
})

test('basic authentication', async () => {
  const path = await write(kubeconfig({}, { username: 'a', password: 'b' }))
  const { session } = (await loadConfig({ kubeconfig: path, env: {} })).connection()
  assert.deepEqual((await session(false)).headers, { authorization: 'Basic YTpi' })
})

test('in a pod, the ServiceAccount is used where no kubeconfig says anything, and its token is read again', async () => {
  const pod = await mkdtemp(join(folder, 'pod-'))
  await writeFile(join(pod, 'token'), 'one')
  await writeFile(join(pod, 'ca.crt'), 'PEM')
  await writeFile(join(pod, 'namespace'), 'team\n')
  const env = { HOME: pod, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const config = await loadConfig({ env, serviceAccountFolder: pod })
  const { server, session } = config.connection()
  assert.equal(server, 'https://[fd00::1]:443'.replace(':443', ''))
  assert.deepEqual(await session(false), { ca: 'PEM', headers: { authorization: 'Bearer one' } })
  await writeFile(join(pod, 'token'), 'two')
  assert.deepEqual((await session(false)).headers, { authorization: 'Bearer one' })
  assert.deepEqual((await session(true)).headers, { authorization: 'Bearer two' })
  assert.deepEqual(config.namespace(), { namespace: 'team', overridden: false })
  const named = await loadConfig({ env: { ...env, POD_NAMESPACE: 'pod' }, serviceAccountFolder: pod })
  assert.equal(named.namespace().namespace, 'pod')
})

test('a credential plugin is told what is asked, and asked once until its credential expires', async () => {
  const log = join(folder, 'plugin.log')
  const plugin = join(folder, 'plugin.sh')
  const credential = (token: string, expires: string): string =>
    `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${token}","expirationTimestamp":"${expires}"}}`
  await writeFile(
    plugin,
    `#!/bin/sh\nprintf '%s %s %s\\n' "$KUBERNETES_EXEC_INFO" "$FOO" "$1" >> ${log}\necho '${credential('abc', '2999-01-01T00:00:00Z')}'\n`,
    { mode: 0o755 },
  )
  const exec = {
    command: './plugin.sh',
    args: ['get'],
    env: [{ name: 'FOO', value: 'bar' }],
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    provideClusterInfo: true,
  }
  const path = await write(kubeconfig({}, { exec }))
  const { session } = (await loadConfig({ kubeconfig: path })).connection()
  const [first, second] = await Promise.all([session(false), session(false)])
  assert.deepEqual(first.headers, { authorization: 'Bearer abc' })
  assert.deepEqual(second, first)
  await session(true)
  const { readFile } = await import('node:fs/promises')
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  const info =
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,"cluster":{"server":"https://127.0.0.1:1","config":null}}}'
  assert.deepEqual(lines, [`${info} bar get`, `${info} bar get`])
})

/** A token as an OpenID Connect provider makes it, unsigned. */
const jwt = (expires: number): string =>
  [{ alg: 'none' }, { exp: expires }, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')

test('an OpenID Connect token is used while it is valid; one that has expired needs a refresh token', async () => {
  const user = (token: string): object => ({ 'auth-provider': { name: 'oidc', config: { 'id-token': token } } })
  const valid = jwt(4e9)
  const { session } = (await loadConfig({ kubeconfig: await write(kubeconfig({}, user(valid))), env: {} })).connection()
  assert.deepEqual((await session(false)).headers, { authorization: `Bearer ${valid}` })
  assert.deepEqual(await failure(await write(kubeconfig({}, user(jwt(1e9))))), [
    'CREDENTIALS_FAILED',
    'No valid id-token, and cannot refresh without refresh-token',
  ])
})
