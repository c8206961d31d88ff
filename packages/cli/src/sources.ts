import { CoreError } from '@sealkit/core'
import { KeyRing, parsePrivateKeys, type SealingKey, sealingKey, sealingKeyFromSecret } from '@sealkit/core/sealed'
import { masterKeys } from '@sealkit/keyservice'
import { createRenderer, createSessions, type Environment, type Policy } from '@sealkit/resolver'
import { type Context, documentAccess, type ManifestDocument, readDocuments, sealedSecretRender } from 'sealkit'
import { keyIo } from './compat/sops/keyio.ts'
import { CliError } from './exit.ts'
import type { Io } from './io.ts'
import { readText } from './manifests.ts'

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
    ...(keys.length > 0 && { sealed: { keyRing: await keyRing(keys, io), render: sealedSecretRender(clock) } }),
    sops: masterKeys({ io: keyIo(io), now: io.now }),
  }
  const cluster = documentAccess(documents, local)
  const external = { cluster, sessions, render: createRenderer(clock), ...(policy !== undefined && { policy }) }
  return { context: { ...local, external }, close: () => sessions.close() }
}

/** A key ring of the private keys in files. @throws `NO_KEY` for a file that holds none */
export async function keyRing(files: readonly string[], io: Io): Promise<KeyRing> {
  const keys = await Promise.all(files.map((file) => readKeys(file, io)))
  return new KeyRing(keys.flat())
}

async function readKeys(file: string, io: Io): Promise<SealingKey[]> {
  const text = readText(file, io.cwd)
  try {
    if (text.includes('-----BEGIN')) return await Promise.all(parsePrivateKeys(text).map(sealingKey))
    const documents = await readDocuments(text, file)
    const keys = await Promise.all(documents.map(({ object }) => sealingKeyFromSecret(object)))
    if (keys.length > 0) return keys
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new CliError('NO_KEY', `${file}: ${error.message}`, { cause: error, hint: keyHint })
  }
  throw new CliError('NO_KEY', `${file} holds no private sealing key`, { hint: keyHint })
}

const keyHint = 'give a PEM private key, or the Secrets of the controller with tls.crt and tls.key'
