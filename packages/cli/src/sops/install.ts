import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../exit.ts'
import { gitOutput } from '../git.ts'
import type { Io } from '../io.ts'
import { writeResult } from '../sealing/files.ts'

/** What `sealkit merge --install` sets in the repository's configuration. */
const settings: readonly (readonly [name: string, value: string])[] = [
  ['merge.sealkit.name', 'sealkit: merge encrypted files by their values'],
  ['merge.sealkit.driver', 'sealkit merge --driver %O %A %B %P'],
  ['diff.sealkit.textconv', 'sealkit diff --textconv'],
]

/**
 * Makes sealkit the merge driver and the textconv of a repository: sets them in its configuration, and names the
 * patterns in `.gitattributes` at its top.
 *
 * @throws `USAGE` without a pattern, `GIT_FAILED` outside of a repository
 */
export async function installDriver(patterns: readonly string[], io: Io): Promise<void> {
  if (patterns.length === 0) {
    throw new CliError('USAGE', '--install needs the files that it is for', {
      hint: "give patterns as .gitattributes has them: sealkit merge --install 'secrets/**' '*.enc.yaml'",
    })
  }
  const top = gitOutput(['rev-parse', '--show-toplevel'], 'repository here', io).toString().trimEnd()
  for (const [name, value] of settings) gitOutput(['config', name, value], `place for ${name}`, io)
  const path = join(top, '.gitattributes')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const lines = patterns.map((pattern) => `${pattern} merge=sealkit diff=sealkit`)
  const missing = lines.filter((line) => !text.split('\n').includes(line))
  if (missing.length === 0) return
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
  writeResult(`${start}${missing.join('\n')}\n`, path, io)
}
