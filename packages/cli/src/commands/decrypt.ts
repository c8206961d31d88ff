import { basename, resolve } from 'node:path'
import { type Format, isBranch, openFile, openStore, type Value } from '@sealkit/core/sops'
import { masterKeys, parseIdentities } from '@sealkit/keyservice'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { type Io, readAll } from '../io.ts'
import { readInput, writeResult } from '../sealing/files.ts'
import { encryptedFormat, namedFormat } from '../sops/format.ts'
import { keyIo } from '../sops/keyio.ts'
import { parseTreePath, truncate } from '../sops/treepath.ts'

/** One line for the list of commands. */
export const summary = 'Decrypt files that SOPS encrypted'

/** The positional arguments. */
export const positionals = '[FILE...]'

/** The command line as data. */
export const options = [
  { name: 'in-place', short: 'i', type: 'boolean', description: 'replace each file by its plain form' },
  { name: 'output', short: 'o', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  {
    name: 'identity',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'decrypt with the age keys in FILE (where sops looks for them)',
  },
  {
    name: 'input-type',
    type: 'string',
    value: 'FORMAT',
    description: 'yaml, json, dotenv, ini or binary (by name and content)',
  },
  { name: 'output-type', type: 'string', value: 'FORMAT', description: 'format of the result (that of the input)' },
  { name: 'extract', type: 'string', value: 'PLACE', description: `print one value: '["a"]["b"][0]'` },
  { name: 'ignore-mac', type: 'boolean', description: 'do not check that the file is unchanged' },
] as const

/** Command lines that a person would type. */
export const examples = [
  ['sealkit decrypt secrets.yaml', 'print a file in plain text'],
  [`sealkit decrypt --extract '["db"]["password"]' secrets.yaml`, 'print one value'],
] as const

type DecryptValues = Values<typeof options>

/** Decrypts files; nothing is written before all of them are decrypted, and new files are their owner's alone. */
export async function run(values: DecryptValues, files: readonly string[], io: Io): Promise<number> {
  const problem = usageProblem(values, files)
  if (problem !== null) throw new CliError('USAGE', problem, { hint: 'see sealkit decrypt --help' })
  const keys = masterKeys({ ...identities(values, io), io: keyIo(io), now: io.now })
  const decrypted: [path: string | undefined, content: Uint8Array][] = []
  for (const file of files.length === 0 ? [undefined] : files) {
    const bytes = file === undefined ? await readAll(io.stdin) : readInput(file, io)
    const content = await decryptOne(values, { bytes, file: file ?? 'standard input', unwrap: keys.unwrap }, io)
    decrypted.push([values['in-place'] === true ? file : values.output, content])
  }
  for (const [path, content] of decrypted) writeResult(content, path, io, 0o600)
  return exitCode.done
}

function usageProblem(values: DecryptValues, files: readonly string[]): string | null {
  if (values['in-place'] === true && values.output !== undefined) return '--in-place and --output exclude each other'
  if (values['in-place'] === true && files.length === 0) return '--in-place needs files'
  if (values['in-place'] === true && values.extract !== undefined) return '--in-place and --extract exclude each other'
  return files.length > 1 && values['in-place'] !== true ? 'several files need --in-place' : null
}

function identities(values: DecryptValues, io: Io): { ageIdentities?: readonly string[] } {
  if (values.identity === undefined) return {}
  const texts = values.identity.map((file) => Buffer.from(readInput(file, io)).toString())
  return { ageIdentities: texts.flatMap((text) => parseIdentities(text)) }
}

interface Input {
  readonly bytes: Uint8Array
  readonly file: string
  readonly unwrap: ReturnType<typeof masterKeys>['unwrap']
}

async function decryptOne(values: DecryptValues, input: Input, io: Io): Promise<Uint8Array> {
  const format = formatFor(values, input, io)
  const target = values['output-type'] === undefined ? format : namedFormat(values['output-type'], 'output-type')
  try {
    const ignoreMac = values['ignore-mac'] === true
    const opened = await openFile(input.bytes, { format, unwrap: input.unwrap, ignoreMac })
    if (values.extract === undefined) return await opened.emit(target)
    const [first] = opened.documents
    if (first === undefined) throw new CliError('NO_SUCH_KEY', 'the file has no documents')
    return await emitValue(truncate(first, parseTreePath(values.extract)), target)
  } catch (error) {
    if (error instanceof Error && 'code' in error) error.message = `${input.file}: ${error.message}`
    throw error
  }
}

function formatFor(values: DecryptValues, { bytes, file }: Input, io: Io): Format {
  if (values['input-type'] !== undefined) return namedFormat(values['input-type'], 'input-type')
  return encryptedFormat(basename(resolve(io.cwd, file)), bytes)
}

async function emitValue(value: Value, format: Format): Promise<Uint8Array> {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  const store = await openStore(format)
  return isBranch(value) ? store.emit([value]) : store.emitValue(value)
}
