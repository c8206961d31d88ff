import { SealkitError } from '@sealkit/core'

/** What a log line may say besides its message. No field ever holds a secret: names, counts and codes only. */
export type Fields = Readonly<Record<string, string | number | boolean>>

/** Structured log lines. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** The same log with fields on every line. */
  with(fields: Fields): Log
}

/** Least important level that is printed. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Go's two slog formats: `key=value` lines and JSON. */
export type LogFormat = 'text' | 'json'

/** Where and how a log writes. */
export interface LogOptions {
  readonly level?: LogLevel
  readonly format?: LogFormat
  /** Takes lines of debug and info. */
  readonly out: (line: string) => void
  /** Takes lines of warn and error; `out` by default. */
  readonly err?: (line: string) => void
  readonly now?: () => Date
}

const levels: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** A log in the shape of Go's slog, which is what upstream's controllers print. */
export function createLog(options: LogOptions, fields: Fields = {}): Log {
  const least = levels[options.level ?? 'info']
  const now = options.now ?? ((): Date => new Date())
  const line = options.format === 'json' ? jsonLine : textLine
  const write = (level: LogLevel, message: string, more: Fields = {}): void => {
    if (levels[level] < least) return
    const sink = levels[level] >= levels.warn ? (options.err ?? options.out) : options.out
    sink(`${line(now(), level, message, { ...fields, ...more })}\n`)
  }
  return {
    debug: (message, more) => write('debug', message, more),
    info: (message, more) => write('info', message, more),
    warn: (message, more) => write('warn', message, more),
    error: (message, more) => write('error', message, more),
    with: (more) => createLog(options, { ...fields, ...more }),
  }
}

/**
 * What may be said of an error outside this process: the message of ours, which is redacted, and of any other only its
 * kind. Messages of libraries can quote what they could not read.
 */
export function errorMessage(error: unknown): string {
  if (error instanceof SealkitError) return error.message
  if (!(error instanceof Error)) return 'unexpected failure'
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? `unexpected failure (${code})` : `unexpected failure (${error.name})`
}

/** The fields that a log line has for an error. */
export function errorFields(error: unknown): Fields {
  const message = errorMessage(error)
  return error instanceof SealkitError ? { error: message, code: error.code } : { error: message }
}

function textLine(time: Date, level: LogLevel, message: string, fields: Fields): string {
  const all = { time: time.toISOString(), level: level.toUpperCase(), msg: message, ...fields }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${textValue(String(value))}`)
    .join(' ')
}

function textValue(value: string): string {
  return /^[^\s"=\\\u0000-\u001f\u007f]+$/u.test(value) ? value : JSON.stringify(value)
}

function jsonLine(time: Date, level: LogLevel, message: string, fields: Fields): string {
  return JSON.stringify({ time: time.toISOString(), level: level.toUpperCase(), msg: message, ...fields })
}
