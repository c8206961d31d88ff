import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'

/** Where a sealing certificate comes from: a PEM file, or an http, https or file URL. */
export async function readCertificate(source: string, io: Io): Promise<Uint8Array> {
  // A name with other characters than these may be no URL to Go, and then it is no file either.
  if (/[^\w./~@+\\-]/.test(source)) await checkUrl(source)
  if (!isFileName(source)) return (await import('./url.ts')).fetchUrl(source, io.env)
  return readFileSync(resolve(io.cwd, source))
}

/** Anything without a URL scheme is a file, and so is a scheme of one letter: a Windows drive. */
function isFileName(source: string): boolean {
  return !/^[a-zA-Z][a-zA-Z0-9+.-]+:/.test(source)
}

async function checkUrl(source: string): Promise<void> {
  const { parseUrl } = await import('@sealkit/template')
  try {
    parseUrl(source)
  } catch (error) {
    const upstream = error instanceof Error ? error.message : ''
    throw new CliError('FILE_UNREADABLE', 'the certificate is named by no file name and no URL', {
      upstream,
      hint: 'write special characters in a URL as %XX',
    })
  }
}
