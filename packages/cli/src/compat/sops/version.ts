import { formatVersion } from '@sealkit/core/sops'
import type { Io } from '../../io.ts'
import type { FlagValues } from './parse.ts'

/**
 * `sops --version`: the first line is what tools parse. It asks no server whether there is a newer one, which sops is
 * giving up too.
 */
export function version(io: Io, values: FlagValues): number {
  io.stdout.write(`sops ${formatVersion}\n`)
  if (values.flag('check-for-updates')) {
    io.stderr.write('hint: updates are not looked for by this program\n')
  }
  return 0
}
