import { type Change, diffDocuments, pathText } from '@sealkit/core/sops'
import type { Values } from '../command.ts'
import { CliError, exitCode } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import { gitOutput } from '../git.ts'
import type { Io } from '../io.ts'
import { readInput } from '../sealing/files.ts'
import { printable } from '../sealing/place.ts'
import { Configs } from '../sops/creation.ts'
import { sopsKeys } from '../sops/keys.ts'
import { valueText } from '../sops/show.ts'
import { maskedText, plainText, type Version, versionDocuments } from '../sops/version.ts'

/** One line for the list of commands. */
export const summary = 'Say which values of an encrypted file differ, without showing them'

/** The positional arguments. */
export const positionals = 'FILE [FILE]'

const own = [
  {
    name: 'rev',
    type: 'string',
    value: 'REVISION',
    description: 'compare one file with what git has of it in this revision (HEAD)',
  },
  { name: 'show-values', type: 'boolean', description: 'print the values in plain text' },
  {
    name: 'no-keys',
    type: 'boolean',
    description: 'compare without decrypting: a value that was encrypted anew counts as changed',
  },
  { name: 'exit-code', type: 'boolean', description: 'fail where there is a difference' },
  {
    name: 'textconv',
    type: 'boolean',
    description: 'for git: print one file with a fingerprint in the place of each encrypted value, no key needed',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit diff secrets.yaml', 'what did I change since the last commit?'],
  ['sealkit diff staging.yaml production.yaml', 'which keys differ?'],
  ['git config diff.sealkit.textconv "sealkit diff --textconv"', 'readable git diffs that show no secret'],
]

type DiffValues = Values<typeof options>

/** Prints one line for each difference. */
export async function run(values: DiffValues, paths: readonly string[], io: Io): Promise<number> {
  const [one, two, ...more] = paths
  if (one === undefined || more.length > 0 || (values.textconv === true && two !== undefined)) {
    throw new CliError('USAGE', 'diff needs one file or two', { hint: 'see sealkit diff --help' })
  }
  const configs = new Configs(io.cwd, undefined)
  if (values.textconv === true) {
    const version = { path: one, bytes: readInput(one, io) }
    const shown = values['show-values'] === true
    io.stdout.write(
      shown ? await plainText(version, sopsKeys(values, io), configs, io) : await maskedText(version, configs, io),
    )
    return exitCode.done
  }
  const keys = values['no-keys'] === true ? null : sopsKeys(values, io)
  const versions = sides(values, [one, two], io)
  const [before, after] = await Promise.all(versions.map((version) => versionDocuments(version, { keys, configs }, io)))
  const changes = diffDocuments(before ?? [], after ?? [])
  for (const change of changes) io.stdout.write(lineOf(change, values['show-values'] === true))
  return changes.length > 0 && values['exit-code'] === true ? exitCode.failed : exitCode.done
}

function sides(values: DiffValues, [one, two]: readonly [string, string | undefined], io: Io): Version[] {
  if (two !== undefined) return [one, two].map((path) => ({ path, bytes: readInput(path, io) }))
  const revision = values.rev ?? 'HEAD'
  const bytes = gitOutput(['show', `${revision}:./${one}`], `${one} in ${revision}`, io)
  return [
    { path: one, bytes },
    { path: one, bytes: readInput(one, io) },
  ]
}

function lineOf({ kind, document, place, comment, before, after }: Change, shown: boolean): string {
  const where = `${document === 0 ? '' : `document ${document + 1} `}${printable(pathText(place))}`
  const line = `${kind} ${comment ? `comment in ${place.length === 0 ? 'the file' : where}` : where}\n`
  if (!shown) return line
  const value = (sign: string, text: string | null): string => (text === null ? '' : `  ${sign} ${text}\n`)
  return line + value('-', valueText(before)) + value('+', valueText(after))
}
