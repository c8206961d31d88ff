import { changedLayout, parseRecipients } from '@sealkit/core/sops'
import type { Values } from '../command.ts'
import { CliError } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import type { Io } from '../io.ts'
import { inParallel } from '../parallel.ts'
import { readInput } from '../sealing/files.ts'
import { Configs } from '../sops/creation.ts'
import { type EncryptedFile, isPlain, parseEncrypted } from '../sops/encrypted.ts'
import { filesNamed, type NamedFile } from '../sops/files.ts'
import { mayBeEncrypted } from '../sops/format.ts'
import { sopsKeys } from '../sops/keys.ts'
import { keptLayout } from '../sops/layout.ts'
import { about, finish, nothingFound, type Outcome } from '../sops/outcome.ts'
import { type Rekeying, reportText, rotated, wantedMetadata } from '../sops/rekey.ts'
import { unfit } from '../unfit.ts'

/** One line for the list of commands. */
export const summary = 'Give SOPS files a new data key, and other recipients where they are named'

/** The positional arguments. */
export const positionals = 'FILE|DIRECTORY|PATTERN...'

const own = [
  { name: 'add', type: 'string', multiple: true, value: 'KEY', description: 'a master key that joins the first group' },
  { name: 'remove', type: 'string', multiple: true, value: 'KEY', description: 'a master key that leaves every group' },
  {
    name: 'update-keys',
    type: 'boolean',
    description: 'take recipients, threshold and the selection of values from .sops.yaml',
  },
  {
    name: 'keep-data-key',
    type: 'boolean',
    description: 'change recipients only; refused where somebody is shut out, who knows the data key',
  },
  { name: 'dry-run', type: 'boolean', description: 'print what would change, and write nothing' },
  { name: 'config', type: 'string', value: 'FILE', description: 'take rules from FILE (the nearest .sops.yaml)' },
  {
    name: 'keep-layout',
    type: 'boolean',
    description: 'YAML: change nothing of the text but the values and the block',
  },
  {
    name: 'keep-going',
    type: 'boolean',
    description: 'write the files that succeeded where others failed (all or none)',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit rotate secrets/', 'a new data key for every file of a tree'],
  ['sealkit rotate --remove age1... secrets/', 'shut somebody out'],
  ['sealkit rotate --update-keys --dry-run .', 'which files have other recipients than .sops.yaml says?'],
]

type RotateValues = Values<typeof options>

/** Replaces the files; the report, one line a file, goes to standard output. */
export async function run(values: RotateValues, paths: readonly string[], io: Io): Promise<number> {
  if (paths.length === 0) throw new CliError('USAGE', 'rotate needs files', { hint: 'see sealkit rotate --help' })
  const work: Work = {
    values,
    io,
    configs: new Configs(io.cwd, values.config),
    rekeying: {
      keys: sopsKeys(values, io),
      add: (values.add ?? []).flatMap(parseRecipients),
      remove: (values.remove ?? []).flatMap(parseRecipients),
      keepDataKey: values['keep-data-key'] === true,
      now: io.now(),
    },
  }
  const outcomes = await inParallel(filesNamed(paths, io), (file) => rotateOne(file, work))
  if (outcomes.every((outcome) => 'skipped' in outcome && outcome.skipped === plainFile)) {
    throw nothingFound('encrypted file', paths)
  }
  for (const { report } of outcomes) if (report !== undefined) io.stdout.write(`${report}\n`)
  return finish(outcomes, { verb: 'rotated', keepGoing: values['keep-going'] === true }, io)
}

interface Work {
  readonly values: RotateValues
  readonly io: Io
  readonly configs: Configs
  readonly rekeying: Rekeying
}

const plainFile = 'not encrypted'

async function rotateOne(file: NamedFile, work: Work): Promise<Outcome & { readonly report?: string }> {
  const { io, configs } = work
  try {
    const bytes = readInput(file.path, io)
    if (!file.named && !mayBeEncrypted(file.path, bytes)) return { file, skipped: plainFile }
    const encrypted = await parseEncrypted({ path: file.path, bytes }, { configs }, io)
    return { file, ...(await rotateFile(encrypted, work)) }
  } catch (error) {
    if (!isPlain(error)) return { file, error: about(file.path, error) }
    if (!file.named) return { file, skipped: plainFile }
    const text = Buffer.from(readInput(file.path, io)).toString()
    return { file, error: await unfit('rotate', { path: file.path, text }) }
  }
}

type Rotated =
  | { readonly content: Uint8Array; readonly target: string; readonly report: string }
  | { readonly skipped: string; readonly report?: string }

async function rotateFile(encrypted: EncryptedFile, { values, configs, rekeying }: Work): Promise<Rotated> {
  const rule = values['update-keys'] === true ? await configs.rule(encrypted.path) : null
  if (values['update-keys'] === true && rule === null) {
    throw new CliError('NO_KEY', 'no .sops.yaml is for the file', { hint: 'add a creation rule' })
  }
  const { metadata } = encrypted.file
  const wanted = wantedMetadata(encrypted, rule, rekeying)
  const report = reportText(metadata, wanted, rekeying)
  if (report === '') return { skipped: 'up to date' }
  const line = `${encrypted.path}: ${report}`
  // A file that is as .sops.yaml says is none of those that are looked for.
  const asRuled = rule !== null && reportText(metadata, wanted, { keepDataKey: true }) === ''
  if (values['dry-run'] === true) {
    return asRuled ? { skipped: 'to get a new data key alone' } : { skipped: 'to change', report: line }
  }
  const file = await rotated(encrypted, wanted, rekeying)
  const kept = values['keep-layout'] === true && encrypted.format === 'yaml'
  const content = kept
    ? keptLayout(changedLayout(Buffer.from(encrypted.bytes).toString(), file))
    : encrypted.store.emitEncrypted(file)
  return { content, target: encrypted.path, report: line }
}
