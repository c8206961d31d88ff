import { randomBytes } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { refused } from './roots.ts'

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dataKey = /^[-._a-zA-Z0-9]{1,253}$/

/** The namespace as a folder name. @throws PATH_REFUSED where it is no DNS-1123 label */
export function namespaceFolder(namespace: string): string {
  if (!label.test(namespace)) throw refused(`${JSON.stringify(namespace)} is no namespace`, 'use a DNS-1123 label')
  return namespace
}

/** The object's name as a file name. @throws PATH_REFUSED where it is no DNS-1123 subdomain */
export function objectFile(name: string): string {
  if (name.length > 253 || !subdomain.test(name)) {
    throw refused(`${JSON.stringify(name)} is no object name`, 'use a DNS-1123 subdomain')
  }
  // A file name has at most 255 bytes; names that long are cut nowhere in practice, but must not fail half way.
  if (name.length > 240) throw refused(`the name ${name.slice(0, 20)}... is too long for a file`, 'use a shorter name')
  return name
}

/** A key of a Secret as a file name. @throws PATH_REFUSED where the API would not take it */
export function keyFile(key: string): string {
  if (!dataKey.test(key) || key.startsWith('..') || key === '.') {
    throw refused(`${JSON.stringify(key)} is no key of a Secret`, "use letters, digits, '-', '_' and '.'")
  }
  return key
}

/** A folder below `root`, each step of it made 0700 where missing, and none of them a link. */
export async function folderIn(root: string, ...steps: readonly string[]): Promise<string> {
  let folder = root
  for (const step of steps) {
    folder = join(folder, step)
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await lstat(folder)).isDirectory()) throw refused(`${folder} is no folder of its own`, 'remove the link')
  }
  return folder
}

/**
 * Replaces a file by another with mode 0600: whole or not at all, through no link. With `durable` it outlives a loss of
 * power; what can be made again need not.
 */
export async function writeFile(path: string, content: string | Uint8Array, durable = true): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await file.writeFile(content)
    if (durable) await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes a file or a folder with all in it; following no link. */
export async function removePath(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/** The entries of a folder by name; none where there is no such folder. */
export async function entries(folder: string): Promise<Dirent[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
