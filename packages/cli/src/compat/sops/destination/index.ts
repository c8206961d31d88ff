import type { Destination, SopsFile } from '@sealkit/core/sops'
import type { Sending } from './sending.ts'

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
