import { desiredSecret, type Manifest } from '@sealkit/core/manifest'
import { decryptManifest, type OpenOptions, openFile, toPlain } from '@sealkit/core/sops'
import type { ManifestDocument } from '../document.ts'
import { SourceError } from '../error.ts'
import type { Source } from '../source.ts'

/** What SOPS files are decrypted with: `unwrap` recovers the data key, see `@sealkit/keyservice`. */
export type SopsContext = Pick<OpenOptions, 'unwrap' | 'order'>

/** v1 Secrets that SOPS encrypted in place: a Secret manifest with a `sops` block. The MAC is always verified. */
export const sopsSource: Source<SopsContext> = {
  kind: 'SOPS-encrypted Secret',
  reads: ({ object }) => object['sops'] !== undefined && object.kind === 'Secret' && object.apiVersion === 'v1',
  desired: async (document, context) => desiredSecret(await decrypted(document, context)),
}

async function decrypted({ object, file }: ManifestDocument, context: SopsContext): Promise<Manifest> {
  if (file === undefined) return required(await decryptManifest(object, context))
  const { documents } = await openFile(file.text, { ...context, format: file.format })
  const document = documents[file.index]
  return required(document === undefined ? null : toPlain(document))
}

function required(plain: unknown): Manifest {
  if (typeof plain === 'object' && plain !== null) return plain as Manifest
  throw new SourceError('INVALID_OBJECT', 'the encrypted document is no object')
}
