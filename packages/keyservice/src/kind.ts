import type { AttemptOptions, KeyEntry } from '@sealkit/core/sops'
import type { AzureCredentials } from './azure-credentials.ts'
import type { AgeIdentity } from './identities.ts'
import type { KeyIo } from './io.ts'

/** One kind of master key: it wraps and unwraps one part of a data key. */
export interface MasterKey {
  /** Gives the entry with the wrapped part; throws where the key cannot wrap. */
  wrap(part: Uint8Array, entry: KeyEntry, options?: AttemptOptions): Promise<KeyEntry>
  /** Gives the part; null where nothing at hand fits the entry; throws where what fits is broken. */
  unwrap(entry: KeyEntry, options?: AttemptOptions): Promise<Uint8Array | null>
}

/** What master keys may use. Nothing that is not given here is touched. */
export interface KeyContext {
  /** Age identities: texts, SSH keys (`sshIdentity` of `@sealkit/core/age/ssh`), ... Where they are given, even none, they are the only ones. */
  readonly ageIdentities?: readonly AgeIdentity[]
  /** What signs in to Azure. Where it is given, it is the only way; else Azure's default credentials are used. */
  readonly azure?: AzureCredentials
  /** Environment, files and commands, for keys that live there. */
  readonly io?: KeyIo
  /** The time, for keys that note when they were made. */
  readonly now?: () => Date
}
