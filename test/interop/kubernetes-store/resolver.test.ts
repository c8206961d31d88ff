import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import type { ClusterAccess } from '@sealkit/resolver'
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
