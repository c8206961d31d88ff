import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { CoreError } from '@sealkit/core'
import { decryptUnordered, type MacVerdict, openFile, toPlain, type Unwrap } from '@sealkit/core/sops'
import { type ClusterObject, type SourceFile, sourceField } from '@sealkit/kubernetes'
import { ControllerError } from '../error.ts'
import type { SopsKeys } from '../sops-keys/keys.ts'
import { variants } from './variants.ts'

/** What is done about a MAC that cannot be verified: the object is refused, or it is said in a condition. */
export type MacPolicy = 'required' | 'attempted'

/** A SopsSecret in plain text. */
export interface Decrypted {
  readonly spec: Readonly<Record<string, unknown>>
  readonly mac: MacVerdict
}

/** Decrypts SopsSecrets; remembers by which version of an object a MAC was verified. */
export type Decrypt = (object: ClusterObject) => Promise<Decrypted>

/** Orders in which people write SopsSecrets. */
const likely: readonly (readonly string[])[] = [
  ['labels', 'annotations', 'type', 'stringData', 'data'],
  ['annotations', 'labels', 'type', 'data', 'stringData'],
  ['type', 'labels', 'annotations', 'stringData', 'data'],
  ['labels', 'annotations', 'stringData', 'data', 'type'],
].map((template) => [
  ...['apiVersion', 'kind', 'metadata', 'name', 'namespace', ...template],
  ...['spec', 'suspend', 'enforceOwnership', 'secretTemplates'],
  ...['host', 'port', 'username', 'user', 'login', 'password'],
])

/** What {@link decryption} works with. */
export interface DecryptionOptions {
  readonly keys: SopsKeys
  readonly policy: () => MacPolicy
  /** Objects come from files, each with the whole text of its own: nothing is lost that the MAC covers. */
  readonly fromFiles: boolean
}

/** Decryption with the keys of the object's namespace, as strictly as `policy` says. */
export function decryption({ keys, policy, fromFiles }: DecryptionOptions): Decrypt {
  const verified = new Map<string, string>()
  return async (object) => {
    if (object['sops'] === undefined) throw unencrypted()
    const { uid = '', namespace = '' } = object.metadata
    const unwrap = await keys.unwrapFor(namespace)
    const file = fromFiles ? (object[sourceField] as SourceFile | undefined) : undefined
    if (file !== undefined) return decryptDocument(object, file, { unwrap, policy: policy() })
    const candidates = variants(object)
    const version = createHash('sha256').update(JSON.stringify(candidates)).digest('base64')
    const known = verified.get(uid) === version
    const result = await decryptUnordered(candidates, {
      unwrap,
      likely,
      pause: () => setImmediate(),
      ...(known ? { budget: 0 } : {}),
    })
    if (result === null) throw unencrypted()
    const mac = known ? 'verified' : result.mac
    if (mac === 'verified') verified.set(uid, version)
    else if (policy() === 'required') throw unverified(mac)
    return { spec: result.plain['spec'] as Decrypted['spec'], mac }
  }
}

/** One document of a file, whose MAC is over all of them. */
async function decryptDocument(
  { metadata: { name } }: ClusterObject,
  { text, index }: SourceFile,
  { unwrap, policy }: { readonly unwrap: Unwrap; readonly policy: MacPolicy },
): Promise<Decrypted> {
  const format = /^\s*\{/.test(text) ? 'json' : 'yaml'
  const open = async (ignoreMac: boolean): Promise<Record<string, unknown>> => {
    const { documents } = await openFile(text, { unwrap, format, ignoreMac })
    return toPlain(documents[index] ?? null) as Record<string, unknown>
  }
  const { plain, mac } = await open(false).then(
    (plain) => ({ plain, mac: 'verified' as const }),
    async (error: unknown) => {
      if (!(error instanceof CoreError) || error.code !== 'MAC_MISMATCH' || policy === 'required') throw error
      return { plain: await open(true), mac: 'refuted' as const }
    },
  )
  const { metadata } = plain as { readonly metadata?: { readonly name?: unknown } }
  if (metadata?.name === name) return { spec: plain['spec'] as Decrypted['spec'], mac }
  throw new CoreError('INVALID_MANIFEST', 'the documents of the file are not told apart as they were read')
}

function unencrypted(): CoreError {
  return new CoreError('METADATA_MISSING', 'the object has no sops block: it was applied without being encrypted', {
    hint: 'encrypt it with sops --encrypted-suffix Templates, and change what it held in plain text',
  })
}

function unverified(mac: MacVerdict): Error {
  if (mac === 'refuted') {
    return new CoreError('MAC_MISMATCH', 'the MAC does not match: values were added, removed, moved or changed', {
      hint: 'apply the file as sops wrote it, or let the MAC cover encrypted values alone (mac_only_encrypted: true)',
    })
  }
  const message = 'the MAC cannot be verified: the keys of the object have too many possible orders in the file'
  return new ControllerError('MAC_UNDECIDED', message, {
    hint: 'sort the keys of each map in the file before it is encrypted, or start the controller with --sops-mac=attempted',
  })
}
