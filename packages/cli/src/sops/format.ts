import { CoreError } from '@sealkit/core'
import { type Format, formatOf, formats, openStore } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'

/**
 * The format that a flag names.
 *
 * @throws `USAGE` for anything else: an unknown format must not fall back to another
 */
export function namedFormat(text: string, flag: string): Format {
  const format = formats.find((known) => known === text)
  if (format !== undefined) return format
  throw new CliError('USAGE', `--${flag} ${text}: no such format`, { hint: `formats are ${formats.join(', ')}` })
}

/** What an encrypted file looks like where its name does not say the format. */
const marks: readonly (readonly [mark: RegExp, format: Format])[] = [
  [/^\s*\{\s*"data"\s*:\s*"(?:ENC\[[^"]*)?",\s*"sops"\s*:/, 'binary'],
  [/^\s*\{/, 'json'],
  [/^sops:\s*$/m, 'yaml'],
  [/^sops_mac=/m, 'dotenv'],
  [/^\[sops\]\s*$/m, 'ini'],
]

/** The format of an encrypted file: by its name, and by its content where the name says nothing. */
export function encryptedFormat(path: string, bytes: Uint8Array): Format {
  const byName = formatOf(path)
  if (byName !== 'binary') return byName
  const text = Buffer.from(bytes).toString('latin1')
  return marks.find(([mark]) => mark.test(text))?.[1] ?? 'binary'
}

/**
 * Whether a file that was found, not named, may be an encrypted one: a tree holds many files that no store could read.
 * Every encrypted file holds an encrypted MAC.
 */
export function mayBeEncrypted(path: string, bytes: Uint8Array): boolean {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('ENC[AES256_GCM,')) return false
  return (
    encryptedFormat(path, bytes) !== 'binary' ||
    Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart().startsWith('{')
  )
}

/** Whether a file is encrypted already, in whatever format. */
export async function isEncryptedFile(path: string, bytes: Uint8Array): Promise<boolean> {
  if (!mayBeEncrypted(path, bytes)) return false
  const store = await openStore(encryptedFormat(path, bytes))
  try {
    store.loadEncrypted(bytes)
    return true
  } catch (error) {
    // Damaged metadata are metadata.
    return error instanceof CoreError && error.code === 'METADATA_INVALID'
  }
}
