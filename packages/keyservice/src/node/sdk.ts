import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Loads the library of a cloud, which is not installed with Sealkit: from `node_modules` in the folder that
 * `SEALKIT_SDK_PATH` names, else where this program itself is installed. The folder that it is called in does not
 * count, because whoever writes a repository must not choose what runs.
 *
 * Throws where it is not there.
 */
export async function loadSdk(name: string, env: Readonly<Record<string, string | undefined>>): Promise<unknown> {
  const folder = env['SEALKIT_SDK_PATH']
  return createRequire(folder ? join(folder, 'node_modules', 'x') : ownPath())(name)
}

/** A compiled executable has no folder of its own source; what stands beside it counts. */
function ownPath(): string {
  const path = fileURLToPath(import.meta.url)
  return /^(?:\/\$bunfs|[A-Z]:\\~BUN)\b/i.test(path) ? realpathSync(process.execPath) : path
}
