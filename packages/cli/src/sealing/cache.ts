import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isKubernetesError } from '@sealkit/kubernetes'
import { replaceFile } from '../file.ts'
import type { Io } from '../io.ts'

/**
 * A certificate from far away, and where nobody answers the copy of the last one that came from there, with a word on
 * stderr. A sealing key stays good for what it has sealed, so that an older certificate does no harm.
 *
 * @param source what the certificate is of, with no credentials in it
 * @throws whatever `fetch` throws, where there is no copy, or where somebody answered
 */
export async function cached(source: string, io: Io, fetch: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const path = cachePath(source, io)
  try {
    const pem = await fetch()
    if (path !== undefined) keep(path, pem)
    return pem
  } catch (error) {
    const copy = path === undefined || !isUnreachable(error) ? undefined : readCopy(path)
    if (copy === undefined) throw error
    const date = copy.fetched.toISOString().slice(0, 10)
    io.stderr.write(`${source} cannot be reached: sealing with its certificate of ${date}\n`)
    return copy.pem
  }
}

/** A file below the user's cache folder; none where there is no such folder. */
function cachePath(source: string, { env }: Io): string | undefined {
  const home = env['HOME']
  const folder = env['XDG_CACHE_HOME'] || (home ? join(home, '.cache') : undefined)
  if (folder === undefined) return undefined
  return join(
    folder,
    'sealkit',
    'certificates',
    `${createHash('sha256').update(source).digest('hex').slice(0, 32)}.pem`,
  )
}

/** What cannot be kept is fetched again the next time. */
function keep(path: string, pem: Uint8Array): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
    replaceFile(path, pem, { mode: 0o600 })
  } catch {
    // A cache folder that cannot be written is no reason not to seal.
  }
}

function readCopy(path: string): { readonly pem: Uint8Array; readonly fetched: Date } | undefined {
  try {
    return { pem: readFileSync(path), fetched: statSync(path).mtime }
  } catch {
    return undefined
  }
}

/** Nobody answered; an answer that says no is not overruled by a copy. */
function isUnreachable(error: unknown): boolean {
  const chain = error instanceof Error ? [error, error.cause] : [error]
  return chain.some((one) => isKubernetesError(one) && (one.code === 'UNAVAILABLE' || one.code === 'TIMEOUT'))
}
