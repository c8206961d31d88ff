import type { Manifest } from '@sealkit/core/manifest'
import { vaultSchema } from './providers.ts'
import { flag, listOf, mapOf, opaque, record, type Schema, text, whole, withDefault, word } from './schema.ts'
import { secretKey } from './selectors.ts'

interface Generator {
  readonly kind: string
  readonly plural: string
  readonly spec: Schema
}

/** The generators that Sealkit runs; each row is one kind of `generators.external-secrets.io/v1alpha1`. */
const table: readonly Generator[] = [
  { kind: 'Fake', plural: 'fakes', spec: record({ controller: text(), data: mapOf() }) },
  {
    kind: 'MFA',
    plural: 'mfas',
    spec: record(
      {
        algorithm: text(),
        length: whole(),
        secret: secretKey,
        timePeriod: whole(),
        when: text({ format: 'date-time' }),
      },
      ['secret'],
    ),
  },
  {
    kind: 'Password',
    plural: 'passwords',
    spec: record(
      {
        allowRepeat: withDefault(flag(), false),
        digits: whole(),
        encoding: withDefault(word('base64', 'base64url', 'base32', 'hex', 'raw'), 'raw'),
        length: withDefault(whole(), 24),
        noUpper: withDefault(flag(), false),
        secretKeys: listOf(text()),
        symbolCharacters: text(),
        symbols: whole(),
      },
      ['allowRepeat', 'length', 'noUpper'],
    ),
  },
  {
    kind: 'SSHKey',
    plural: 'sshkeys',
    spec: record({
      comment: text(),
      keySize: whole(),
      keyType: withDefault(word('rsa', 'ecdsa', 'ed25519'), 'rsa'),
    }),
  },
  { kind: 'UUID', plural: 'uuids', spec: opaque() },
  {
    kind: 'VaultDynamicSecret',
    plural: 'vaultdynamicsecrets',
    spec: record(
      {
        allowEmptyResponse: withDefault(flag(), false),
        controller: text(),
        getParameters: mapOf(listOf(text())),
        method: text(),
        parameters: { 'x-kubernetes-preserve-unknown-fields': true },
        path: text(),
        provider: vaultSchema(),
        resultType: withDefault(word('Data', 'Auth', 'Raw'), 'Data'),
        retrySettings: record({ maxRetries: whole('int32'), retryInterval: text() }),
      },
      ['path', 'provider'],
    ),
  },
]

/** The CustomResourceDefinitions of the generators, and of ClusterGenerator, which holds one of them. */
export function generatorCrds(): Manifest[] {
  const cluster: Schema = record(
    {
      generator: record(
        { ...Object.fromEntries(table.map(({ kind, spec }) => [`${memberName(kind)}Spec`, spec])) },
        [],
        { minProperties: 1, maxProperties: 1, 'x-kubernetes-preserve-unknown-fields': true },
      ),
      kind: text(),
    },
    ['generator', 'kind'],
  )
  return [
    ...table.map((generator) => generatorCrd(generator, 'Namespaced')),
    generatorCrd({ kind: 'ClusterGenerator', plural: 'clustergenerators', spec: cluster }, 'Cluster'),
  ]
}

/** `Password` is `passwordSpec`, `UUID` is `uuidSpec`, `SSHKey` is `sshKeySpec`, `VaultDynamicSecret` is `vaultDynamicSecretSpec`. */
function memberName(kind: string): string {
  return kind.replace(/^([A-Z]+)(?=[A-Z][a-z]|$)|^[A-Z]/, (head) => head.toLowerCase())
}

function generatorCrd({ kind, plural, spec }: Generator, scope: string): Manifest {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.generators.external-secrets.io`,
      labels: { 'external-secrets.io/component': 'controller' },
    },
    spec: {
      group: 'generators.external-secrets.io',
      names: {
        categories: ['external-secrets', 'external-secrets-generators'],
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
      },
      scope,
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: record({ apiVersion: text(), kind: text(), metadata: { type: 'object' }, spec }) },
        },
      ],
    },
  }
}
