import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { CliError, exitCode } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import { git, gitOutput } from '../git.ts'
import type { Io } from '../io.ts'
import { readInput, writeResult } from '../sealing/files.ts'
import { Configs } from '../sops/creation.ts'
import { installDriver } from '../sops/install.ts'
import { sopsKeys, vaultsIn } from '../sops/keys.ts'
import { conflictPlaces, type MergeInput, type MergeWork, mergeVersions } from '../sops/mergeversions.ts'

/** One line for the list of commands. */
export const summary = 'Merge versions of an encrypted file by their values; the merge driver of git'

/** The positional arguments. */
export const positionals = 'FILE | BASE OURS THEIRS [FILE]'

const own = [
  { name: 'output', short: 'o', type: 'string', value: 'FILE', description: 'write to FILE (standard output)' },
  { name: 'driver', type: 'boolean', description: 'for git: write to OURS; FILE is the name of what is merged' },
  {
    name: 'install',
    type: 'boolean',
    description: 'make it the merge driver and the textconv of the repository, for the patterns that follow',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ["sealkit merge --install 'secrets/**'", 'once a repository: git merge and git diff understand these files'],
  ['sealkit merge secrets.yaml', 'mend a file that git left in conflict'],
  ['sealkit merge -o merged.yaml base.yaml ours.yaml theirs.yaml', 'merge three files'],
]

type MergeValues = Values<typeof options>

/** Merges; a conflict is written, encrypted, and then fails. */
export async function run(values: MergeValues, paths: readonly string[], io: Io): Promise<number> {
  if (values.install === true) {
    await installDriver(paths, io)
    return exitCode.done
  }
  const work = { values, configs: new Configs(io.cwd, undefined), io }
  if (values.driver === true) return drive(values, paths, work)
  if (paths.length === 1 && paths[0] !== undefined) return mend(paths[0], work)
  const [base, ours, theirs, path = ours, ...more] = paths
  if (base === undefined || ours === undefined || theirs === undefined || path === undefined || more.length > 0) {
    throw new CliError('USAGE', 'merge needs one file in conflict, or three versions', {
      hint: 'see sealkit merge --help',
    })
  }
  const input = { base: readInput(base, io), ours: readInput(ours, io), theirs: readInput(theirs, io), path }
  return merge(input, values.output, work)
}

/** What a merge is made with, before its keys. */
interface Work extends Omit<MergeWork, 'keys'> {
  readonly values: MergeValues
}

async function merge(input: MergeInput, output: string | undefined, work: Work): Promise<number> {
  // The other branch may be anybody's: it does not choose which Vault gets this machine's token.
  const keys = sopsKeys(work.values, work.io, vaultsIn(input.base, input.ours))
  const { content, conflicts } = await mergeVersions(input, { ...work, keys })
  writeResult(content, output, work.io)
  if (conflicts.length === 0) return exitCode.done
  throw new CliError('MERGE_CONFLICT', `${input.path}: ${conflictText(conflicts)}`, {
    hint: `choose with: sealkit edit ${input.path}; then git add it`,
  })
}

function conflictText(conflicts: Parameters<typeof conflictPlaces>[0]): string {
  return `${count(conflicts.length, 'conflict')}: ${conflictPlaces(conflicts)}`
}

/** git calls `driver %O %A %B %P`: ancestor, ours, theirs, and the path in the repository. */
async function drive(values: MergeValues, paths: readonly string[], work: Work): Promise<number> {
  const { io } = work
  const [base, ours, theirs, path, ...more] = paths
  if (base === undefined || ours === undefined || theirs === undefined || path === undefined || more.length > 0) {
    throw new CliError('USAGE', '--driver needs four files', {
      hint: 'the driver is: sealkit merge --driver %O %A %B %P',
    })
  }
  const input = { base: readInput(base, io), ours: readInput(ours, io), theirs: readInput(theirs, io), path }
  try {
    return await merge(input, values.output ?? ours, work)
  } catch (error) {
    if (error instanceof CliError && error.code === 'MERGE_CONFLICT') throw error
    // Nothing could be decrypted: git's own merge of the ciphertext leaves a conflict to mend when a key is at hand.
    git(['merge-file', '-L', 'ours', '-L', 'base', '-L', 'theirs', ours, base, theirs], io)
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError('MERGE_CONFLICT', `${path}: not merged: ${why}`, {
      cause: error,
      hint: `with a key at hand: sealkit merge ${path}; then git add it`,
    })
  }
}

/** Merges the three versions that git keeps of a file in conflict. */
async function mend(path: string, work: Work): Promise<number> {
  const stage = (number: number): Buffer | null => {
    const { code, stdout } = git(['show', `:${number}:./${path}`], work.io)
    return code === 0 ? stdout : null
  }
  const [ours, theirs] = [stage(2), stage(3)]
  if (ours === null || theirs === null) {
    gitOutput(['rev-parse', '--git-dir'], 'repository here', work.io)
    throw new CliError('USAGE', `git has no conflict in ${path} to which both sides have a version`, {
      hint: 'see git status; a file that one side deleted is kept with git add, or removed with git rm',
    })
  }
  return merge({ base: stage(1) ?? Buffer.alloc(0), ours, theirs, path }, path, work)
}
