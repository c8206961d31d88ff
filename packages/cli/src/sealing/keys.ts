import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CoreError } from '@sealkit/core'
import { type Manifest, readManifests, secretType } from '@sealkit/core/manifest'
import { KeyRing, parsePrivateKeys, type SealingKey, sealingKey, sealingKeyFromSecret } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'

/** Names of the files that are read in a directory of keys. */
const keyFile = /\.(?:key|pem|ya?ml|json)$/

const hint = 'give a PEM file, a Secret of the controller (also in a List), or a directory of such files'

/** A sealing key, and the file that holds it, with the Secret's name where it is in one. */
export interface FoundKey {
  readonly key: SealingKey
  readonly place: string
}

/**
 * The sealing keys of files and directories: PEM, or Secrets as the controller keeps them.
 *
 * @throws FILE_UNREADABLE, NO_KEY naming the file and nothing of the key
 */
export async function readKeyRing(paths: readonly string[], io: Io): Promise<KeyRing> {
  return new KeyRing((await readFoundKeys(paths, io)).map(({ key }) => key))
}

/**
 * The same with the place of each key.
 *
 * @throws like {@link readKeyRing}
 */
export async function readFoundKeys(paths: readonly string[], io: Io): Promise<FoundKey[]> {
  const keys: FoundKey[] = []
  for (const path of paths) {
    const read = await readKeys(path, io)
    if (read.length === 0) throw new CliError('NO_KEY', `${path} holds no private sealing key`, { hint })
    keys.push(...read)
  }
  return keys
}

async function readKeys(path: string, io: Io): Promise<FoundKey[]> {
  const place = resolve(io.cwd, path)
  try {
    if (!statSync(place).isDirectory()) return await keysOf(readFileSync(place), path)
    const files = readdirSync(place).filter((name) => keyFile.test(name))
    const read = files.sort().map((name) => keysIfAny(readFileSync(join(place, name)), join(path, name)))
    return (await Promise.all(read)).flat()
  } catch (cause) {
    if (cause instanceof CoreError) throw new CliError('NO_KEY', `${path}: ${cause.message}`, { cause, hint })
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause
    throw new CliError('FILE_UNREADABLE', `the key file ${path} cannot be read`, { cause, hint })
  }
}

async function keysOf(bytes: Buffer, path: string): Promise<FoundKey[]> {
  if (bytes.includes('-----BEGIN')) {
    const keys = await Promise.all(parsePrivateKeys(bytes).map(sealingKey))
    return keys.map((key) => ({ key, place: path }))
  }
  const secrets = await readManifests(secretType, bytes)
  return Promise.all(
    secrets.filter(holdsKey).map(async (secret) => {
      return { key: await sealingKeyFromSecret(secret), place: `${path}: ${secret.metadata?.name ?? 'no name'}` }
    }),
  )
}

/** A directory may hold certificates beside the keys. */
async function keysIfAny(bytes: Buffer, path: string): Promise<FoundKey[]> {
  const pem = bytes.includes('-----BEGIN')
  return pem && !bytes.includes('PRIVATE KEY-----') ? [] : keysOf(bytes, path)
}

/** Whether a Secret looks like one that holds a sealing key. */
export function holdsKey({ data }: Manifest): boolean {
  return typeof data === 'object' && data !== null && Object.hasOwn(data, 'tls.key')
}
