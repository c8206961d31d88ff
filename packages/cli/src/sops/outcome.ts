import { join, resolve } from 'node:path'
import { count } from '../count.ts'
import { CliError, errorText, exitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'
import type { NamedFile } from './files.ts'

/** What became of one file: its new content, nothing to do, or an error. */
export type Outcome =
  | { readonly file: NamedFile | undefined; readonly content: Uint8Array; readonly target: string | undefined }
  | { readonly file: NamedFile | undefined; readonly skipped: string }
  | { readonly file: NamedFile | undefined; readonly error: unknown }

/** Where results go. */
export interface Destination {
  readonly 'in-place'?: boolean
  readonly output?: string
  readonly 'output-dir'?: string
}

/** What is wrong with a combination of destinations, or null. */
export function destinationProblem(values: Destination, files: number, single: boolean): string | null {
  const given = (['in-place', 'output', 'output-dir'] as const).filter((name) => values[name] !== undefined)
  if (given.length > 1) return `--${given.join(' and --')} exclude each other`
  if (files === 0 && given[0] !== undefined && given[0] !== 'output') return `--${given[0]} needs files`
  return !single && given[0] !== 'in-place' && given[0] !== 'output-dir'
    ? 'several files need --in-place or --output-dir'
    : null
}

/** Where one file's result goes; undefined is standard output. */
export function targetOf(values: Destination, file: NamedFile | undefined): string | undefined {
  if (file !== undefined && values['in-place'] === true) return file.path
  if (file !== undefined && values['output-dir'] !== undefined) return join(values['output-dir'], file.below)
  return values.output
}

/**
 * Refuses an output directory in which a result would take the place of its own input, or of another result.
 *
 * @throws `USAGE`
 */
export function checkTargets(values: Destination, outcomes: readonly Outcome[], { cwd }: Io): void {
  if (values['output-dir'] === undefined) return
  const sources = new Map<string, string>()
  for (const outcome of outcomes) {
    if (!('content' in outcome) || outcome.file === undefined || outcome.target === undefined) continue
    const { path } = outcome.file
    const [source, target] = [resolve(cwd, path), resolve(cwd, outcome.target)]
    if (source === target) {
      throw new CliError('USAGE', `${path} itself would be overwritten`, {
        hint: 'name another --output-dir, or give --in-place if that is meant',
      })
    }
    const other = sources.get(target) ?? source
    if (other !== source) {
      throw new CliError('USAGE', `${path} and another file would both become ${outcome.target}`, {
        hint: 'give them an --output-dir each',
      })
    }
    sources.set(target, source)
  }
}

/**
 * Writes what was made, each file whole or not at all, and says what failed. Unless `keepGoing`, nothing is written
 * when one file failed.
 *
 * @param verb for the summary: `decrypted`
 */
export function finish(
  outcomes: readonly Outcome[],
  options: { readonly verb: string; readonly keepGoing: boolean; readonly mode?: number },
  io: Io,
): number {
  const failed = outcomes.filter((outcome) => 'error' in outcome)
  const [first] = failed
  if (outcomes.length === 1 && first !== undefined) throw first.error
  for (const { error } of failed) io.stderr.write(errorText(error))
  const made = outcomes.filter((outcome) => 'content' in outcome)
  const write = failed.length === 0 || options.keepGoing
  if (write) for (const { content, target } of made) writeResult(content, target, io, options.mode)
  if (outcomes.length > 1 || made.length === 0) io.stderr.write(`${summary(outcomes, options.verb, write)}\n`)
  return failed.length === 0 ? exitCode.done : exitCode.failed
}

function summary(outcomes: readonly Outcome[], verb: string, written: boolean): string {
  const counts = new Map<string, number>()
  const add = (text: string): unknown => counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const outcome of outcomes) {
    if ('error' in outcome) add('failed')
    else if ('skipped' in outcome) add(outcome.skipped)
  }
  const made = outcomes.filter((outcome) => 'content' in outcome).length
  const parts = [...counts].sort().map(([text, number]) => `${number} ${text}`)
  const head = written
    ? `${verb} ${count(made, 'file')}`
    : `nothing written, ${count(made, 'file')} would have been ${verb}`
  return [head, ...parts].join(', ')
}

/** Says which file an error is about. */
export function about(path: string, error: unknown): unknown {
  const isNamed =
    error instanceof Error && (error.message.startsWith(`${path}: `) || error.message.startsWith(`${path} `))
  if (error instanceof Error && 'code' in error && !isNamed) {
    error.message = `${path}: ${error.message}`
  }
  return error
}

/** The error of a directory in which there was nothing to do. */
export function nothingFound(what: string, paths: readonly string[]): CliError {
  return new CliError('USAGE', `no ${what} found in ${paths.join(', ')}`, { hint: 'check the path' })
}
