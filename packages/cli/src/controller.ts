import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { CliError } from './exit.ts'
import type { Io } from './io.ts'

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const

/**
 * `sealkit controller ...`: starts the controller that stands beside this executable, with the same arguments and
 * signals, and ends as it ends. The controller runs on Node, where RSA decryption is several times faster.
 *
 * @throws `NOT_SUPPORTED` where the controller was not installed with the command line
 */
export async function run(io: Io): Promise<number> {
  const file = [process.execPath, process.argv[1] ?? ''].flatMap(beside).find(existsSync)
  if (file === undefined) {
    throw new CliError('NOT_SUPPORTED', 'the controller is not installed beside this program', {
      hint: 'run the controller image, or keep the programs of one build in one folder',
    })
  }
  const child = spawn(file, [...io.argv], { stdio: 'inherit' })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of forwarded) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/** The build's folder is the executable's own, or two above the bundle for Node (`lib/cli`). */
function beside(program: string): string[] {
  const folder = dirname(program)
  return [join(folder, 'controller'), join(folder, '../../controller')]
}
