import { SealkitError } from '@sealkit/core'

/** Exit codes of `sealkit`: done, failed, wrong usage. The personalities have their upstream's. */
export const exitCode = { done: 0, failed: 1, usage: 2 } as const

/** Codes of {@link CliError}. */
export type CliErrorCode =
  | 'EDITOR_FAILED'
  | 'EXEC_FAILED'
  | 'FILE_EXISTS'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'GIT_FAILED'
  | 'MERGE_CONFLICT'
  | 'NO_KEY'
  | 'NO_SUCH_KEY'
  | 'NOT_EDITABLE'
  | 'NOT_SUPPORTED'
  | 'POLICY_INVALID'
  | 'RENDER_FAILED'
  | 'RESEAL_FAILED'
  | 'USAGE'

/** An error of the command line itself; `USAGE` exits with 2, every other code with 1. */
export class CliError extends SealkitError<CliErrorCode> {
  override readonly name = 'CliError'
}

/** The lines that stderr gets for an error: what failed, then what to do next. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof SealkitError && error.hint !== undefined ? `hint: ${error.hint}\n` : ''
  return `sealkit: error: ${message}\n${hint}`
}

/** The exit code that an error leads to. */
export function errorExitCode(error: unknown): number {
  return error instanceof CliError && error.code === 'USAGE' ? exitCode.usage : exitCode.failed
}
