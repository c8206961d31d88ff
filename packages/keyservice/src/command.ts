import { KeyserviceError } from './error.ts'
import { type KeyIo, systemReason } from './io.ts'
import { splitWords } from './shlex.ts'

/**
 * The output of a command that prints a key.
 *
 * @throws `COMMAND_FAILED`
 */
export async function commandOutput(io: KeyIo, command: string, recipient: string): Promise<Uint8Array> {
  const words = splitWords(command)
  if (words === null || words.length === 0) {
    throw new KeyserviceError('COMMAND_FAILED', 'the command for an age key is no command line', {
      upstream: `failed to parse command ${command}: EOF found when expecting closing quote`,
    })
  }
  const failed = (reason: string): KeyserviceError =>
    new KeyserviceError('COMMAND_FAILED', 'the command that should print an age key failed', {
      hint: 'run the command of SOPS_AGE_KEY_CMD or SOPS_AGE_SSH_PRIVATE_KEY_CMD by hand',
      upstream: `failed to execute command ${command}: ${reason}`,
    })
  try {
    const { code, stdout } = await io.run(words, { env: { SOPS_AGE_RECIPIENT: recipient } })
    if (code === 0) return stdout
    throw failed(code === null ? 'signal: killed' : `exit status ${code}`)
  } catch (error) {
    throw error instanceof KeyserviceError ? error : failed(startReason(words[0] ?? '', error))
  }
}

function startReason(program: string, error: unknown): string {
  if (systemReason(error) !== 'no such file or directory') return systemReason(error)
  if (program.includes('/')) return `fork/exec ${program}: no such file or directory`
  return `exec: ${JSON.stringify(program)}: executable file not found in $PATH`
}
