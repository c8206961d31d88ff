import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { type ClusterAccess, createSessions, manifestAccess, readStore } from '@sealkit/resolver'
import { type Case, cases, differencesOf } from '../../resolver/case.ts'
import { applyVaultState, setUpOpenBao } from '../../resolver/state.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { type OpenBao, startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'

let plane: ControlPlane | undefined
let bao: OpenBao | undefined

before(async () => {
  plane = await startControlPlane().catch(() => undefined)
  bao = await startOpenBao().catch(() => undefined)
  if (bao !== undefined) await setUpOpenBao(bao)
  if (bao !== undefined && plane !== undefined) await trust(bao, plane)
})

after(async () => {
  await plane?.stop()
  await bao?.stop()
})

/** Lets OpenBao check ServiceAccount tokens of the cluster. */
async function trust(server: OpenBao, cluster: ControlPlane): Promise<void> {
  // OpenBao asks the API server about a token with that same token.
  await apply(cluster, '', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'token-reviews' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:serviceaccounts' }],
  })
  await server.request('POST', 'sys/auth/kubernetes', { type: 'kubernetes' })
  await server.request('POST', 'auth/kubernetes/config', {
    kubernetes_host: cluster.url,
    kubernetes_ca_cert: cluster.adminConfig.ca,
    disable_local_ca_jwt: true,
    disable_iss_validation: true,
  })
  await server.request('POST', 'auth/kubernetes/role/eso', {
    bound_service_account_names: '*',
    bound_service_account_namespaces: '*',
    token_policies: 'eso',
    token_ttl: '1h',
  })
}

/** Kinds that a case may need in a real cluster: the API's path, and whether they have a namespace. */
const kinds: Readonly<Record<string, readonly [path: string, plural: string, namespaced: boolean]>> = {
  Secret: ['/api/v1', 'secrets', true],
  ServiceAccount: ['/api/v1', 'serviceaccounts', true],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles', true],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings', true],
  ClusterRole: ['/apis/rbac.authorization.k8s.io/v1', 'clusterroles', false],
  ClusterRoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'clusterrolebindings', false],
}

async function apply(cluster: ControlPlane, namespace: string, object: Manifest): Promise<void> {
  const kind = kinds[object.kind ?? '']
  if (kind === undefined) return
  const [path, plural, namespaced] = kind
  const answer = await cluster.request(
    'POST',
    `${path}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}`,
    object,
  )
  assert.ok(answer.status < 300, `${object.kind}: ${JSON.stringify(answer.body)}`)
}

function tokens(cluster: ControlPlane): ClusterAccess['serviceAccountToken'] {
  return async ({ namespace, name }, { audiences, expirationSeconds }) => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
    const { body, status } = await cluster.request('POST', path, { spec: { audiences, expirationSeconds } })
    return status === 201 ? (body as { status: { token: string } }).status.token : null
  }
}

async function differencesIn(recorded: Case, cluster: ControlPlane, server: OpenBao): Promise<string[]> {
  const namespace = `v-${recorded.name}`
  await cluster.createNamespace(namespace)
  for (const object of recorded.objects) await apply(cluster, namespace, object)
  return differencesOf(recorded, {
    variables: {
      KUBE_URL: cluster.url,
      KUBE_CA_B64: Buffer.from(cluster.adminConfig.ca).toString('base64'),
      VAULT_URL: server.url,
    },
    token: tokens(cluster),
    applyState: (state) => applyVaultState(server, state),
  })
}

/** A Secret that is not there is missing, in data as in extract; External Secrets takes it for a failure in data alone. */
const missingIsMissing: Readonly<Record<string, readonly string[]>> = {
  'k8s-missing-data': [
    '0: es: secret does not exist at provider using spec.dataFrom[0] (key=nope) [not recorded]',
    '0: es: resolved [recorded: error processing spec.data[0] (key: nope), err: secrets "nope" not found]',
  ],
}

for (const recorded of cases((name) => name.startsWith('k8s-') || name === 'vault-auth-kubernetes-sa')) {
  test(`as External Secrets does: ${recorded.name}`, async (t) => {
    if ((await available(t, 'kube-apiserver', 'etcd', 'bao')) === null || plane === undefined || bao === undefined)
      return
    assert.deepEqual(await differencesIn(recorded, plane, bao), missingIsMissing[recorded.name] ?? [])
  })
}

test('a ServiceAccount without rights makes the store not ready', async (t) => {
  if ((await available(t, 'kube-apiserver', 'etcd', 'bao')) === null || plane === undefined || bao === undefined) return
  const [recorded] = cases((name) => name === 'k8s-data')
  assert.ok(recorded !== undefined)
  const objects = recorded.objects.filter(({ kind }) => kind !== 'RoleBinding')
  const found = await differencesIn({ ...recorded, name: 'k8s-no-rights', objects }, plane, bao)
  assert.deepEqual(found, [
    '0: es: error processing spec.data[0] (key: src), err: SecretStore "st" is not ready [recorded: no failure]',
  ])
})

interface RemoteSecret {
  readonly type: string
  readonly data?: Record<string, string>
  readonly metadata: {
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
    readonly resourceVersion: string
    readonly managedFields: { readonly manager: string }[]
  }
}

test('a push makes, changes and deletes Secrets, and writes nothing that is there', async (t) => {
  if ((await available(t, 'kube-apiserver', 'etcd')) === null || plane === undefined) return
  const cluster = plane
  for (const name of ['remote', 'elsewhere']) await cluster.createNamespace(name)
  const sessions = createSessions({ environment: { now: Date.now } })
  const { key, cert: certificate, ca } = cluster.adminConfig
  const login = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'admin', namespace: 'apps' },
    data: { cert: Buffer.from(certificate).toString('base64'), key: Buffer.from(key).toString('base64') },
  }
  const ref = (name: string): object => ({ name: 'admin', key: name })
  const store = readStore({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'k', namespace: 'apps' },
    spec: {
      provider: {
        kubernetes: {
          server: { url: cluster.url, caBundle: Buffer.from(ca).toString('base64') },
          auth: { cert: { clientCert: ref('cert'), clientKey: ref('key') } },
          remoteNamespace: 'remote',
        },
      },
    },
  })
  const session = await sessions.open(store, 'apps', manifestAccess([login]))
  t.after(async () => {
    session.release()
    await sessions.close()
  })
  const { provider } = session
  const signal = AbortSignal.timeout(120_000)
  const source = {
    type: 'example.com/type',
    labels: { team: 'a' },
    annotations: { note: 'n' },
    data: new Map([
      ['user', Buffer.from('u')],
      ['bytes', Buffer.from([0, 255])],
    ]),
  }
  const push = (name: string, more: object = {}): Promise<void> =>
    provider.push(
      { key: name, property: '', secretKey: '', value: Buffer.from('{}'), metadata: null, source, ...more },
      signal,
    )
  const read = async (name: string, namespace = 'remote'): Promise<RemoteSecret | null> => {
    const { status, body } = await cluster.request('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`)
    return status === 404 ? null : (body as RemoteSecret)
  }

  await push('whole')
  const whole = await read('whole')
  assert.equal(whole?.type, 'example.com/type')
  assert.deepEqual(whole.data, { bytes: 'AP8=', user: 'dQ==' })
  assert.deepEqual([whole.metadata.labels, whole.metadata.annotations], [{ team: 'a' }, { note: 'n' }])
  assert.deepEqual(
    whole.metadata.managedFields.map(({ manager }) => manager),
    ['external-secrets'],
  )
  await push('whole')
  assert.equal((await read('whole'))?.metadata.resourceVersion, whole.metadata.resourceVersion)

  const part = { property: 'p', secretKey: 'user', value: Buffer.from('one'), source: { ...source, type: '' } }
  await push('parts', part)
  await push('parts', { ...part, property: 'q', value: Buffer.from('two') })
  assert.deepEqual((await read('parts'))?.data, { p: 'b25l', q: 'dHdv' })
  assert.equal(await provider.exists({ key: 'parts', property: 'q' }, signal), true)
  await provider.delete({ key: 'parts', property: 'q' }, signal)
  assert.deepEqual((await read('parts'))?.data, { p: 'b25l' })
  await provider.delete({ key: 'parts', property: 'nothing' }, signal)
  await provider.delete({ key: 'parts', property: 'p' }, signal)
  assert.equal(await read('parts'), null)
  await provider.delete({ key: 'parts', property: 'p' }, signal)
  await provider.delete({ key: 'whole', property: '' }, signal)
  assert.equal(await read('whole'), null)

  const policies = { targetMergePolicy: 'Replace', sourceMergePolicy: 'Replace', labels: { only: 'this' } }
  await push('policies')
  await push('policies', { metadata: { spec: policies } })
  assert.deepEqual((await read('policies'))?.metadata.labels, { only: 'this' })
  await push('policies', { metadata: { spec: { targetMergePolicy: 'Ignore', labels: { more: 'x' } } } })
  assert.deepEqual((await read('policies'))?.metadata.labels, { only: 'this' })
  await push('moved', { metadata: { spec: { remoteNamespace: 'elsewhere' } } })
  assert.deepEqual([await read('moved'), (await read('moved', 'elsewhere'))?.data?.['user']], [null, 'dQ=='])

  const refused: readonly (readonly [string, object])[] = [
    ['requires property in RemoteRef', { secretKey: 'user' }],
    ['metadata.spec.targetMergePolicy cannot be Sometimes', { metadata: { spec: { targetMergePolicy: 'Sometimes' } } }],
    ['"../../x" is not|not found|invalid|no /api', { key: '../../x' }],
    ['".." is not the name of a Secret', { key: '..' }],
    ['has no /api/v1/namespaces/nowhere|not found', { metadata: { spec: { remoteNamespace: 'nowhere' } } }],
  ]
  for (const [text, more] of refused) await assert.rejects(push('refused', more), new RegExp(text), text)
  assert.equal(await read('refused'), null)
})
