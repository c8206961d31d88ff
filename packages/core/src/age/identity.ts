import type { Stanza } from './x25519.ts'

/** What a file key can be wrapped for. */
export interface Recipient {
  /** The stanzas from which the recipient's identities get the file key back. */
  wrap(fileKey: Uint8Array): Promise<readonly Stanza[]>
}

/** What a file key can be unwrapped with. */
export interface Identity {
  /** The file key; null where no stanza is this identity's; throws where one is and does not open. The signal ends what takes time. */
  unwrap(stanzas: readonly Stanza[], signal?: AbortSignal): Promise<Uint8Array | null>
}
