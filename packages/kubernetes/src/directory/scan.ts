import { constants } from 'node:fs'
import { lstat, open, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@sealkit/core/manifest'
import { KubernetesError } from '../error.ts'
import { entries } from './files.ts'
import { readManifests } from './manifests.ts'
import { isInside, refused } from './roots.ts'

/** A file of a root, as it was when last read. */
export interface ScannedFile {
  readonly path: string
  readonly stamp: string
  readonly manifests: readonly Manifest[]
}

/** Reads a root again; files whose time, size and inode are the same are not opened. */
export interface Scanner {
  scan(): Promise<readonly ScannedFile[]>
}

/** What a scan is told. */
export interface ScanOptions {
  readonly root: string
  /** Names of folders that hold no manifests. */
  readonly skip?: ReadonlySet<string>
  /** Told of each file that cannot be read; the others are read all the same. */
  readonly onError: (error: unknown) => void
}

/** Larger files are no manifests that anyone wrote. */
const largestFile = 16 * 2 ** 20

/** A scanner of `.yaml`, `.yml` and `.json` files in nested folders. Hidden files and folders are left out. */
export function scanner(options: ScanOptions): Scanner {
  let known = new Map<string, ScannedFile>()
  return {
    async scan() {
      const found = new Map<string, ScannedFile>()
      for await (const path of walk(options.root, options, new Set([options.root]))) {
        const file = await readFile(path, known.get(path), options)
        if (file !== undefined) found.set(path, file)
      }
      known = found
      return [...found.values()]
    },
  }
}

/** Paths of manifest files, sorted. A link is followed only to where the root holds it (as mounted volumes do). */
async function* walk(folder: string, options: ScanOptions, above: ReadonlySet<string>): AsyncGenerator<string> {
  for (const entry of await entries(folder)) {
    if (entry.name.startsWith('.') || options.skip?.has(entry.name)) continue
    const path = join(folder, entry.name)
    const real = entry.isSymbolicLink() ? await inner(path, options) : path
    if (real === undefined) continue
    const directory = entry.isSymbolicLink() ? (await stat(real)).isDirectory() : entry.isDirectory()
    if (!directory) {
      if (/\.(ya?ml|json)$/i.test(entry.name)) yield real
    } else if (!above.has(real)) yield* walk(real, options, new Set([...above, real]))
  }
}

/** Where a link leads; undefined where that is outside the root, or nowhere. */
async function inner(path: string, options: ScanOptions): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined && isInside(real, options.root)) return real
  options.onError(refused(`${path} is a link that leads out of ${options.root}`, 'put the file itself there'))
  return undefined
}

async function readFile(
  path: string,
  last: ScannedFile | undefined,
  options: ScanOptions,
): Promise<ScannedFile | undefined> {
  let stamp = ''
  try {
    const info = await lstat(path, { bigint: true })
    if (!info.isFile()) return undefined
    stamp = `${info.mtimeNs} ${info.ctimeNs} ${info.size} ${info.ino}`
    if (last?.stamp === stamp) return last
    if (info.size > largestFile) throw new KubernetesError('TOO_LARGE', `${path} is too large for a manifest`)
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return { path, stamp, manifests: await readManifests(await file.readFile('utf8'), path) }
    } finally {
      await file.close()
    }
  } catch (error) {
    // Gone since the folder was read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    options.onError(error)
    // What a file said before it broke stays true until it can be read; it is tried again when it changes.
    return { path, stamp, manifests: last?.manifests ?? [] }
  }
}
