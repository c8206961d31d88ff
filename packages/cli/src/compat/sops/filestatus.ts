import { resolve } from 'node:path'
import { fatal, goText, SopsExit } from './exit.ts'
import { readInput } from './files.ts'
import type { Session } from './session.ts'

/** `sops filestatus file`: whether a file is encrypted, as one line of JSON. */
export async function filestatus(session: Session): Promise<number> {
  const { args, io } = session
  const [path] = args
  if (path === undefined) throw new SopsExit('Error: no file specified', 100)
  try {
    io.stdout.write(`{"encrypted":${await isEncrypted(session, path)}}\n`)
    return 0
  } catch (error) {
    fatal(io, `cannot check file status: cannot load encrypted file: ${goText(error)}`)
    return 1
  }
}

async function isEncrypted(session: Session, path: string): Promise<boolean> {
  const store = await session.store({ path, name: path }, 'input-type')
  const bytes = await readInput(session.io, resolve(session.io.cwd, path), path)
  try {
    const { metadata } = store.loadEncrypted(bytes)
    return metadata.version !== '' && metadata.mac !== ''
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'METADATA_MISSING') return false
    throw error
  }
}
