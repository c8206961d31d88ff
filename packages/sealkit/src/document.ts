import type { Manifest } from '@sealkit/core/manifest'
import type { Format } from '@sealkit/core/sops'

/** One object of a file, or of the API. */
export interface ManifestDocument {
  readonly object: Manifest
  /** Where it stands, for messages: `shop/database.yaml`. */
  readonly place?: string
  /**
   * The file that the object is part of, for a file that SOPS encrypted: its documents share one MAC, which covers the
   * digits of numbers and the order of keys, so that the text is needed to check it. Absent for objects of the API.
   */
  readonly file?: { readonly text: string; readonly format: Extract<Format, 'json' | 'yaml'>; readonly index: number }
}
