import { dispatch } from './dispatch.ts'
import { errorExitCode, errorText } from './exit.ts'
import { processIo } from './io.ts'

// A compiled executable knows under which name it was called from argv0, a script from argv[1].
const compiled = process.argv[1]?.startsWith('/$bunfs/') === true || process.argv[1]?.startsWith('B:\\~BUN\\') === true
const program = (compiled ? process.argv0 : process.argv[1]) ?? 'sealkit'

/** What a shell reports for a program whose reader went away (128 + SIGPIPE), as Go's runtime ends it. */
const brokenPipe = 141

try {
  process.exitCode = await dispatch(program, process.argv.slice(2), processIo)
} catch (error) {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') {
    process.exitCode = brokenPipe
  } else {
    // The runtime's own report would print source lines and every field of the error, which may hold a secret.
    processIo(program, []).stderr.write(errorText(error))
    process.exitCode = errorExitCode(error)
  }
}
