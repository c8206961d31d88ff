import { sharedUnwrap } from '@sealkit/core/sops'
import { type MasterKeys, masterKeys, parseIdentities } from '@sealkit/keyservice'
import type { Io } from '../io.ts'
import { readInput } from '../sealing/files.ts'
import { keyIo } from './keyio.ts'

/**
 * The master keys of one call: identities and clients are loaded once, and what a key has unwrapped for one file is not
 * asked of it again for another.
 *
 * `vaults` is for files that may be somebody else's: only these servers get this machine's Vault token, unless
 * `SOPS_HC_VAULT_ALLOWLIST` says which do.
 *
 * @throws `FILE_UNREADABLE`, `IDENTITY_MISSING`
 */
export function sopsKeys(
  values: { readonly identity?: readonly string[] },
  io: Io,
  vaults?: readonly string[],
): MasterKeys {
  const texts = (values.identity ?? []).map((file) => Buffer.from(readInput(file, io)).toString())
  const given = values.identity === undefined ? {} : { ageIdentities: texts.flatMap((text) => parseIdentities(text)) }
  const keys = masterKeys({
    ...given,
    io: keyIo(vaults === undefined ? io : { ...io, env: withAllowlist(io.env, vaults) }),
    now: () => io.now(),
  })
  return { wrap: keys.wrap, unwrap: sharedUnwrap(keys.unwrap) }
}

function withAllowlist(env: Io['env'], vaults: readonly string[]): Io['env'] {
  const name = 'SOPS_HC_VAULT_ALLOWLIST'
  return { ...env, [name]: env[name] || vaults.join(',') || 'none' }
}

/** Addresses of the Vaults that files name in their metadata, whatever their format. */
export function vaultsIn(...files: readonly Uint8Array[]): string[] {
  const pattern = /vault_address["']?\s*[:=]\s*["']?([^\s"',]+)/g
  const texts = files.map((file) => Buffer.from(file).toString('latin1'))
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].flatMap(([, address]) => address ?? [])))]
}
