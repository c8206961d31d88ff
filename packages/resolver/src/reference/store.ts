import type { Manifest } from '@sealkit/core/manifest'
import { manifestAccess } from '../cluster.ts'
import { ResolverError } from '../error.ts'
import { checkLocation, checkStore, type Place, type Policy } from '../policy.ts'
import type { Environment, Location, Provider, RemoteSecret } from '../provider.ts'
import { createSessions } from '../session.ts'
import { readStore } from '../store.ts'
import type { Json } from '../view.ts'

/** What a reference is resolved with. */
export interface ReferenceContext {
  /** `ambient` holds the variables that addresses and credentials come from: a reference itself has none. */
  readonly environment: Environment
  readonly policy?: Policy
  readonly signal?: AbortSignal
}

/** A provider's spec that a reference comes to, with the credentials that it names. */
export interface ReferenceStore {
  readonly provider: string
  readonly spec: Json
  /** Values of the Secret `reference`, which the spec may name. */
  readonly credentials: Readonly<Record<string, string>>
}

const name = 'reference'

/** The selector of a credential. */
export function credential(key: string): { readonly name: string; readonly key: string } {
  return { name, key }
}

/** Opens the provider for one use, with the policy applied to it. */
async function withProvider<Value>(
  reference: ReferenceStore,
  context: ReferenceContext,
  use: (provider: Provider, place: Place, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const sessions = createSessions({ environment: context.environment })
  const store = readStore(storeManifest(reference))
  if (context.policy !== undefined) checkStore(context.policy, sessions.place(store))
  const session = await sessions.open(store, '', manifestAccess([credentialManifest(reference)], ''), {
    policy: context.policy,
  })
  try {
    return await use(session.provider, sessions.place(store), context.signal ?? new AbortController().signal)
  } finally {
    session.release()
    await sessions.close()
  }
}

/** Reads one secret. @throws {ResolverError} `SECRET_NOT_FOUND` */
export function readSecret(
  reference: ReferenceStore,
  location: Pick<Location, 'key' | 'version'>,
  context: ReferenceContext,
): Promise<RemoteSecret> {
  return withProvider(reference, context, async (provider, place, signal) => {
    if (context.policy !== undefined) checkLocation(context.policy, place, location.key)
    return present(await provider.get({ ...location, metadataPolicy: 'None' }, signal), location.key)
  })
}

/** The secret, or the error that it is not there. */
function present(secret: RemoteSecret | null, key: string): RemoteSecret {
  if (secret !== null) return secret
  throw new ResolverError('SECRET_NOT_FOUND', `there is no secret "${key}"`)
}

function storeManifest({ provider, spec }: ReferenceStore): Manifest {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name },
    spec: { provider: { [provider]: spec } },
  }
}

function credentialManifest({ credentials }: ReferenceStore): Manifest {
  const encoded = Object.entries(credentials).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: Object.fromEntries(encoded) }
}

/** A variable that the caller lends; empty when it lends none. */
export function variable({ environment: { ambient = {} } }: ReferenceContext, ...names: readonly string[]): string {
  for (const one of names) {
    const value = ambient[one]
    if (value !== undefined && value !== '') return value
  }
  return ''
}
