import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SealkitError } from '@sealkit/core'
import type { Manifest } from '@sealkit/core/manifest'
import { KeyRing, sealingKeyFromSecret, unsealManifest } from '@sealkit/core/sealed'
import { resources } from '@sealkit/kubernetes'
import { sealedSecretRender } from 'sealkit'
import { seal, until } from '../../controller/cluster.ts'
import { startStage, startUpstream } from './upstream.ts'

/** Texts of `spec.template.data`, over the decrypted items `user`, `password` and `json`. */
const templates: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: { note: 'no actions at all' },
  fields: { url: 'db://{{ .user }}:{{ .password }}@host' },
  pipes: { up: '{{ .password | upper | quote }}', b64: '{{ .password | b64enc }}', sum: '{{ sha256sum .password }}' },
  control: {
    list: '{{ range $i, $c := splitList "-" .user }}{{ $i }}={{ $c }};{{ end }}{{ if .nothing }}x{{ else }}y{{ end }}',
  },
  json: {
    host: '{{ (fromJson .json).host }}',
    port: '{{ (fromJson .json).port }}',
    all: '{{ fromJson .json | toPrettyJson }}',
  },
  defaults: { a: '{{ .nothing | default "d" }}', b: '{{ .nothing }}', c: '{{ index . "nothing" }}' },
  siblings: { first: 'one', second: '{{ .first }} and two' },
  wins: { password: 'the encrypted item wins: {{ .user }}' },
  trim: { t: '{{- "  a  " | trim -}}\n  b\n{{- /* c */ -}}\n' },
  defined: { d: '{{ define "x" }}<{{ . }}>{{ end }}{{ template "x" .user }}' },
  numbers: { n: '{{ add 1 2 }} {{ div 7 2 }} {{ 1.5 | mulf 2 }} {{ printf "%05.1f|%x|%q" 3.14159 255 .user }}' },
  unclosed: { bad: '{{ .user' },
  unknown: { bad: '{{ nope .user }}' },
  environment: { bad: '{{ env "HOME" }}' },
  failing: { bad: '{{ fail "as asked" }}' },
  types: { bad: '{{ .user.name }}' },
  arguments: { bad: '{{ trunc .user 2 }}' },
}

test('templates give the same Secrets and the same texts as in the real controller', {
  timeout: 540_000,
}, async (t) => {
  const stage = await startStage(t)
  if (stage === null) return
  const { program, plane, cluster } = stage
  const real = await startUpstream(program, plane, cluster)
  t.after(() => real.stop())
  const { items: keys } = await cluster.list(resources.secret, {
    namespace: 'kube-system',
    labelSelector: 'sealedsecrets.bitnami.com/sealed-secrets-key=active',
  })
  const keyRing = new KeyRing(await Promise.all(keys.map((key) => sealingKeyFromSecret(key))))
  const pem = await real.certificate()

  for (const [name, data] of Object.entries(templates)) {
    await t.test(name, async () => {
      const key = { namespace: 'default', name }
      const stringData = { user: 'ann-marie', password: 'p&<"é', json: '{"port":5432,"host":"db"}' }
      const sealed = await seal(pem, { ...key, stringData })
      const spec = sealed['spec'] as { template: Record<string, unknown> }
      await cluster.create(resources.sealedSecret, {
        ...sealed,
        spec: { ...spec, template: { ...spec.template, data } },
      })
      const done = await until(cluster, resources.sealedSecret, key, (object) => condition(object) !== undefined)
      const { status, message = '' } = condition(done) ?? {}
      const ours = await outcome(done ?? {}, keyRing)
      assert.deepEqual(ours.error ?? '', message)
      assert.equal(status, ours.error === undefined ? 'True' : 'False')
      const secret = await cluster.get(resources.secret, key)
      assert.deepEqual(ours.data, secret?.['data'])
    })
  }
})

interface Condition {
  readonly status: string
  readonly message?: string
}

function condition(object: Manifest | null): Condition | undefined {
  return (object?.['status'] as { conditions?: Condition[] } | undefined)?.conditions?.[0]
}

/** What our library makes of the same SealedSecret: the data, or the text that the real program has for the failure. */
async function outcome(object: Manifest, keyRing: KeyRing): Promise<{ data?: unknown; error?: string }> {
  try {
    return { data: (await unsealManifest(object, keyRing, { render: sealedSecretRender() }))['data'] }
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    return { error: error.upstream ?? error.message }
  }
}
