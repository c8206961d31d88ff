import { isAbsolute } from 'node:path'
import { codes, fatal, goText, SopsExit } from './exit.ts'
import { readInput } from './files.ts'
import type { Session } from './session.ts'

/** `sops filestatus file`: whether a file is encrypted, as one line of JSON. */
export async function filestatus(session: Session): Promise<number> {
  const { args, io } = session
  const [path] = args
  if (path === undefined) throw new SopsExit('Error: no file specified', 100)
  let encrypted: boolean
  try {
    encrypted = await isEncrypted(session, path)
  } catch (error) {
    fatal(io, `cannot check file status: cannot load encrypted file: ${goText(error)}`)
    return 1
  }
  io.stdout.write(`{"encrypted":${encrypted}}\n`)
  return 0
}

async function isEncrypted(session: Session, path: string): Promise<boolean> {
  const store = await session.store({ path, name: path }, 'input-type')
  if (path === '') throw new SopsExit('Error reading file: open : no such file or directory', codes.couldNotReadInput)
  const bytes = await readInput(session.io, unresolved(session.io.cwd, path), path)
  try {
    const { metadata } = store.loadEncrypted(bytes)
    return metadata.version !== '' && metadata.mac !== ''
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'METADATA_MISSING') return false
    throw error
  }
}

/** Upstream opens the path as it is written here, so that none at all and a file with a slash behind it are not found. */
function unresolved(folder: string, path: string): string {
  return isAbsolute(path) ? path : `${folder}/${path}`
}
