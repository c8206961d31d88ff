import { SealkitError } from '@sealkit/core'
import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { CliError, errorText, exitCode } from '../exit.ts'
import { clusterFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { progress } from '../sealing/progress.ts'
import { type ResealKeys, resealKeys, resealText } from '../sealing/reseal.ts'
import { sealingKeyFor } from '../sealing/source.ts'
import { type Source, sourcesOf } from '../sealing/sources.ts'

/** One line for the list of commands. */
export const summary = 'Seal the items of SealedSecrets again, for another key, with the private key and no cluster'

/** The positional arguments. */
export const positionals = '[FILE|DIRECTORY...]'

const own = [
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private keys that the items are sealed for; with that of the new certificate, what it opens is kept',
  },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'the new certificate (that of the controller in the cluster)',
  },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of SealedSecrets that declare none',
  },
  { name: 'write', short: 'w', type: 'boolean', description: 'replace the files (print a single one)' },
  { name: 'dry-run', type: 'boolean', description: 'do everything but write' },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof clusterFlags] = [...own, ...clusterFlags]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit reseal --key old.yaml --cert new.pem --write clusters/', 'a whole tree moves to a new key'],
  ['sealkit reseal --key old.yaml --cert new.pem --dry-run clusters/', 'can every item be moved?'],
]

type ResealValues = Values<typeof options>

/** Reseals file by file; a file changes only when all of its items could be sealed again. */
export async function run(values: ResealValues, paths: readonly string[], io: Io): Promise<number> {
  const { key } = values
  if (key === undefined)
    throw new CliError('NO_KEY', 'no private key was given', { hint: 'pass --key with the old key' })
  const sources = sourcesOf(paths, io)
  checkMode(values, sources)
  const keys = await resealKeys(await sealingKeyFor(values, io), await readKeyRing(key, io))
  const total = { objects: 0, items: 0, files: 0, failed: 0 }
  const bar = progress('resealing', sources.length, io)
  for (const source of sources) {
    bar.step()
    const done = await resealSource(source, keys, values, io)
    total.objects += done.objects
    total.items += done.items
    total.files += Math.min(done.items, 1)
    total.failed += done.errors.length
    if (done.errors.length > 0) bar.clear()
    for (const error of done.errors) io.stderr.write(errorText(error))
  }
  bar.clear()
  if (total.objects + total.failed === 0) {
    throw new CliError('USAGE', 'no SealedSecret found', { hint: 'name files or directories with some' })
  }
  io.stderr.write(summaryText(total, values))
  return total.failed > 0 ? exitCode.failed : exitCode.done
}

function checkMode(values: ResealValues, sources: readonly Source[]): void {
  if (values.write && values['dry-run']) {
    throw new CliError('USAGE', '--write cannot be used with --dry-run', { hint: 'give one of them' })
  }
  if (values.write && sources.some(({ path }) => path === 'stdin')) {
    throw new CliError('USAGE', 'standard input cannot be written to', { hint: 'leave out --write' })
  }
  if (!values.write && !values['dry-run'] && (sources.length !== 1 || sources.some(({ named }) => !named))) {
    throw new CliError('USAGE', 'a directory or several files are not printed', { hint: 'pass --write or --dry-run' })
  }
}

/** What became of a source: what was sealed again in it, or why its text stays as it is. */
interface Done {
  readonly objects: number
  readonly items: number
  readonly errors: readonly CliError[]
}

async function resealSource(source: Source, keys: ResealKeys, values: ResealValues, io: Io): Promise<Done> {
  const { path, named } = source
  try {
    const text = await source.read()
    // A tree holds much else, also what is no YAML yet, such as charts.
    if (!named && !text.includes('SealedSecret')) return { objects: 0, items: 0, errors: [] }
    const { text: resealed, objects, items, failures } = await resealText(text, keys, values.namespace)
    if (named && objects === 0) throw new CliError('USAGE', 'no SealedSecret found', { hint: 'give a SealedSecret' })
    const errors = failures.map(({ place, error }) => failure(`${path}: ${place}`, error))
    if (errors.length > 0) return { objects, items: 0, errors }
    if (values['dry-run']) return { objects, items, errors }
    if (!values.write) io.stdout.write(resealed)
    else if (items > 0) writeResult(resealed, path, io)
    return { objects, items, errors }
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    return { objects: 0, items: 0, errors: [failure(path, error)] }
  }
}

function failure(place: string, error: SealkitError): CliError {
  const message = error.message.startsWith(place) ? error.message : `${place}: ${error.message}`
  return new CliError('RESEAL_FAILED', message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) })
}

function summaryText(total: Readonly<Record<'items' | 'files' | 'failed', number>>, values: ResealValues): string {
  const verb = values['dry-run'] ? 'would reseal' : 'resealed'
  return `${verb} ${count(total.items, 'item')} in ${count(total.files, 'file')}, ${total.failed} failed\n`
}
