import type { Destination } from '@sealkit/core/sops'
import type { KeyIo } from '@sealkit/keyservice'

/** Where a file comes to lie, as sops shows it. */
export function destinationPath(destination: Destination, io: KeyIo, name: string): string {
  const { kind } = destination
  if (kind !== 'vault') return `${kind}://${destination.bucket}/${destination.prefix}${name}`
  return `${vaultAddress(destination, io)}/v1/${vaultPath(destination, name)}`
}

type VaultDestination = Extract<Destination, { kind: 'vault' }>

/** The server of a destination: its own, else the environment's, else Vault's default. */
export function vaultAddress({ address }: VaultDestination, { env }: KeyIo): string {
  return address || env['VAULT_AGENT_ADDR'] || env['VAULT_ADDR'] || 'https://127.0.0.1:8200'
}

/** Path of a secret below `/v1/`. */
export function vaultPath({ mount, path, version }: VaultDestination, name: string): string {
  return `${mount}${version === 1 ? '' : 'data/'}${path}${name}`
}
