import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KeyIo, KeyserviceError, keyServices, type MasterKeys, masterKeys } from '@sealkit/keyservice'
import { isKeyEntry } from './entries.ts'
import { type KeySet, type KeySetOptions, keySet } from './keyset.ts'

/** How the keys of a folder are used. */
export interface FolderKeysOptions extends Pick<KeySetOptions, 'env'> {
  /** The machine whose own credentials are used, too, for keys that are no age keys; null = none. */
  readonly machine: KeyIo | null
}

/**
 * The keys of a folder: files named as the entries of a key Secret are, and age identities in `*.txt`. Age identities
 * are the only ones. A Vault token goes to the addresses of `SOPS_HC_VAULT_ALLOWLIST` and nowhere else.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`, and what reading the folder throws
 */
export async function folderKeys(folder: string | undefined, { env, machine }: FolderKeysOptions): Promise<KeySet> {
  const names = folder === undefined ? [] : (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const entries = names.flatMap((name) => {
    if (isKeyEntry(name)) return [[name, name] as const]
    return name.endsWith('.txt') ? [[name, `${name}.agekey`] as const] : []
  })
  const files = entries.map(async ([name, entry]) => [entry, await readFile(join(folder ?? '', name))] as const)
  const allowed = env['SOPS_HC_VAULT_ALLOWLIST'] ?? 'none'
  const vaults = allowed === 'all' ? null : allowed === 'none' ? [] : allowed.split(',')
  const set = await keySet(new Map(await Promise.all(files)), { env, vaults })
  if (machine === null) return set
  const { unwrap, wrap } = masterKeys({ io: machine })
  const others: MasterKeys = {
    wrap,
    unwrap: async (entry, options) => {
      if (entry.kind !== 'age') return unwrap(entry, options)
      throw new KeyserviceError(
        'IDENTITY_MISSING',
        'no identity of the folder of keys decrypts for the age key of the file',
      )
    },
  }
  return { ...set, unwrap: keyServices([{ unwrap: set.unwrap, wrap }, others]).unwrap }
}
