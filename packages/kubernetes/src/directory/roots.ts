import { lstat, mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { KubernetesError } from '../error.ts'

/** The folders of directory mode. */
export interface Roots {
  /** Manifests; only read. */
  readonly in: string
  /** Secrets, 0700. */
  readonly out: string
  /** Sealing keys and credentials as Secret manifests. */
  readonly keys?: string
  /** Statuses, identities of objects, events; 0700. */
  readonly state: string
}

/**
 * Checks the folders, makes `out` and `state` where they are missing, and gives their real paths. No root may lie in
 * another, and plain Secrets go neither into a folder that others can read nor into a git work tree.
 *
 * @throws PATH_REFUSED
 */
export async function openRoots(roots: Roots): Promise<Roots> {
  const real: Roots = {
    in: await existing('--in', roots.in),
    ...(roots.keys !== undefined && { keys: await existing('--keys', roots.keys) }),
    out: await privateFolder('--out', roots.out),
    state: await privateFolder('the state folder', roots.state),
  }
  const places = Object.entries(real)
  for (const [name, path] of places) {
    for (const [other, parent] of places) {
      if (name !== other && isInside(path, parent)) {
        throw refused(`${path} lies inside ${parent}`, `give --in, --out, --keys and the state folders of their own`)
      }
    }
  }
  const tree = await gitWorkTree(real.out)
  if (tree !== undefined) {
    throw refused(`--out lies inside the git work tree ${tree}`, 'plain Secrets must not be committed; choose another')
  }
  return real
}

/** True where `path` is `root` or something in it. */
export function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)
}

async function existing(name: string, path: string): Promise<string> {
  try {
    const real = await realpath(path)
    if ((await stat(real)).isDirectory()) return real
  } catch {
    // Said below.
  }
  throw refused(`${name} ${path} is no folder`, 'check the path')
}

/** A folder that only this user can enter; made with its parents where it is missing. */
async function privateFolder(name: string, path: string): Promise<string> {
  await mkdir(dirname(resolve(path)), { recursive: true })
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST')
      throw refused(`${name} ${path} cannot be made`, 'check the rights of its parent', error)
  })
  const real = await existing(name, path)
  const { mode, uid } = await stat(real)
  if ((mode & 0o077) !== 0) {
    throw refused(`${name} ${path} can be entered by others`, `run: chmod 700 ${path}`)
  }
  const user = process.getuid?.()
  if (user !== undefined && uid !== user) throw refused(`${name} ${path} belongs to another user`, 'choose another')
  return real
}

async function gitWorkTree(path: string): Promise<string | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (await lstat(join(folder, '.git')).catch(() => undefined)) return folder
    if (dirname(folder) === folder) return undefined
  }
}

/** The error of a path that is no place for what should be there. */
export function refused(message: string, hint: string, cause?: unknown): KubernetesError {
  return new KubernetesError('PATH_REFUSED', message, { hint, cause })
}
