import { parseJson } from '@sealkit/core/go'
import { changedLayout, openStore, type Value } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import { changedFile, checkEncryptedAt } from './change.ts'
import { Configs } from './creation.ts'
import { parseEncrypted } from './encrypted.ts'
import { sopsKeys } from './keys.ts'
import { keptLayout } from './layout.ts'
import { parsePlace } from './place.ts'
import { setValue } from './treepath.ts'

/** What {@link setEncrypted} sets, and how. */
export interface SetEncryptedOptions {
  readonly identity?: readonly string[]
  /** The value is JSON, not text. */
  readonly json?: boolean
  /** The value may stay in plain text, where the file's rule says so. */
  readonly plain?: boolean
  /** Of a YAML file nothing but the value changes. */
  readonly 'keep-layout'?: boolean
}

/**
 * Sets one value of a SOPS file; everything else keeps its ciphertext.
 *
 * @throws `USAGE`, `NO_SUCH_KEY`, `DATA_KEY_UNAVAILABLE`, `MAC_MISMATCH`
 */
export async function setEncrypted(
  file: { readonly path: string; readonly bytes: Uint8Array; readonly place: string; readonly value: Uint8Array },
  options: SetEncryptedOptions,
  io: Io,
): Promise<void> {
  const place = parsePlace(file.place)
  const target = await parseEncrypted(file, { configs: new Configs(io.cwd, undefined) }, io)
  const value = options.json === true ? await jsonValue(file.value) : textValue(file.value)
  const change = changedFile(
    target,
    (document) => {
      const set = setValue(document, place, value)
      return set.changed ? set.document : null
    },
    { keys: sopsKeys(options, io), io },
  )
  const encrypted = await change
  if (encrypted === null) return
  if (options.plain !== true) checkEncryptedAt(encrypted, place)
  const kept = options['keep-layout'] === true && target.format === 'yaml'
  const content = kept
    ? keptLayout(changedLayout(Buffer.from(file.bytes).toString(), encrypted))
    : target.store.emitEncrypted(encrypted)
  writeResult(content, file.path, io)
}

function textValue(bytes: Uint8Array): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}

/** The value as sops reads it in a JSON file, in which integers keep all their digits. */
async function jsonValue(bytes: Uint8Array): Promise<Value> {
  const text = Buffer.from(bytes).toString()
  try {
    parseJson(text)
    const [document] = (await openStore('json')).load(Buffer.from(`{"value":${text}}`))
    return document?.items[0]?.value ?? null
  } catch {
    // The parser's own error would show the value.
    throw new CliError('USAGE', 'the value is no JSON, or a number in it is too large', {
      hint: 'leave --json out to set it as text',
    })
  }
}
