import type { DesiredSecret, Manifest } from '@sealkit/core/manifest'

/**
 * One way of keeping a secret in git.
 *
 * `desired` gives the Secret that the object stands for, `null` when the object is not of this source, and throws when
 * it is and is broken.
 */
export interface Source<Context> {
  /** The kind that the source reads, for messages. */
  readonly kind: string
  desired(object: Manifest, context: Context): Promise<DesiredSecret | null>
}
