import { dispatch } from './dispatch.ts'
import { errorExitCode, errorText } from './exit.ts'
import { processIo } from './io.ts'

// A compiled executable knows under which name it was called from argv0, a script from argv[1].
const compiled = process.argv[1]?.startsWith('/$bunfs/') === true || process.argv[1]?.startsWith('B:\\~BUN\\') === true
const program = (compiled ? process.argv0 : process.argv[1]) ?? 'sealkit'

// A reader that has seen enough closes the pipe: that is not an error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exitCode = 141
})

try {
  process.exitCode = await dispatch(program, process.argv.slice(2), processIo)
} catch (error) {
  // The runtime's own report would print source lines and every field of the error, which may hold a secret.
  process.stderr.write(errorText(error))
  process.exitCode = errorExitCode(error)
}
