import { basename, resolve } from 'node:path'
import {
  defaultRule,
  encryptFile,
  type Format,
  formatOf,
  hasValue,
  isEncrypted,
  type KeyGroup,
  newDataKey,
  newMetadata,
  openStore,
  parseKeys,
  type Rule,
  ruleNames,
  type SopsFile,
  wrapDataKey,
} from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { type Io, readAll } from '../io.ts'
import { readInput, writeResult } from '../sealing/files.ts'
import { creationRule, findConfig } from '../sops/creation.ts'
import { namedFormat } from '../sops/format.ts'
import { keyIo } from '../sops/keyio.ts'

/** One line for the list of commands. */
export const summary = 'Encrypt the values of files with SOPS'

/** The positional arguments. */
export const positionals = '[FILE...]'

/** The command line as data. */
export const options = [
  { name: 'in-place', short: 'i', type: 'boolean', description: 'replace each file by its encrypted form' },
  { name: 'output', short: 'o', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  {
    name: 'age',
    type: 'string',
    multiple: true,
    value: 'RECIPIENT',
    description: 'encrypt to this age recipient (what .sops.yaml says for the file)',
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

/** Command lines that a person would type. */
export const examples = [
  ['sealkit encrypt -i --age age1... secrets.yaml', 'encrypt a file in place'],
  ['sealkit encrypt --filename app.json < app.json', 'encrypt standard input as .sops.yaml says for app.json'],
] as const

type EncryptValues = Values<typeof options>

/** One file to encrypt. */
interface Input {
  /** As it was named, for messages. */
  readonly shown: string
  readonly bytes: Uint8Array
  /** Absolute path that rule and format are chosen by. */
  readonly name: string
}

/**
 * Encrypts files. Fails closed: an unknown format, a rule that is no regular expression, and a rule that selects no
 * value at all are errors, and then nothing is written.
 */
export async function run(values: EncryptValues, files: readonly string[], io: Io): Promise<number> {
  checkUsage(values, files)
  const encrypted: [path: string | undefined, content: Uint8Array][] = []
  for (const file of files.length === 0 ? [undefined] : files) {
    const input = await readOne(values, file, io)
    const content = await named(input.shown, () => encryptOne(values, input, io))
    encrypted.push([values['in-place'] === true ? file : values.output, content])
  }
  // Nothing is written before all files are encrypted.
  for (const [path, content] of encrypted) writeResult(content, path, io)
  return exitCode.done
}

function checkUsage(values: EncryptValues, files: readonly string[]): void {
  const problem = usageProblem(values, files)
  if (problem !== null) throw new CliError('USAGE', problem, { hint: 'see sealkit encrypt --help' })
}

function usageProblem(values: EncryptValues, files: readonly string[]): string | null {
  if (values['in-place'] === true && values.output !== undefined) return '--in-place and --output exclude each other'
  if (values['in-place'] === true && files.length === 0) return '--in-place needs files'
  if (files.length > 1 && values['in-place'] !== true) return 'several files need --in-place'
  if (files.length === 0 && values.filename === undefined) return 'standard input needs --filename'
  return null
}

async function readOne(values: EncryptValues, file: string | undefined, io: Io): Promise<Input> {
  const name = resolve(io.cwd, values.filename ?? file ?? '')
  if (file === undefined) return { shown: 'standard input', bytes: await readAll(io.stdin), name }
  return { shown: file, bytes: readInput(file, io), name }
}

/** Says which file an error is about. */
async function named<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'code' in error) error.message = `${file}: ${error.message}`
    throw error
  }
}

async function encryptOne(values: EncryptValues, input: Input, io: Io): Promise<Uint8Array> {
  const found = await findConfig(input.name, values.config, io.cwd)
  const format = formatFor(values, input)
  const target = values['output-type'] === undefined ? format : namedFormat(values['output-type'], 'output-type')
  const store = await openStore(format)
  const output = await openStore(target, found?.config.indents)
  const documents = store.load(input.bytes)
  const [first] = documents
  if (first === undefined)
    throw new CliError('USAGE', 'the file is empty', { hint: 'SOPS needs one document at least' })
  if (output.isReserved(first)) {
    throw new CliError('USAGE', 'the file is encrypted already', { hint: 'its top-level entry "sops" is the metadata' })
  }
  const dataKey = newDataKey()
  const metadata = await wrapDataKey(await fileMetadata(values, input, { format, config: found }), dataKey, {
    wrap: masterKeys({ io: keyIo(io), now: io.now }).wrap,
  })
  const encrypted = await encryptFile({ documents, metadata }, { dataKey, now: io.now() })
  checkSelected(encrypted, { documents, metadata })
  return output.emitEncrypted(encrypted)
}

function formatFor(values: EncryptValues, input: Input): Format {
  return values['input-type'] === undefined
    ? formatOf(basename(input.name))
    : namedFormat(values['input-type'], 'input-type')
}

async function fileMetadata(
  values: EncryptValues,
  input: Input,
  { format, config }: { format: Format; config: Awaited<ReturnType<typeof findConfig>> },
): Promise<SopsFile['metadata']> {
  const age = (values.age ?? []).flatMap((recipients) => parseKeys('age', recipients))
  // Keys of the command line need no rule; a rule for the file still says what is encrypted.
  const rule =
    age.length > 0 && values.config === undefined
      ? await ruleOrNull(config, input.name)
      : await creationRule(config, input.name)
  const keyGroups: readonly KeyGroup[] = age.length > 0 ? [age] : (rule?.keyGroups ?? [])
  if (keyGroups.length === 0) {
    throw new CliError('NO_KEY', 'no master key is named and no .sops.yaml has one', {
      hint: 'pass --age age1..., or add a creation rule to .sops.yaml',
    })
  }
  const stated = statedRules(values)
  if (stated.length > 1)
    throw new CliError('USAGE', 'more than one selection of values', { hint: 'keep one of the flags' })
  return newMetadata({
    keyGroups,
    rule: format === 'binary' ? null : (stated[0] ?? rule?.rules[0] ?? defaultRule),
    macOnlyEncrypted: format !== 'binary' && (values['mac-only-encrypted'] === true || rule?.macOnlyEncrypted === true),
    shamirThreshold: rule?.shamirThreshold ?? 0,
  })
}

async function ruleOrNull(
  config: Awaited<ReturnType<typeof findConfig>>,
  name: string,
): ReturnType<typeof creationRule> {
  try {
    return await creationRule(config, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'NO_CREATION_RULE') return null
    throw error
  }
}

function statedRules(values: EncryptValues): Rule[] {
  return ruleNames.flatMap((name) => {
    const flag = name.replaceAll('_', '-')
    const pattern = flag in values ? values[flag as keyof EncryptValues] : undefined
    return typeof pattern === 'string' ? [{ name, pattern }] : []
  })
}

/** A rule that selects nothing leaves secrets in a file that looks encrypted. */
function checkSelected(encrypted: SopsFile, plain: SopsFile): void {
  // An empty text is never encrypted.
  if (!hasValue(plain.documents, (leaf) => leaf !== '')) return
  if (hasValue(encrypted.documents, (leaf) => typeof leaf === 'string' && isEncrypted(leaf))) return
  throw new CliError('USAGE', 'the rule selects no value, so the file would stay in plain text', {
    hint: `correct ${plain.metadata.rule?.name ?? 'the rule'}, or the format of the file`,
  })
}
