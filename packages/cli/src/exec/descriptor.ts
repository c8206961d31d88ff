import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'

/**
 * An open file with a content and without a name: it is removed before anything is written to it, lies in memory where
 * the system has such a place, and is gone when the last process that has it open ends, however that ends.
 *
 * @throws `EXEC_FAILED`
 */
export function namelessFile(content: Uint8Array, io: Io): number {
  const path = join(folder(io), `.sealkit-${process.pid}-${randomBytes(8).toString('hex')}`)
  try {
    const writer = openSync(path, 'wx', 0o600)
    try {
      const reader = openSync(path, 'r')
      rmSync(path)
      for (let at = 0; at < content.length; ) at += writeSync(writer, content, at)
      return reader
    } finally {
      closeSync(writer)
      rmSync(path, { force: true })
    }
  } catch (cause) {
    throw new CliError('EXEC_FAILED', 'the plain text of a file cannot be kept for the command', {
      cause,
      hint: 'see that there is room in /dev/shm, or in the folder that TMPDIR names',
    })
  }
}

function folder({ env }: Io): string {
  const places = ['/dev/shm', env['XDG_RUNTIME_DIR'], env['TMPDIR']]
  return places.find((place) => place !== undefined && place !== '' && isFolder(place)) ?? tmpdir()
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
