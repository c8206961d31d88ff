import { closeSync } from 'node:fs'
import type { ManifestDocument } from 'sealkit'
import type { Values } from '../command.ts'
import { namelessFile } from '../exec/descriptor.ts'
import { type ExecContext, type ExecKind, type InputFile, kinds, type Variables } from '../exec/kinds.ts'
import { runChild } from '../exec/process.ts'
import { CliError } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import type { Io } from '../io.ts'
import { inParallel } from '../parallel.ts'
import { readInput } from '../sealing/files.ts'
import { Configs } from '../sops/creation.ts'
import { sopsKeys } from '../sops/keys.ts'
import { about } from '../sops/outcome.ts'

/** One line for the list of commands. */
export const summary = 'Run a command with the values of encrypted files in its environment'

/** The positional arguments. */
export const positionals = '[FILE...] -- COMMAND [ARGUMENT...]'

const own = [
  {
    name: 'file',
    type: 'string',
    multiple: true,
    value: 'NAME=FILE[#KEY]',
    description: 'give the plain file, or one value of it, as a file whose path is in NAME, and in the place of {NAME}',
  },
  {
    name: 'env',
    type: 'string',
    multiple: true,
    value: 'NAME=REFERENCE',
    description: 'a variable with the value that a reference stands for; it wins over files',
  },
  {
    name: 'resolve-env',
    type: 'boolean',
    description: 'resolve variables of this environment that are references (ref+..., <path:...>)',
  },
  { name: 'pristine', type: 'boolean', description: 'give the command nothing else of the environment' },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private sealing keys, for SealedSecrets',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit exec common.env production.env -- ./server', 'values of both; the later file wins'],
  [
    'sealkit exec --file KUBECONFIG=kubeconfig.yaml -- kubectl get pods',
    'a file that is nowhere on disk in plain text',
  ],
  ['sealkit exec --file KEY=tls.yaml#tls.key -- openssl rsa -in {KEY} -check', 'one value as a file'],
  ["sealkit exec --env PASSWORD='ref+vault://secret/db#/password' -- ./server", 'a value of a secret store'],
]

type ExecValues = Values<typeof options>

/** Opens everything, then runs the command; its exit code is ours. */
export async function run(values: ExecValues, positionalsGiven: readonly string[], io: Io): Promise<number> {
  const { files, command } = divided(positionalsGiven, io)
  const named = (values.file ?? []).map(parseNamed)
  const references = values.env ?? []
  const sources = files.length + named.length + references.length + (values['resolve-env'] === true ? 1 : 0)
  if (command.length === 0 || sources === 0) {
    throw new CliError('USAGE', 'exec needs files and a command', { hint: 'sealkit exec FILE... -- COMMAND' })
  }
  const context: ExecContext = {
    keys: sopsKeys(values, io),
    configs: new Configs(io.cwd, undefined),
    sealingKeys: values.key ?? [],
    manifests: manifestsOf(files, io),
    io,
  }
  const referred = await referredValues(references, values['resolve-env'] === true, io)
  const sets = await inParallel(files, (path) => variablesOf(path, context))
  const contents = await inParallel(named, (one) => contentOf(one, context))
  const env: Record<string, string | undefined> = values.pristine === true ? {} : { ...io.env }
  for (const [name, value] of [...sets, referred].flatMap((set) => [...set]))
    env[checkedName(name)] = envText(name, value)
  const descriptors = contents.map((content) => namelessFile(content, io))
  try {
    const paths = new Map(named.map(({ name }, at) => [name, `/dev/fd/${at + 3}`]))
    for (const [name, path] of paths) env[name] = path
    return await runChild({ command: command.map((part) => replaced(part, paths)), env, descriptors }, io)
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

/** The objects of all files, read when an ExternalSecret looks for its store. */
function manifestsOf(files: readonly string[], io: Io): () => Promise<readonly ManifestDocument[]> {
  const manifestFiles = files.filter((file) => /\.(?:ya?ml|json)$/.test(file))
  let reading: Promise<ManifestDocument[]> | undefined
  return () => {
    reading ??= import('../manifests.ts').then(async ({ inNamespace, readManifestFiles }) =>
      (await readManifestFiles(manifestFiles, io)).map((document) => inNamespace(document)),
    )
    return reading
  }
}

async function referredValues(given: readonly string[], ofEnvironment: boolean, io: Io): Promise<Variables> {
  if (given.length === 0 && !ofEnvironment) return new Map()
  return (await import('../exec/references.ts')).referredValues(given, ofEnvironment, io)
}

/** What stands before the two dashes, and what behind: the parser of options takes them away. */
function divided(given: readonly string[], io: Io): { files: readonly string[]; command: readonly string[] } {
  const at = io.argv.indexOf('--')
  const length = at < 0 ? 0 : io.argv.length - at - 1
  return { files: given.slice(0, given.length - length), command: given.slice(given.length - length) }
}

interface NamedInput {
  readonly name: string
  readonly path: string
  readonly key: string | undefined
}

function parseNamed(text: string): NamedInput {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=([^#]+)(?:#(.+))?$/s.exec(text)
  if (match === null) throw new CliError('USAGE', `--file ${text}: not of the form NAME=FILE or NAME=FILE#KEY`)
  const [, name = '', path = '', key] = match
  return { name, path, key }
}

async function variablesOf(path: string, context: ExecContext): Promise<Variables> {
  const file = { path, bytes: readInput(path, context.io) }
  return named(file, (kind) => kind.variables(file, context))
}

async function contentOf({ path, key }: NamedInput, context: ExecContext): Promise<Uint8Array> {
  const file = { path, bytes: readInput(path, context.io) }
  return named(file, async (kind) => {
    if (key !== undefined) {
      const value = (await kind.variables(file, context)).get(key)
      if (value === undefined) throw new CliError('NO_SUCH_KEY', `no value named ${key}`)
      return Buffer.from(value)
    }
    if (kind.plain !== undefined) return kind.plain(file, context)
    throw new CliError('USAGE', `a ${kind.name} is no file of its own`, { hint: 'name one value: NAME=FILE#KEY' })
  })
}

/** Does something with the kind of a file; errors name the file. */
async function named<T>(file: InputFile, work: (kind: ExecKind) => Promise<T>): Promise<T> {
  const kind = kinds.find((one) => one.holds(file))
  if (kind === undefined) {
    const names = kinds.map(({ name }) => name).join(', ')
    throw new CliError('USAGE', `${file.path}: none of ${names}`, { hint: 'values in plain text need no exec' })
  }
  try {
    return await work(kind)
  } catch (error) {
    throw about(file.path, error)
  }
}

function checkedName(name: string): string {
  if (name !== '' && !name.includes('=') && !name.includes('\0')) return name
  throw new CliError('EXEC_FAILED', `${JSON.stringify(name)} cannot be the name of a variable`, {
    hint: 'rename the key, or pass the file with --file NAME=FILE',
  })
}

function envText(name: string, value: string | Uint8Array): string {
  const text = typeof value === 'string' ? value : Buffer.from(value).toString()
  const exact = typeof value === 'string' || Buffer.from(text).equals(value)
  if (exact && !text.includes('\0')) return text
  throw new CliError('EXEC_FAILED', `${name} is no text, and the environment holds nothing else`, {
    hint: `pass it as a file: --file NAME=FILE#${name}`,
  })
}

function replaced(part: string, paths: ReadonlyMap<string, string>): string {
  return part.replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => paths.get(name) ?? whole)
}
