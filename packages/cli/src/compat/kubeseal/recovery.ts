import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CoreError } from '@sealkit/core'
import { decodeBase64, type Manifest, readManifests, secretType } from '@sealkit/core/manifest'
import type { PrivateKey } from '@sealkit/core/platform'
import { KeyRing, parsePrivateKey, sealingKey, unsealManifest } from '@sealkit/core/sealed'
import type { Io } from '../../io.ts'
import { lazyRender } from '../../sealing/render.ts'
import type { Call } from './call.ts'
import { failure, fileFailure } from './failure.ts'
import { print } from './print.ts'
import { checkKind, readTyped } from './typed.ts'

/** Decrypts SealedSecrets with private keys from files and prints the Secrets. No cluster is asked. */
export async function recover({ values, io, input, output }: Call): Promise<void> {
  const keys: PrivateKey[] = []
  for (const path of values.list('recovery-private-key')) keys.push(...(await readKeys(path, io)))
  const keyRing = new KeyRing(await Promise.all(keys.map(sealingKey)))
  const bytes = await input()
  const sealedSecrets = await readTyped(bytes)
  // Upstream prints a Secret without a name.
  if (sealedSecrets.length === 0) throw failure('no sealed secrets found in the input')
  for (const sealedSecret of sealedSecrets) {
    checkKind(sealedSecret)
    try {
      output.write(await print(secretType, await recovered(sealedSecret, keyRing), output.format))
    } catch (error) {
      await explain(error, bytes, keyRing, io)
      throw error
    }
  }
}

/** On a terminal, why no key could decrypt; a script gets kubeseal's text and nothing else. */
async function explain(error: unknown, bytes: Uint8Array, keyRing: KeyRing, io: Io): Promise<void> {
  if (io.stderr.isTTY !== true || !(error instanceof CoreError) || error.code !== 'DECRYPTION_FAILED') return
  const { findingsOf } = await import('../../sealing/diagnose.ts')
  for (const finding of await findingsOf(bytes, keyRing)) io.stderr.write(`${finding}\n`)
}

async function recovered(sealedSecret: Manifest, keyRing: KeyRing): Promise<Manifest> {
  const secret = await unsealManifest(sealedSecret, keyRing, { render: lazyRender })
  const { ownerReferences = [], ...metadata } = secret.metadata ?? {}
  // The owner of an object that was never in a cluster has no uid, and the API server would refuse it.
  const owners = ownerReferences.filter(({ uid }) => uid !== '')
  const data = Object.entries((secret['data'] ?? {}) as Readonly<Record<string, string>>)
  return {
    ...secret,
    metadata: owners.length > 0 ? { ...metadata, ownerReferences: owners } : metadata,
    // Go decrypts an empty value to nil, which it prints as null.
    data: Object.fromEntries(data.map(([key, value]) => [key, value === '' ? null : value])),
  }
}

/** The keys of a file: the first key of a PEM text, or the keys of Secrets in YAML or JSON, also in a list. */
async function readKeys(path: string, io: Io): Promise<PrivateKey[]> {
  const bytes = readKeyFile(path, io)
  try {
    return [parsePrivateKey(bytes)]
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
  }
  return (await readKeySecrets(bytes)).map(({ data }) => {
    const key: unknown = data !== null && typeof data === 'object' && Reflect.get(data, 'tls.key')
    if (typeof key !== 'string') throw failure("secret must contain a 'tls.data' key", 'NO_KEY')
    return parsePrivateKey(decodeBase64(key))
  })
}

function readKeyFile(path: string, io: Io): Uint8Array {
  try {
    return readFileSync(resolve(io.cwd, path))
  } catch (error) {
    throw fileFailure(error, 'open', path)
  }
}

/** What is no Secret is no key either, and shows only when nothing decrypts. */
async function readKeySecrets(bytes: Uint8Array): Promise<Manifest[]> {
  try {
    return await readManifests(secretType, bytes)
  } catch (error) {
    if (error instanceof CoreError && error.upstream?.startsWith('no secrets found') === true) return []
    throw error
  }
}
