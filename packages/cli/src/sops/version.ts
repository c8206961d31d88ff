import { basename, resolve } from 'node:path'
import {
  type Branch,
  keyName,
  type Metadata,
  maskFile,
  maskPlain,
  openStore,
  type SopsFile,
  thresholdOf,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Io } from '../io.ts'
import { openEncrypted } from './change.ts'
import type { Configs } from './creation.ts'
import { type EncryptedFile, isPlain, parseEncrypted } from './encrypted.ts'
import { encryptedFormat } from './format.ts'
import { about } from './outcome.ts'

/** One version of a file; its path tells the format. */
export interface Version {
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * The plain documents of a version, encrypted or not; without keys the encrypted values are their own fingerprints.
 *
 * @throws what reading and decrypting throw
 */
export async function versionDocuments(
  version: Version,
  { keys, configs }: { readonly keys: MasterKeys | null; readonly configs: Configs },
  io: Io,
): Promise<readonly Branch[]> {
  const encrypted = await encryptedOrNull(version, configs, io)
  if (encrypted === null) return plainDocuments(version)
  if (keys === null) return maskFile(encrypted.file)
  return (await openEncrypted(encrypted, keys)).documents
}

/**
 * What git may show of a file: encrypted values as fingerprints, recipients and rule as comments. The same file gives
 * the same text, with no key and no configuration.
 *
 * @throws what reading throws
 */
export async function maskedText(version: Version, configs: Configs, io: Io): Promise<string> {
  const yaml = await openStore('yaml')
  const encrypted = await encryptedOrNull(version, configs, io)
  const head = encrypted === null ? ['# not encrypted'] : metadataLines(encrypted.file)
  const documents = encrypted === null ? await maskPlain(await plainDocuments(version)) : await maskFile(encrypted.file)
  return `${head.map((line) => `${line}\n`).join('')}${Buffer.from(yaml.emit(documents)).toString()}`
}

/** A file in plain text, as it is where it is not encrypted. */
export async function plainText(version: Version, keys: MasterKeys, configs: Configs, io: Io): Promise<Uint8Array> {
  const encrypted = await encryptedOrNull(version, configs, io)
  if (encrypted === null) return version.bytes
  return encrypted.store.emit((await openEncrypted(encrypted, keys)).documents)
}

async function encryptedOrNull(version: Version, configs: Configs, io: Io): Promise<EncryptedFile | null> {
  if (version.bytes.length === 0) return null
  try {
    return await parseEncrypted(version, { configs }, io)
  } catch (error) {
    if (isPlain(error)) return null
    // Plain files of no known format are binary, and no JSON.
    const path = resolve(io.cwd, version.path)
    if (encryptedFormat(basename(path), version.bytes) === 'binary' && !hasMark(version.bytes)) return null
    throw error
  }
}

function hasMark(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('ENC[AES256_GCM,')
}

async function plainDocuments({ path, bytes }: Version): Promise<readonly Branch[]> {
  if (bytes.length === 0) return []
  try {
    return (await openStore(encryptedFormat(basename(path), bytes))).load(bytes)
  } catch (error) {
    throw about(path, error)
  }
}

function metadataLines({ metadata }: SopsFile): string[] {
  const { keyGroups, rule, macOnlyEncrypted } = metadata
  const threshold = thresholdOf(metadata)
  return [
    ...keyGroups.flatMap((group, at) => group.map((key) => `# ${groupText(metadata, at)}${key.kind} ${keyName(key)}`)),
    ...(threshold === 0 ? [] : [`# shamir_threshold ${threshold}`]),
    ...(rule === null ? [] : [`# ${rule.name} ${rule.pattern}`]),
    ...(macOnlyEncrypted ? ['# mac_only_encrypted'] : []),
  ]
}

function groupText({ keyGroups }: Metadata, at: number): string {
  return keyGroups.length > 1 ? `group ${at + 1}: ` : ''
}
