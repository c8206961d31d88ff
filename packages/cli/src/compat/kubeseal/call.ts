import type { Io } from '../../io.ts'
import type { FlagValues } from './flags.ts'
import type { Output } from './output.ts'

/** What one call works with. */
export interface Call {
  readonly values: FlagValues
  readonly io: Io
  /** The input that `--secret-file` names, else standard input. */
  readonly input: () => Promise<Uint8Array>
  readonly output: Output
}
