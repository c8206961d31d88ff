export type { Command, Option, Values } from './command.ts'
export { dispatch } from './dispatch.ts'
export { CliError, type CliErrorCode, errorExitCode, errorText, exitCode } from './exit.ts'
export { type Input, type Io, type Output, processIo, readAll } from './io.ts'
