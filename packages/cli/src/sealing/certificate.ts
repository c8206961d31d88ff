import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Io } from '../io.ts'

/** Where a sealing certificate comes from: a PEM file, or an http, https or file URL. */
export async function readCertificate(source: string, io: Io): Promise<Uint8Array> {
  if (!isFileName(source)) return (await import('./url.ts')).fetchUrl(source, io.env)
  return readFileSync(resolve(io.cwd, source))
}

/** Anything without a URL scheme is a file, and so is a scheme of one letter: a Windows drive. */
function isFileName(source: string): boolean {
  return !/^[a-zA-Z][a-zA-Z0-9+.-]+:/.test(source)
}
