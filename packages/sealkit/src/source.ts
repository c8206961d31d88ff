import type { DesiredSecret } from '@sealkit/core/manifest'
import type { ManifestDocument } from './document.ts'

/** One way of keeping a secret in git. */
export interface Source<Context> {
  /** What the source reads, for messages. */
  readonly kind: string
  /** Whether a document is of this source; it may be broken all the same. */
  reads(document: ManifestDocument): boolean
  /**
   * The Secret that a document of this source stands for. `null` = there is none to be made now (a provider that has
   * nothing, with a policy that keeps what is there). Throws when the document is broken.
   */
  desired(document: ManifestDocument, context: Context): Promise<DesiredSecret | null>
}
