import { sharedUnwrap } from '@sealkit/core/sops'
import { type MasterKeys, masterKeys, parseIdentities } from '@sealkit/keyservice'
import type { Io } from '../io.ts'
import { readInput } from '../sealing/files.ts'
import { keyIo } from './keyio.ts'

/**
 * The master keys of one call: identities and clients are loaded once, and what a key has unwrapped for one file is not
 * asked of it again for another.
 *
 * @throws `FILE_UNREADABLE`, `IDENTITY_MISSING`
 */
export function sopsKeys(values: { readonly identity?: readonly string[] }, io: Io): MasterKeys {
  const texts = (values.identity ?? []).map((file) => Buffer.from(readInput(file, io)).toString())
  const given = values.identity === undefined ? {} : { ageIdentities: texts.flatMap((text) => parseIdentities(text)) }
  const keys = masterKeys({
    ...given,
    io: keyIo(io),
    now: () => io.now(),
  })
  return { wrap: keys.wrap, unwrap: sharedUnwrap(keys.unwrap) }
}
