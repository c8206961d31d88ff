import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { clusterFlags } from '../flags.ts'
import { type Io, readAll } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { holdsSealedSecret } from '../sealing/kind.ts'
import { setItem } from '../sealing/set.ts'
import { sealingKeyFor } from '../sealing/source.ts'
import { readText } from '../sealing/sources.ts'
import { isEncryptedFile } from '../sops/format.ts'
import { setEncrypted } from '../sops/set.ts'
import { unfit } from '../unfit.ts'

/** One line for the list of commands. */
export const summary = 'Set one value of an encrypted file; the value comes from standard input'

/** The positional arguments. */
export const positionals = 'FILE KEY'

const own = [
  {
    name: 'keep-layout',
    type: 'boolean',
    description: 'SOPS, YAML: change nothing of the text but the value',
  },
  {
    name: 'identity',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'SOPS: decrypt with the age keys in FILE (where sops looks for them)',
  },
  { name: 'json', type: 'boolean', description: 'SOPS: the value is JSON: a number, a list, an object' },
  { name: 'plain', type: 'boolean', description: 'SOPS: the value may stay in plain text, if the rule says so' },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'seal with this certificate (that of the controller in the cluster)',
  },
  {
    name: 'value',
    type: 'string',
    value: 'TEXT',
    description: 'the value; others on this machine can see it, and the shell remembers it (standard input)',
  },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private keys, for a file of the format before 0.7, which seals all items as one',
  },
  { name: 'name', type: 'string', value: 'NAME', description: 'the SealedSecret, in a file of several' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of a SealedSecret that declares none',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof clusterFlags] = [...own, ...clusterFlags]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['printf %s \'text\' | sealkit set secrets.yaml \'["db"]["password"]\'', 'a value of a file that SOPS encrypted'],
  ['sealkit set --cert cert.pem sealed.yaml password < password.txt', 'a value as it is, line break included'],
  ["printf %s 'text' | sealkit set --cert cert.pem sealed.yaml password", 'a value without line break'],
]

/** Seals the value for the file's own name, namespace and scope, and replaces the file. */
export async function run(values: Values<typeof options>, names: readonly string[], io: Io): Promise<number> {
  const [path, key, ...more] = names
  if (path === undefined || key === undefined || more.length > 0) {
    throw new CliError('USAGE', 'set needs a file and a key', {
      hint: 'give FILE KEY, and the value on standard input',
    })
  }
  const text = await readText(path, io)
  const bytes = Buffer.from(text)
  if (await isEncryptedFile(path, bytes)) {
    const value = await readValue(values.value, io)
    await setEncrypted({ path, bytes, place: key, value }, values, io)
    return exitCode.done
  }
  if (!(await holdsSealedSecret(bytes))) throw await unfit('set', { path, text })
  const publicKey = await sealingKeyFor(values, io)
  const plaintext = await readValue(values.value, io)
  const { name, namespace } = values
  const keyRing = values.key === undefined ? undefined : await readKeyRing(values.key, io)
  writeResult(await setItem(text, { key, plaintext, publicKey, keyRing, name, namespace }), path, io)
  return exitCode.done
}

async function readValue(given: string | undefined, io: Io): Promise<Uint8Array> {
  if (given !== undefined) return Buffer.from(given)
  if (io.stdin.isTTY) io.stderr.write('type the value, then press Ctrl-D\n')
  return readAll(io.stdin)
}
