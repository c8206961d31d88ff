import type { Manifest } from '@sealkit/core/manifest'
import { definition, type Scope } from './definition.ts'
import { vaultSchema, webhookSchema } from './providers.ts'
import {
  conditions,
  flag,
  kindSchema,
  listOf,
  mapOf,
  opaque,
  record,
  type Schema,
  text,
  whole,
  withDefault,
  word,
} from './schema.ts'
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
  { kind: 'Webhook', plural: 'webhooks', spec: webhookSchema() },
]

const group = 'generators.external-secrets.io'
const categories = ['external-secrets', 'external-secrets-generators']

/**
 * Generators of External Secrets that Sealkit does not run. Their definitions are there so that a cluster that is taken
 * over keeps the objects, and can be handed back.
 */
const kept = [
  'ACRAccessToken',
  'BeyondtrustWorkloadCredentialsDynamicSecret',
  'CloudsmithAccessToken',
  'ECRAuthorizationToken',
  'GCRAccessToken',
  'GithubAccessToken',
  'GitlabDeployToken',
  'Grafana',
  'QuayAccessToken',
  'STSSessionToken',
] as const

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
    ...kept.map((kind) => generatorCrd({ kind, plural: `${kind.toLowerCase()}s`, spec: opaque() }, 'Namespaced')),
    generatorStateCrd(),
    generatorCrd({ kind: 'ClusterGenerator', plural: 'clustergenerators', spec: cluster }, 'Cluster'),
  ]
}

/** `Password` is `passwordSpec`, `UUID` is `uuidSpec`, `SSHKey` is `sshKeySpec`, `VaultDynamicSecret` is `vaultDynamicSecretSpec`. */
function memberName(kind: string): string {
  return kind.replace(/^([A-Z]+)(?=[A-Z][a-z]|$)|^[A-Z]/, (head) => head.toLowerCase())
}

function generatorCrd({ kind, plural, spec }: Generator, scope: Scope): Manifest {
  const properties = { apiVersion: text(), kind: text(), metadata: { type: 'object' } as const, spec }
  return definition({
    group,
    kind,
    plural,
    categories,
    scope,
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: record(properties) },
        subresources: { status: {} },
      },
    ],
  })
}

function generatorStateCrd(): Manifest {
  const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true }
  const spec = record(
    { garbageCollectionDeadline: text({ format: 'date-time' }), resource: anything, state: anything },
    ['resource', 'state'],
  )
  return definition({
    group,
    kind: 'GeneratorState',
    plural: 'generatorstates',
    shortNames: ['gs'],
    categories,
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: [
          { name: 'GC Deadline', type: 'string', jsonPath: '.spec.garbageCollectionDeadline' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: { openAPIV3Schema: kindSchema(spec, record({ conditions: conditions() })) },
        subresources: {},
      },
    ],
  })
}
