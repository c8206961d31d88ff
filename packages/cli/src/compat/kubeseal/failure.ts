import { SealkitError } from '@sealkit/core'
import { CliError, type CliErrorCode } from '../../exit.ts'

/** An error with kubeseal's own words. */
export function failure(text: string, code: CliErrorCode = 'NOT_SUPPORTED'): CliError {
  return new CliError(code, text, { upstream: text })
}

/** What kubeseal prints for an error: Go's text where there is one. */
export function upstreamText(error: unknown): string {
  if (error instanceof SealkitError) return error.upstream ?? error.message
  return error instanceof Error ? error.message : String(error)
}

/** Go's words for an errno of Node's file system calls (`open x: no such file or directory`). */
export function fileFailure(error: unknown, operation: string, path: string): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // Go opens a folder like a file and fails when it reads.
  const step = code === 'EISDIR' ? 'read' : operation
  return failure(`${step} ${path}: ${errnoTexts[code] ?? upstreamText(error)}`, 'FILE_UNREADABLE')
}

const errnoTexts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
}
