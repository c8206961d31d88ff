import type { KeyIo } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import type { Io } from '../io.ts'

/**
 * The machine as master keys see it.
 *
 * @param network whether servers that files name may be asked: not where the files are somebody else's
 */
export function keyIo(io: Io, { network = true }: { readonly network?: boolean } = {}): KeyIo {
  const { env, cwd } = io
  return machineIo({ env, cwd, network, tell: (text) => void io.stderr.write(`${text}\n`) })
}
