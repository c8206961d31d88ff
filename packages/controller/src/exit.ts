import { SealkitError } from '@sealkit/core'
import { ControllerError } from './error.ts'
import { type ControllerIo, processIo } from './io.ts'
import { errorMessage } from './log.ts'

/**
 * Runs a command line as a process: errors as two lines on stderr, 1 for a failure, 2 for wrong usage. A crash says where
 * it happened and not what an error quotes, which may be a value.
 */
export async function runProcess(program: string, run: (io: ControllerIo) => Promise<number>): Promise<void> {
  const io = processIo()
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      io.err(`${program}: crashed: ${errorMessage(error)}\n${frames(error)}`)
      process.exit(1)
    })
  }
  try {
    process.exitCode = await run(io)
  } catch (error) {
    io.err(`${program}: error: ${errorMessage(error)}\n`)
    if (error instanceof SealkitError && error.hint !== undefined) io.err(`hint: ${error.hint}\n`)
    process.exitCode = error instanceof ControllerError && error.code === 'CONTROLLER_USAGE' ? 2 : 1
  }
}

/** The places of a stack, without the message and the source line that Node prints above them. */
function frames(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const lines = stack.split('\n').filter((line) => /^ {4}at [^\n]+:\d+:\d+\)?$/.test(line))
  return lines.map((line) => `${line}\n`).join('')
}
