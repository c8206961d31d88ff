import { basename, resolve } from 'node:path'
import type { KeyRing } from '@sealkit/core/sealed'
import { openFile, plainLayout, type Unwrap, writeQuotedDotenv } from '@sealkit/core/sops'
import type { Values } from '../command.ts'
import { CliError } from '../exit.ts'
import { identityFlag, resultFlags } from '../flags.ts'
import { type Io, readAll } from '../io.ts'
import { inParallel } from '../parallel.ts'
import { readInput } from '../sealing/files.ts'
import { holdsSealedSecret } from '../sealing/kind.ts'
import { isPlain } from '../sops/encrypted.ts'
import { extracted } from '../sops/extract.ts'
import { filesNamed, isFile, type NamedFile } from '../sops/files.ts'
import { encryptedFormat, mayBeEncrypted, namedFormat } from '../sops/format.ts'
import { sopsKeys } from '../sops/keys.ts'
import { keptLayout } from '../sops/layout.ts'
import {
  about,
  checkTargets,
  destinationProblem,
  finish,
  nothingFound,
  type Outcome,
  targetOf,
} from '../sops/outcome.ts'

/** One line for the list of commands. */
export const summary = 'Decrypt SOPS files and SealedSecrets'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY|PATTERN...]'

const own = [
  { name: 'dotenv-quotes', type: 'boolean', description: 'dotenv: write values in the quotes that shells need' },
  {
    name: 'keep-layout',
    type: 'boolean',
    description: 'YAML: keep indentation, empty lines, flow style, anchors and tags of the text',
  },
  {
    name: 'input-type',
    type: 'string',
    value: 'yaml|json|dotenv|ini|binary',
    description: 'format of the files (by name and content)',
  },
  {
    name: 'output-type',
    type: 'string',
    value: 'yaml|json|dotenv|ini|binary',
    description: 'format of the result (that of the input); yaml or json for SealedSecrets',
  },
  { name: 'extract', type: 'string', value: 'PLACE', description: `print one value: '["a"]["b"][0]'` },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private keys that open SealedSecrets; without one, those of a tree are left out',
  },
  { name: 'ignore-mac', type: 'boolean', description: 'do not check that the file is unchanged' },
] as const

/** The command line as data. */
export const options: readonly [...typeof resultFlags, ...typeof own, ...typeof identityFlag] = [
  ...resultFlags,
  ...own,
  ...identityFlag,
]

/** Command lines that a person would type. */
export const examples = [
  ['sealkit decrypt secrets.yaml', 'print a file in plain text'],
  ['sealkit decrypt --output-dir plain/ clusters/', 'every encrypted file of a tree, in one go'],
  ['sealkit decrypt --key sealing-key.yaml sealed.yaml', 'the Secret of a SealedSecret'],
  [`sealkit decrypt --extract '["db"]["password"]' secrets.yaml`, 'print one value'],
] as const

type DecryptValues = Values<typeof options>

/** Decrypts files, whole trees of them at once; unless `--keep-going`, all or none are written. New files are their owner's alone. */
export async function run(values: DecryptValues, paths: readonly string[], io: Io): Promise<number> {
  const single = paths.length === 0 || (paths.length === 1 && isFile(paths[0] ?? '', io))
  const problem = usageProblem(values, paths.length, single)
  if (problem !== null) throw new CliError('USAGE', problem, { hint: 'see sealkit decrypt --help' })
  const keys = { unwrap: sopsKeys(values, io).unwrap, keyRing: await keyRingOf(values, io) }
  const files = paths.length === 0 ? [undefined] : filesNamed(paths, io)
  const outcomes = await inParallel(files, (file) => decryptOne(values, { file, ...keys }, io))
  if (outcomes.every((outcome) => 'skipped' in outcome)) throw nothingFound('encrypted file', paths)
  checkTargets(values, outcomes, io)
  return finish(outcomes, { verb: 'decrypted', keepGoing: values['keep-going'] === true, mode: 0o600 }, io)
}

async function keyRingOf(values: DecryptValues, io: Io): Promise<KeyRing | undefined> {
  return values.key === undefined ? undefined : (await import('../sealing/keys.ts')).readKeyRing(values.key, io)
}

function usageProblem(values: DecryptValues, files: number, single: boolean): string | null {
  if (values.extract !== undefined && values['in-place'] === true) return '--in-place and --extract exclude each other'
  return destinationProblem(values, files, single)
}

interface Input {
  readonly file: NamedFile | undefined
  readonly unwrap: Unwrap
  readonly keyRing: KeyRing | undefined
}

const plainFile = 'not encrypted'
const sealedFile = 'sealed (pass --key)'

async function decryptOne(values: DecryptValues, { file, unwrap, keyRing }: Input, io: Io): Promise<Outcome> {
  try {
    const bytes = file === undefined ? await readAll(io.stdin) : readInput(file.path, io)
    if (mayBeSealed(file) && (await holdsSealedSecret(bytes))) {
      if (file?.named === false && keyRing === undefined) return { file, skipped: sealedFile }
      const { unsealedContent } = await import('../sealing/decrypt.ts')
      const target = targetOf(values, file)
      const path = target ?? file?.path ?? ''
      return { file, content: await unsealedContent({ path, bytes }, values, keyRing), target }
    }
    if (file?.named === false && !mayBeEncrypted(basename(file.path), bytes)) return { file, skipped: plainFile }
    return {
      file,
      content: await decryptBytes(values, { bytes, name: file?.path ?? '', unwrap }, io),
      target: targetOf(values, file),
    }
  } catch (error) {
    if (file?.named === false && isPlain(error)) return { file, skipped: plainFile }
    const path = file?.path ?? 'standard input'
    return { file, error: about(path, isPlain(error) && file !== undefined ? await unfitFile(path, io) : error) }
  }
}

async function unfitFile(path: string, io: Io): Promise<unknown> {
  const { unfit } = await import('../unfit.ts')
  return unfit('decrypt', { path, text: Buffer.from(readInput(path, io)).toString() })
}

/** A tree holds texts about SealedSecrets too. */
function mayBeSealed(file: NamedFile | undefined): boolean {
  return file?.named !== false || /\.(?:ya?ml|json)$/.test(file.path)
}

async function decryptBytes(
  values: DecryptValues,
  { bytes, name, unwrap }: { bytes: Uint8Array; name: string; unwrap: Unwrap },
  io: Io,
): Promise<Uint8Array> {
  const format =
    values['input-type'] === undefined
      ? encryptedFormat(basename(resolve(io.cwd, name)), bytes)
      : namedFormat(values['input-type'], 'input-type')
  const target = values['output-type'] === undefined ? format : namedFormat(values['output-type'], 'output-type')
  const opened = await openFile(bytes, { format, unwrap, ignoreMac: values['ignore-mac'] === true })
  if (values.extract === undefined && values['keep-layout'] === true && format === 'yaml' && target === 'yaml') {
    return keptLayout(plainLayout(Buffer.from(bytes).toString(), opened.documents))
  }
  const [only] = opened.documents
  if (values.extract === undefined && values['dotenv-quotes'] === true && target === 'dotenv' && only !== undefined) {
    return Buffer.from(writeQuotedDotenv(only))
  }
  if (values.extract === undefined) return opened.emit(target)
  return extracted(opened.documents, values.extract, target)
}
