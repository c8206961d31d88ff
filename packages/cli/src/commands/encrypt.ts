import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import {
  encryptedLayout,
  encryptFile,
  encryptOver,
  type Format,
  formatOf,
  newDataKey,
  openPlain,
  openStore,
  type PlainFile,
  readQuotedDotenv,
  type SopsFile,
  wrapDataKey,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Values } from '../command.ts'
import { CliError } from '../exit.ts'
import { identityFlag, resultFlags } from '../flags.ts'
import { type Io, readAll } from '../io.ts'
import { inParallel } from '../parallel.ts'
import { readInput } from '../sealing/files.ts'
import { Configs } from '../sops/creation.ts'
import { type EncryptedFile, isPlain, readEncrypted } from '../sops/encrypted.ts'
import { filesNamed, isFile, type NamedFile } from '../sops/files.ts'
import { isEncryptedFile, namedFormat } from '../sops/format.ts'
import { sopsKeys } from '../sops/keys.ts'
import { keptLayout } from '../sops/layout.ts'
import { fileMetadata, recipientsOf } from '../sops/newfile.ts'
import {
  about,
  checkTargets,
  destinationProblem,
  finish,
  nothingFound,
  type Outcome,
  targetOf,
} from '../sops/outcome.ts'
import { checkSelected } from '../sops/selected.ts'

/** One line for the list of commands. */
export const summary = 'Encrypt the values of files with SOPS'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY|PATTERN...]'

const own = [
  {
    name: 'base',
    type: 'string',
    value: 'FILE',
    description: 'keep what is the same in this encrypted version (the file that is replaced, if it is encrypted)',
  },
  { name: 'fresh', type: 'boolean', description: 'keep nothing of the encrypted file that is replaced' },
  {
    name: 'age',
    type: 'string',
    multiple: true,
    value: 'RECIPIENT',
    description: 'encrypt to this age recipient (what .sops.yaml says for the file)',
  },
  {
    name: 'recipient',
    short: 'r',
    type: 'string',
    multiple: true,
    value: 'KEY',
    description: 'encrypt to this master key of any kind: ARN, resource ID, URL, fingerprint',
  },
  {
    name: 'dotenv-quotes',
    type: 'boolean',
    description: 'dotenv: read quotes, export, comments behind values and values of several lines, as shells do',
  },
  {
    name: 'keep-layout',
    type: 'boolean',
    description: 'YAML: keep indentation, empty lines, quotes, flow style, anchors and tags of the text',
  },
  { name: 'config', type: 'string', value: 'FILE', description: 'take rules from FILE (the nearest .sops.yaml)' },
  {
    name: 'filename',
    type: 'string',
    value: 'NAME',
    description: 'choose format and rule by NAME (that of the file; needed for standard input)',
  },
  {
    name: 'input-type',
    type: 'string',
    value: 'FORMAT',
    description: 'yaml, json, dotenv, ini or binary (by the name)',
  },
  { name: 'output-type', type: 'string', value: 'FORMAT', description: 'format of the result (that of the input)' },
  { name: 'encrypted-regex', type: 'string', value: 'RE2', description: 'encrypt only below keys that match' },
  { name: 'unencrypted-regex', type: 'string', value: 'RE2', description: 'encrypt all but what is below such keys' },
  { name: 'encrypted-suffix', type: 'string', value: 'TEXT', description: 'encrypt only below keys that end so' },
  { name: 'unencrypted-suffix', type: 'string', value: 'TEXT', description: 'encrypt all but what is below such keys' },
  { name: 'mac-only-encrypted', type: 'boolean', description: 'protect encrypted values alone against changes' },
] as const

/** The command line as data. */
export const options: readonly [...typeof resultFlags, ...typeof own, ...typeof identityFlag] = [
  ...resultFlags,
  ...own,
  ...identityFlag,
]

/** Command lines that a person would type. */
export const examples = [
  ['sealkit encrypt -i --age age1... secrets.yaml', 'encrypt a file in place'],
  ['sealkit encrypt -i secrets/', 'every file of a tree that .sops.yaml has a rule for'],
  ['sealkit encrypt -o secrets.yaml plain.yaml', 'change an encrypted file only where the plain one differs'],
  ['sealkit encrypt --filename app.json < app.json', 'encrypt standard input as .sops.yaml says for app.json'],
] as const

type EncryptValues = Values<typeof options>

/** What one call works with. */
interface Work {
  readonly values: EncryptValues
  readonly configs: Configs
  readonly keys: MasterKeys
  readonly io: Io
}

/** One file to encrypt. */
interface Input {
  readonly file: NamedFile | undefined
  readonly bytes: Uint8Array
  /** Absolute path that rule and format are chosen by. */
  readonly name: string
}

/**
 * Encrypts files. Fails closed: an unknown format, a rule that is no regular expression, and a rule that selects no
 * value at all are errors. Unless `--keep-going`, all or none are written.
 */
export async function run(values: EncryptValues, paths: readonly string[], io: Io): Promise<number> {
  const single = paths.length === 0 || (paths.length === 1 && isFile(paths[0] ?? '', io))
  const problem = usageProblem(values, paths.length, single)
  if (problem !== null) throw new CliError('USAGE', problem, { hint: 'see sealkit encrypt --help' })
  const work = { values, configs: new Configs(io.cwd, values.config), keys: sopsKeys(values, io), io }
  const files = paths.length === 0 ? [undefined] : filesNamed(paths, io)
  const outcomes = await inParallel(files, (file) => encryptOne(file, work))
  if (outcomes.every((outcome) => 'skipped' in outcome && outcome.skipped === noRule))
    throw nothingFound('file to encrypt', paths)
  checkTargets(values, outcomes, io)
  return finish(outcomes, { verb: 'encrypted', keepGoing: values['keep-going'] === true }, io)
}

function usageProblem(values: EncryptValues, files: number, single: boolean): string | null {
  const problem = destinationProblem(values, files, single)
  if (problem !== null) return problem
  if (files === 0 && values.filename === undefined) return 'standard input needs --filename'
  return values.base !== undefined && !single ? '--base needs one file' : null
}

const noRule = 'without a rule'

async function encryptOne(file: NamedFile | undefined, work: Work): Promise<Outcome> {
  const { values, io } = work
  try {
    const name = resolve(io.cwd, values.filename ?? file?.path ?? '')
    if (file?.named === false && !(await isWanted(name, work))) return { file, skipped: noRule }
    const bytes = file === undefined ? await readAll(io.stdin) : readInput(file.path, io)
    const target = targetOf(values, file)
    const content = await encryptBytes({ file, bytes, name }, target, work)
    if (content === null) return { file, skipped: 'encrypted already' }
    return { file, content, target }
  } catch (error) {
    return { file, error: about(file?.path ?? 'standard input', error) }
  }
}

/** Of a directory's files only those are encrypted that a creation rule is for, or whose format is known where keys are given. */
async function isWanted(name: string, { values, configs }: Work): Promise<boolean> {
  if ((await configs.ruleOrNull(name)) !== null) return true
  return recipientsOf(values).length > 0 && formatOf(basename(name)) !== 'binary'
}

/** The encrypted file; null for one of a directory that is encrypted already. */
async function encryptBytes(input: Input, target: string | undefined, work: Work): Promise<Uint8Array | null> {
  const { values, configs } = work
  const format = formatFor(values, input)
  const type = values['output-type'] === undefined ? format : namedFormat(values['output-type'], 'output-type')
  const store = await openStore(format)
  const output = await openStore(type, (await configs.find(input.name))?.config.indents)
  const quotes = values['dotenv-quotes'] === true && format === 'dotenv'
  const documents = quotes ? [readQuotedDotenv(Buffer.from(input.bytes).toString())] : store.load(input.bytes)
  const [first] = documents
  if (first === undefined)
    throw new CliError('USAGE', 'the file is empty', { hint: 'SOPS needs one document at least' })
  if (output.isReserved(first) || (await isEncryptedFile(basename(input.name), input.bytes))) {
    if (input.file?.named === false) return null
    throw new CliError('USAGE', 'the file is encrypted already', { hint: 'its top-level entry "sops" is the metadata' })
  }
  const metadata = await fileMetadata(input.name, format, work)
  const base = await baseOf(target, work)
  const plain = { documents, metadata }
  const encrypted = base === null ? await encryptNew(plain, work) : await encryptChanged(base, plain, work)
  if (encrypted === null) return base?.bytes ?? null
  if (values['keep-layout'] !== true || type !== 'yaml' || format !== 'yaml') return output.emitEncrypted(encrypted)
  return keptLayout(encryptedLayout(Buffer.from(input.bytes).toString(), encrypted))
}

async function encryptNew({ documents, metadata }: SopsFile, { keys, io }: Work): Promise<SopsFile> {
  const dataKey = newDataKey()
  const wrapped = await wrapDataKey(metadata, dataKey, { wrap: keys.wrap })
  const encrypted = await encryptFile({ documents, metadata: wrapped }, { dataKey, now: io.now() })
  checkSelected(encrypted, { documents, metadata })
  return encrypted
}

/** What does not differ from the earlier encrypted version stays byte for byte; null where nothing differs. */
async function encryptChanged(base: EncryptedFile, plain: SopsFile, { keys, io }: Work): Promise<SopsFile | null> {
  const opened = await openBase(base, keys)
  const encrypted = await encryptOver(opened, plain, { wrap: keys.wrap, now: io.now() })
  if (encrypted !== null) checkSelected(encrypted, plain)
  return encrypted
}

async function openBase(base: EncryptedFile, keys: MasterKeys): Promise<PlainFile> {
  try {
    return await openPlain(base.file, { unwrap: keys.unwrap })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('NO_KEY', `${base.path}, which would be kept as far as it is the same, does not open: ${why}`, {
      cause,
      hint: 'pass --fresh to encrypt everything anew',
    })
  }
}

/** The encrypted version to keep what is the same of: the one that is named, or the one that would be replaced. */
async function baseOf(target: string | undefined, { values, configs, io }: Work): Promise<EncryptedFile | null> {
  const options = { configs, type: values['output-type'] }
  if (values.base !== undefined) return readEncrypted(values.base, options, io)
  if (values.fresh === true || values['in-place'] === true || target === undefined || target === '-') return null
  // A pipe or a device is written to, never read.
  if (statSync(resolve(io.cwd, target), { throwIfNoEntry: false })?.isFile() !== true) return null
  try {
    return await readEncrypted(target, options, io)
  } catch (error) {
    if (isPlain(error)) return null
    throw error
  }
}

function formatFor(values: EncryptValues, input: Input): Format {
  return values['input-type'] === undefined
    ? formatOf(basename(input.name))
    : namedFormat(values['input-type'], 'input-type')
}
