import type { ClusterAccess, ClusterKind } from '../cluster.ts'
import type { Values } from '../convert.ts'
import { prefixed, ResolverError } from '../error.ts'
import type { GeneratorRef } from '../externalsecret.ts'
import type { Policy } from '../policy.ts'
import type { Environment } from '../provider.ts'
import { type Json, object, text } from '../view.ts'
import type { LeaseSink } from './lease.ts'

/** Makes values instead of reading them: new ones for each call. */
export type Generate = (spec: Json, context: GenerateContext) => Values | Promise<Values>

/** Random bytes from a source that cannot be guessed. */
export type Random = (size: number) => Uint8Array

/** What a generator may use. */
export interface GenerateContext {
  /** The namespace of the ExternalSecret. */
  readonly namespace: string
  readonly cluster: ClusterAccess
  readonly environment: Environment
  /** What generators that ask a backend may reach; absent = everything. */
  readonly policy?: Policy | undefined
  readonly random: Random
  /** Takes the leases of what is generated; absent = they end by their own time. */
  readonly leases?: LeaseSink | undefined
  readonly signal: AbortSignal
}

/** A row of the table of generators. */
export interface GeneratorRow {
  /** The key in a ClusterGenerator's `spec.generator`. */
  readonly clusterKey: string
  load(): Promise<{ readonly generate: Generate }>
}

/** Generators by kind; each module is loaded when it is used. */
export const generators: Readonly<Record<string, GeneratorRow>> = {
  Fake: { clusterKey: 'fakeSpec', load: () => import('./fake.ts') },
  MFA: { clusterKey: 'mfaSpec', load: () => import('./mfa.ts') },
  Password: { clusterKey: 'passwordSpec', load: () => import('./password.ts') },
  SSHKey: { clusterKey: 'sshKeySpec', load: () => import('./sshkey.ts') },
  UUID: { clusterKey: 'uuidSpec', load: () => import('./uuid.ts') },
  VaultDynamicSecret: { clusterKey: 'vaultDynamicSecretSpec', load: () => import('./vaultdynamicsecret.ts') },
  Webhook: { clusterKey: 'webhookSpec', load: () => import('./webhook.ts') },
}

/**
 * Runs the generator that an entry of `dataFrom` names.
 *
 * @throws {ResolverError} `NOT_SUPPORTED` for a kind without a row, `PROVIDER_FAILED` when the object is not there
 */
export async function generate(ref: GeneratorRef, context: GenerateContext): Promise<Values> {
  const { kind, spec } = await readGenerator(ref, context)
  const row = Object.hasOwn(generators, kind) ? generators[kind] : undefined
  if (row === undefined) {
    throw new ResolverError('NOT_SUPPORTED', `the generator kind ${kind} is not supported`, {
      hint: `the kinds are ${Object.keys(generators).join(', ')}`,
    })
  }
  const module = await row.load()
  try {
    return await module.generate(spec, context)
  } catch (error) {
    throw prefixed('error using generator: ', error)
  }
}

/**
 * The controller class of the generator that an entry of `dataFrom` names; empty where it has none, or is not there.
 *
 * @throws what the cluster's reader throws
 */
export async function generatorClass(
  ref: GeneratorRef,
  context: Pick<GenerateContext, 'namespace' | 'cluster'>,
): Promise<string> {
  try {
    return text((await readGenerator(ref, context)).spec['controller'])
  } catch (error) {
    if (error instanceof ResolverError && error.code === 'PROVIDER_FAILED') return ''
    throw error
  }
}

interface GeneratorObject {
  readonly kind: string
  readonly spec: Json
}

async function readGenerator(
  ref: GeneratorRef,
  { namespace, cluster }: Pick<GenerateContext, 'namespace' | 'cluster'>,
): Promise<GeneratorObject> {
  const clusterScoped = ref.kind === 'ClusterGenerator'
  if (!clusterScoped && !Object.hasOwn(generators, ref.kind)) return { kind: ref.kind, spec: {} }
  const kind = ref.kind as ClusterKind
  const found = await cluster.get(kind, { namespace: clusterScoped ? '' : namespace, name: ref.name })
  if (found === null) {
    throw new ResolverError(
      'PROVIDER_FAILED',
      `unable to get generator: ${ref.kind}.generators.external-secrets.io "${ref.name}" not found`,
    )
  }
  const spec = object(found['spec'])
  if (!clusterScoped) return { kind, spec }
  const inner = text(spec['kind'])
  const key = Object.hasOwn(generators, inner) ? generators[inner]?.clusterKey : undefined
  return { kind: inner, spec: object(object(spec['generator'])[key ?? '']) }
}

/** Random bytes of the platform. */
export function secureRandom(size: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(size))
}
