import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** How {@link replaceFile} makes a file that does not exist yet. */
export interface ReplaceOptions {
  /** Mode of a new file; what the process's umask leaves of 0666 by default. An existing file keeps its mode. */
  readonly mode?: number
}

/**
 * Writes a whole file or nothing: the bytes go to a new file beside it, which then takes its place. A symbolic link
 * stays and the file that it leads to is replaced; what is no regular file (a pipe, a terminal) is written to.
 *
 * @throws the file system's error, as it is
 */
export function replaceFile(path: string, content: Uint8Array, options: ReplaceOptions = {}): void {
  const old = statSync(path, { throwIfNoEntry: false })
  if (old !== undefined && (!old.isFile() || /^\/(?:dev|proc)\//.test(path))) {
    // By this name: that of a pipe behind /dev/stdout leads nowhere, and a file there is somebody's output already.
    write(openSync(path, 'w'), content)
    return
  }
  const target = realPath(path)
  const mode = old === undefined ? (options.mode ?? 0o666) : old.mode & 0o7777
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
  try {
    const fd = openSync(temporary, 'wx', mode)
    // The umask has no say in the mode of a file that was there before.
    if (old !== undefined) fchmodSync(fd, mode)
    write(fd, content)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where links lead, also when nothing is there yet. */
function realPath(path: string, followed: number = 0): string {
  try {
    return realpathSync(path)
  } catch {
    const link = followed < maxLinks ? linkTarget(path) : undefined
    return link === undefined ? path : realPath(resolve(dirname(path), link), followed + 1)
  }
}

const maxLinks = 40

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function write(fd: number, content: Uint8Array): void {
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at)
    if (fstatSync(fd).isFile()) fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
