import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { providers } from '@sealkit/resolver'
import { startControlPlane } from '../../servers/controlplane.ts'
import { startMoto } from '../../servers/moto.ts'
import { startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, externalSettings, startController } from '../cluster.ts'
import { type Case, cases } from './case.ts'
import { prepareOpenBao } from './provider.ts'
import { replay, type World } from './replay.ts'

/** Kinds of the cases that this controller does not reconcile. */
const otherKinds = ['ClusterPushSecret']

const exactTags = 'tags match exactly and key with value, not as prefixes of any tag'

/** Cases whose record is not what should happen, with the reason. */
const different: Readonly<Record<string, string>> = {
  'createdonce-provider-error-then-ok':
    'a store that changed is tried again at once, before the force-sync of the record',
  'k8s-missing-data': 'a Secret that is not there is missing, in data as in extract',
  'refresh-bad-interval': 'an interval that cannot be read is said in the status; upstream cannot even list the object',
  'sm-find-name-tags': exactTags,
  'sm-find-tags': exactTags,
  'sm-tags-unpaired': exactTags,
}

/**
 * Events whose text differs: the recorded one can hold what a template or a provider's value says, ours never does, and
 * names the object that is missing.
 */
const texts: Readonly<Record<string, string>> = {
  'fake-extract-nonjson':
    'error processing spec.dataFrom[0].extract, err: unable to unmarshal secret: the value is not valid JSON',
  'sm-extract-nonjson':
    'error processing spec.dataFrom[0].extract, err: unable to unmarshal secret sm-extract-nonjson: the value is not valid JSON',
  'sm-auth-missing': 'cannot get Kubernetes secret "nosec" from namespace "v-sm-auth-missing"',
  'vault-auth-secretkey-missing':
    'cannot find secret data for key: "nokey" in "vt" of namespace "v-vault-auth-secretkey-missing"',
  'vault-auth-token-bad':
    'Error making API request.\n\nURL: GET http://${HOSTPORT}/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied',
  'tpl-env-removed': template('x: unable to parse template at key x: template x: line 1 cannot be parsed'),
  'tpl-htpasswd-two-args': template(
    'e00: unable to execute template at key e00: template e00: line 1, column 3: wrong number of args for htpasswd: want 3 got 2',
  ),
  'tpl-jwk-error': template(
    'e00: unable to execute template at key e00: template e00: line 1, column 3: jwkPublicKeyPem failed',
  ),
  'tpl-missingkey': template(
    'x: unable to execute template at key x: template x: line 1, column 3: map has no entry for key "nope"',
  ),
  'tpl-parse-error': template('x: unable to parse template at key x: template x: line 1 cannot be parsed'),
  'tpl-pkcs12-wrongpass': template(
    'key: unable to execute template at key key: template key: line 1, column 11: error calling pkcs12keyPass: unable to decode pkcs12 with password: pkcs12: decryption password incorrect',
  ),
  'tpl-slice-string': template(
    'e00: unable to execute template at key e00: template e00: line 1, column 3: error calling slice: list should be type of slice or array but string',
  ),
  'tpl-unknown-func': template('x: unable to parse template at key x: template x: line 1 cannot be parsed'),
}

function template(rest: string): string {
  return `could not apply template: could not execute template: could not execute template: unable to execute template at key ${rest}`
}

const filter = process.env['RECORDED_CASES']

function runnable({ name, objects = [] }: Case): boolean {
  if (filter !== undefined && !new RegExp(filter).test(name)) return false
  return objects.every(({ kind = '', spec }) => {
    if (otherKinds.includes(kind)) return false
    if (!kind.endsWith('SecretStore')) return true
    const { provider = {} } = (spec ?? {}) as { provider?: object }
    return Object.keys(provider).every((key) => Object.hasOwn(providers, key))
  })
}

/** The case with the text of its failure's event replaced where ours differs. */
function withText(recorded: Case): Case {
  const text = texts[recorded.name]
  if (text === undefined) return recorded
  const results = recorded.expect.results.map((result) => ({
    ...result,
    events: result.events.map((event) => {
      const { reason, message } = event as { reason: string; message: string }
      const replaced = /^(UpdateFailed|InvalidProviderConfig)$/.test(reason) && !message.endsWith('is not ready')
      return replaced ? { ...(event as object), message: text } : event
    }),
  }))
  return { ...recorded, expect: { ...recorded.expect, results } }
}

test('recorded cases of External Secrets', { timeout: 590_000, concurrency: 12 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver', 'bao', 'moto_server')) === null) return
  const [plane, bao, moto] = await Promise.all([startControlPlane({ crds: crds() }), startOpenBao(), startMoto()])
  t.after(() => Promise.all([plane.stop(), bao.stop(), moto.stop()]))
  await prepareOpenBao(bao, plane)
  // OpenBao reviews a ServiceAccount's token with that token itself.
  await plane.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'reviewers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:serviceaccounts' }],
  })
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(
    cluster,
    { externalSecrets: externalSettings() },
    {
      environment: { now: () => Date.now(), endpoints: { secretsmanager: moto.url, ssm: moto.url, sts: moto.url } },
      mintToken: async (account, options) => (await cluster.createToken(account, options)).token,
    },
  )
  t.after(() => controller.stop())
  const world: World = { cluster, plane, bao, moto, fixtures: new Map() }
  const replays = cases()
    .filter(runnable)
    .map((recorded) =>
      t.test(recorded.name, { skip: different[recorded.name] ?? false }, async () => {
        assert.deepEqual(await replay(withText(recorded), world), [])
      }),
    )
  await Promise.all(replays)
})
