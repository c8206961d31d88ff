import { SealkitError } from '@sealkit/core'
import { ControllerError } from './error.ts'
import { type ControllerIo, processIo } from './io.ts'
import { errorMessage } from './log.ts'

/** Runs a command line as a process: errors as two lines on stderr, 1 for a failure, 2 for wrong usage. */
export async function runProcess(program: string, run: (io: ControllerIo) => Promise<number>): Promise<void> {
  const io = processIo()
  try {
    process.exitCode = await run(io)
  } catch (error) {
    io.err(`${program}: error: ${errorMessage(error)}\n`)
    if (error instanceof SealkitError && error.hint !== undefined) io.err(`hint: ${error.hint}\n`)
    process.exitCode = error instanceof ControllerError && error.code === 'CONTROLLER_USAGE' ? 2 : 1
  }
}
