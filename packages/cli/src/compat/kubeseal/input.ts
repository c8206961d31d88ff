import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Io, readAll } from '../../io.ts'
import { failure } from './failure.ts'
import type { FlagValues } from './flags.ts'

/**
 * The input of a call. The file is opened at once, so that a missing one is the first thing to be said; standard input
 * is read when it is asked for.
 */
export function openInput(values: FlagValues, io: Io): () => Promise<Uint8Array> {
  const path = values.text('secret-file')
  if (path !== '') {
    const bytes = readInput(resolve(io.cwd, path))
    return async () => bytes
  }
  if (!values.bool('raw') && !values.bool('fetch-cert') && io.stdin.isTTY === true) {
    io.stderr.write('(tty detected: expecting json/yaml k8s resource in stdin)\n')
  }
  return () => readAll(io.stdin)
}

function readInput(path: string): Uint8Array {
  try {
    if (!statSync(path).isDirectory()) return readFileSync(path)
  } catch {
    throw failure('Could not read file specified with --secret-file', 'FILE_UNREADABLE')
  }
  throw failure('the file specified with --secret-file is a directory', 'FILE_UNREADABLE')
}
