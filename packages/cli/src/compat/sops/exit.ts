import { SealkitError } from '@sealkit/core'
import type { Io } from '../../io.ts'

/** Exit codes of sops that are used here. */
export const codes = {
  generic: 1,
  couldNotReadInput: 2,
  couldNotWriteOutput: 3,
  errorDumpingTree: 4,
  invalidKmsContext: 6,
  invalidSetFormat: 7,
  conflictingParameters: 8,
  errorEncryptingTree: 23,
  errorDecryptingTree: 25,
  macMismatch: 51,
  invalidTreePath: 91,
  needAtLeastOneDocument: 92,
  noFileSpecified: 100,
  duplicateDecryptionKeyType: 112,
  couldNotRetrieveKey: 128,
  fileAlreadyEncrypted: 203,
} as const

/** Ends the program with a text on stderr and an exit code, as sops does. */
export class SopsExit extends Error {
  readonly code: number

  constructor(text: string, code: number, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** What sops prints for an error. A reason of ours, where sops would have gone on, comes with its hint. */
export function goText(error: unknown): string {
  if (error instanceof SealkitError) return error.upstream ?? withHint(error)
  return error instanceof Error ? error.message : String(error)
}

function withHint(error: SealkitError): string {
  return error.hint === undefined ? error.message : `${error.message}\nhint: ${error.hint}`
}

/** Runs a step; what it throws ends the program with this code and prefix. */
export async function step<T>(work: () => T | Promise<T>, code: number, prefix = ''): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SopsExit) throw error
    throw new SopsExit(prefix + goText(error), code, error)
  }
}

const failures: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  ELOOP: 'too many levels of symbolic links',
  EFBIG: 'file too large',
  ENAMETOOLONG: 'file name too long',
  EIO: 'input/output error',
}

/** A file system error in Go's words: `open /a/b: permission denied`. */
export function pathError(operation: string, path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return `${operation} ${path}: ${failures[code] ?? code}`
}

/** Writes a warning as sops' logger does. */
export function warn(
  io: Io,
  text: string,
  { logger = 'CMD', fields = '' }: { logger?: string; fields?: string } = {},
): void {
  log(io, { level: 'warning', text, logger, fields })
}

/** Writes the last words of a command that cannot go on. */
export function fatal(io: Io, text: string, logger = 'CMD'): void {
  log(io, { level: 'fatal', text, logger, fields: '' })
}

/** Writes an error that the program goes on after. */
export function logError(io: Io, text: string, cause?: string): void {
  log(io, { level: 'error', text, logger: 'CMD', fields: cause === undefined ? '' : ` error=${quoted(cause)}` })
}

/** Writes what sops says where it is verbose. */
export function logInfo(io: Io, text: string, logger: string, fields: Readonly<Record<string, string>> = {}): void {
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(value)}`)
  log(io, { level: 'info', text, logger, fields: shown.join('') })
}

/** Writes what sops says of a step where it is verbose. */
export function logDebug(io: Io, text: string, logger: string): void {
  log(io, { level: 'debug', text, logger, fields: '' })
}

/** Writes a line of progress as Go's `log` package does. */
export function progress(io: Io, text: string): void {
  const [date = '', time = ''] = localTime(io.now()).slice(0, 19).split('T')
  io.stderr.write(`${date.replaceAll('-', '/')} ${time} ${text}\n`)
}

function log(io: Io, line: { level: string; text: string; logger: string; fields: string }): void {
  const { level, text, logger, fields } = line
  io.stderr.write(`[${logger}]\t time="${localTime(io.now())}" level=${level} msg=${quoted(text)}${fields}\n`)
}

/** A value as logrus writes it: quoted unless it is plain. */
function quoted(text: string): string {
  return /^[A-Za-z0-9\-._/@^+]+$/.test(text) ? text : JSON.stringify(text)
}

/** RFC 3339 with the machine's offset. */
function localTime(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, 19)
  if (minutes === 0) return `${local}Z`
  const pad = (value: number): string => String(Math.trunc(Math.abs(value))).padStart(2, '0')
  return `${local}${minutes < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`
}
