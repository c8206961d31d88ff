import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { resolve } from 'node:path'

/** Larger files are cut one byte behind this, so that a reader sees that they are too large. */
const maximumSize = 1 << 24
const pipeTimeout = 120_000

/**
 * The bytes of a key file; null where there is none. A pipe is read until its writer closes it, and given up where no
 * writer comes.
 *
 * @throws what `node:fs` throws, `ETIMEDOUT` included
 */
export async function readKeyFile(path: string, cwd: string): Promise<Uint8Array | null> {
  let file: number
  try {
    file = openSync(resolve(cwd, path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
  try {
    const stat = fstatSync(file)
    if (stat.isFile() && stat.size <= maximumSize) return readFileSync(file)
    return await readStream(file, stat.isFIFO() && !/^\/(?:dev\/(?:fd|std)|proc)\b/.test(path))
  } finally {
    closeSync(file)
  }
}

async function readStream(file: number, awaitsWriter: boolean): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  const deadline = Date.now() + pipeTimeout
  for (let size = 0; size <= maximumSize; ) {
    const chunk = readChunk(file)
    if (chunk !== null && chunk.length > 0) {
      chunks.push(chunk)
      size += chunk.length
      continue
    }
    // An end before any byte may mean that nobody has opened the other side yet.
    if (chunk !== null && (size > 0 || !awaitsWriter)) break
    if (Date.now() > deadline) throw Object.assign(new Error('nothing was written to the pipe'), { code: 'ETIMEDOUT' })
    await new Promise((done) => setTimeout(done, 5))
  }
  return Buffer.concat(chunks)
}

/** Null where nothing is there yet. */
function readChunk(file: number): Buffer | null {
  const buffer = Buffer.alloc(1 << 16)
  try {
    return buffer.subarray(0, readSync(file, buffer))
  } catch (error) {
    if (isCode(error, 'EAGAIN')) return null
    throw error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
