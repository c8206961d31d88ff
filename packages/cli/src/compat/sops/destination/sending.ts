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
