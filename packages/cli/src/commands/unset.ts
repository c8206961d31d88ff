import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import { holdsSealedSecret } from '../sealing/kind.ts'
import { removeItem } from '../sealing/set.ts'
import { readText } from '../sealing/sources.ts'
import { changedFile } from '../sops/change.ts'
import { Configs } from '../sops/creation.ts'
import { parseEncrypted } from '../sops/encrypted.ts'
import { isEncryptedFile } from '../sops/format.ts'
import { sopsKeys } from '../sops/keys.ts'
import { parsePlace } from '../sops/place.ts'
import { unsetValue } from '../sops/treepath.ts'
import { unfit } from '../unfit.ts'

/** One line for the list of commands. */
export const summary = 'Take one value out of an encrypted file'

/** The positional arguments. */
export const positionals = 'FILE KEY'

const own = [
  { name: 'name', type: 'string', value: 'NAME', description: 'the SealedSecret, in a file of several' },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit unset secrets.yaml token', 'a key of the top level'],
  [`sealkit unset secrets.yaml '["db"]["users"][0]'`, 'a place, as sops writes it'],
  ['sealkit unset sealed.yaml password', 'an item of a SealedSecret, no key needed'],
]

/** Removes a value; what stays keeps its ciphertext. */
export async function run(values: Values<typeof options>, names: readonly string[], io: Io): Promise<number> {
  const [path, key, ...more] = names
  if (path === undefined || key === undefined || more.length > 0) {
    throw new CliError('USAGE', 'unset needs a file and a key', { hint: 'give FILE KEY' })
  }
  const text = await readText(path, io)
  const bytes = Buffer.from(text)
  if (await isEncryptedFile(path, bytes)) {
    const place = parsePlace(key)
    const target = await parseEncrypted({ path, bytes }, { configs: new Configs(io.cwd, undefined) }, io)
    const keys = sopsKeys(values, io)
    const encrypted = await changedFile(target, (document) => unsetValue(document, place), { keys, io })
    if (encrypted !== null) writeResult(target.store.emitEncrypted(encrypted), path, io)
  } else if (!(await holdsSealedSecret(bytes))) throw await unfit('unset', { path, text })
  else writeResult(await removeItem(text, { key, name: values.name }), path, io)
  return exitCode.done
}
