import type { Destination, SopsFile } from '@sealkit/core/sops'
import type { KeyIo } from '@sealkit/keyservice'

/** What of this program a destination is given. */
export interface Sending {
  readonly io: KeyIo
  /** The file's name at the destination. */
  readonly name: string
  /** Writes a warning of sops. */
  readonly warn: (text: string) => void
  /** Writes what sops says where it is verbose. */
  readonly info: (text: string) => void
}

/** Where a file comes to lie, as sops shows it. */
export function destinationPath(destination: Destination, io: KeyIo, name: string): string {
  const { kind } = destination
  if (kind !== 'vault') return `${kind}://${destination.bucket}/${destination.prefix}${name}`
  return `${vaultAddress(destination, io)}/v1/${vaultPath(destination, name)}`
}

/** Sends the encrypted file as it is to a bucket. */
export async function sendFile(
  destination: Extract<Destination, { kind: 's3' | 'gcs' }>,
  content: Uint8Array,
  sending: Sending,
): Promise<void> {
  if (destination.kind === 's3') return (await import('./s3.ts')).sendToS3(destination, content, sending)
  return (await import('./gcs.ts')).sendToGcs(destination, content, sending)
}

/** Sends the values of a decrypted file to a key-value engine. */
export async function sendValues(
  destination: Extract<Destination, { kind: 'vault' }>,
  documents: SopsFile['documents'],
  sending: Sending,
): Promise<void> {
  await (await import('./vault.ts')).sendToVault(destination, documents, sending)
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
