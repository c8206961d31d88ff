import type { Manifest } from '@sealkit/core/manifest'
import {
  type ClusterAccess,
  createRenderer,
  createSessions,
  manifestAccess,
  type ProviderRow,
  type Resolution,
  type ResolveContext,
  ResolverError,
  resolveExternalSecret,
} from '@sealkit/resolver'

/** A value of the fake provider. */
export interface FakeData {
  readonly key: string
  readonly value: string
  readonly version?: string
}

/** What one ExternalSecret is resolved with in a test. */
export interface Fixture {
  readonly spec: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly fake?: readonly FakeData[]
  readonly objects?: readonly Manifest[]
  readonly providers?: Readonly<Record<string, ProviderRow>>
  readonly context?: Partial<ResolveContext>
}

/** A Secret with AWS credentials, which an emulator takes as it takes any. */
export const awsKeys: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'ak', namespace: 'apps' },
  data: { id: 'QUtJQQ==', key: 'c2VjcmV0' },
}

/** Where a store finds them: its `auth.secretRef`. */
export const awsSecretRef = {
  accessKeyIDSecretRef: { name: 'ak', key: 'id' },
  secretAccessKeySecretRef: { name: 'ak', key: 'key' },
}

/** The SecretStore `store` with a provider's spec. */
export function secretStore(provider: unknown, spec: Readonly<Record<string, unknown>> = {}, name = 'store'): Manifest {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name, namespace: 'apps' },
    spec: { provider, ...spec },
  }
}

/** The ExternalSecret `secret` of the namespace `apps`, from the store `store` unless the spec names another. */
export function externalSecret({ spec, metadata = {} }: Pick<Fixture, 'spec' | 'metadata'>): Manifest {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: 'secret', namespace: 'apps', ...metadata },
    spec: { secretStoreRef: { name: 'store' }, ...spec },
  }
}

/** Resolves one ExternalSecret against the fake provider and other objects. */
export async function resolve(fixture: Fixture): Promise<Resolution> {
  const { fake = [], objects = [], providers, context = {} } = fixture
  const sessions = createSessions({
    environment: { now: Date.now },
    ...(providers === undefined ? {} : { providers }),
  })
  const cluster: ClusterAccess = manifestAccess([secretStore({ fake: { data: fake } }), ...objects])
  try {
    return await resolveExternalSecret(externalSecret(fixture), {
      cluster,
      sessions,
      render: createRenderer(),
      ...context,
    })
  } finally {
    await sessions.close()
  }
}

/** The data of the Secret, as text. */
export async function data(fixture: Fixture): Promise<Record<string, string>> {
  const { secret } = await resolve(fixture)
  if (secret === null) throw new Error('no Secret')
  return Object.fromEntries([...secret.data].map(([key, value]) => [key, Buffer.from(value).toString()]))
}

/** The error that resolving ends with. */
export async function failure(fixture: Fixture): Promise<ResolverError> {
  try {
    await resolve(fixture)
  } catch (error) {
    if (error instanceof ResolverError) return error
    throw error
  }
  throw new Error('no failure')
}

/** An `extract` of one JSON value, with more of its fields. */
export function extracting(value: string, extract: Readonly<Record<string, unknown>> = {}, rest: object = {}): Fixture {
  return {
    fake: [{ key: 'k', value }],
    spec: { dataFrom: [{ extract: { key: 'k', ...extract }, ...rest }] },
  }
}

/** One `data` entry `v`, with more of its `remoteRef`'s fields. */
export function reading(value: string, remoteRef: Readonly<Record<string, unknown>> = {}): Fixture {
  return {
    fake: [{ key: 'k', value }],
    spec: { data: [{ secretKey: 'v', remoteRef: { key: 'k', ...remoteRef } }] },
  }
}
