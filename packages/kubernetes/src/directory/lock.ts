import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removePath } from './files.ts'
import { refused } from './roots.ts'

/**
 * Takes a state folder for this process; the result gives it back. A lock whose process has ended is taken over.
 *
 * @throws PATH_REFUSED where another process has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(String(process.pid))
      await file.close()
      return () => removePath(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (tries > 0 || (owner > 0 && isRunning(owner))) {
      throw refused(`another process (${owner}) works with ${folder}`, 'stop it, or choose another state folder')
    }
    await removePath(path)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
