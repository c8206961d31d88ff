export { CliError, type CliErrorCode, errorExitCode, errorText, exitCode } from './exit.ts'
export type { Io } from './io.ts'
