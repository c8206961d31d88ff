import { masterKeys } from '@sealkit/keyservice'
import { createRenderer, createSessions, type Environment, type Policy } from '@sealkit/resolver'
import { type Context, documentAccess, type ManifestDocument, sealedSecretRender } from 'sealkit'
import type { Io } from './io.ts'
import { readKeyRing } from './sealing/keys.ts'
import { keyIo } from './sops/keyio.ts'

/** What the sources are opened with. */
export interface OpenSourcesOptions {
  /** The objects at hand: stores, credentials and ConfigMaps are looked up among them. */
  readonly documents: readonly ManifestDocument[]
  /** Files with private sealing keys: PEM, or Secrets as the controller keeps them. */
  readonly keys: readonly string[]
  /** What stores may reach; absent = everything. */
  readonly policy?: Policy
  /** What stores may take from this machine; absent = nothing. */
  readonly environment?: Pick<Environment, 'ambient' | 'endpoints'>
  readonly io: Io
}

/** A context for the three sources, and how to end what it opened. */
export interface OpenSources {
  readonly context: Context
  close(): Promise<void>
}

/**
 * The sources as the command line has them: sealing keys from files, SOPS keys from where sops looks for them, stores
 * from the manifests themselves. Stores use no credentials of this machine, unless the caller lends them.
 */
export async function openSources(options: OpenSourcesOptions): Promise<OpenSources> {
  const { documents, keys, policy, environment, io } = options
  const sessions = createSessions({ environment: { now: () => io.now().getTime(), ...environment } })
  const clock = { now: () => BigInt(io.now().getTime()) * 1_000_000n }
  const local: Context = {
    ...(keys.length > 0 && { sealed: { keyRing: await readKeyRing(keys, io), render: sealedSecretRender(clock) } }),
    sops: masterKeys({ io: keyIo(io, { network: false }), now: io.now }),
  }
  const cluster = documentAccess(documents, local)
  const external = { cluster, sessions, render: createRenderer(clock), ...(policy !== undefined && { policy }) }
  return { context: { ...local, external }, close: () => sessions.close() }
}
