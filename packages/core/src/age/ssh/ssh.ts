import { CoreError } from '../../error.ts'
import type { Identity, Recipient } from '../identity.ts'
import type { Stanza } from '../x25519.ts'
import { ed25519Pair, unwrapEd25519, wrapEd25519 } from './ed25519.ts'
import { readSshPrivateKey, type SshPrivateKey, type SshSecret } from './privatekey.ts'
import { checkSshRecipient, type SshPublicKey } from './publickey.ts'
import { rsaPair, unwrapRsa, wrapRsa } from './rsa.ts'
import { sshKeyError } from './wire.ts'

/**
 * An SSH public key (`ssh-ed25519 AAAA...`, `ssh-rsa AAAA...`, a comment may follow) as a recipient of age.
 *
 * @throws `INVALID_KEY`
 */
export function sshRecipient(text: string): Recipient {
  const key = checkSshRecipient(text)
  return {
    wrap: async (fileKey) => [key.type === 'ssh-rsa' ? wrapRsa(fileKey, key) : await wrapEd25519(fileKey, key)],
  }
}

/** An SSH private key without a passphrase as an identity of age. @throws `INVALID_KEY` */
export async function sshIdentity(key: SshPrivateKey | string): Promise<Identity> {
  const file = typeof key === 'string' ? readSshPrivateKey(key) : key
  if (file.locked)
    throw sshKeyError('ssh: this private key is passphrase protected', 'an SSH key is under a passphrase')
  return (await opened(await file.open())).identity
}

/** What {@link lockedSshIdentity} needs. */
export interface LockedSshIdentity {
  readonly key: SshPrivateKey
  /** The public key beside it, for files that do not hold their own. */
  readonly publicKey: SshPublicKey
  /** Asks for the passphrase; it is asked for once, and only where a stanza is for this key. */
  passphrase(signal?: AbortSignal): Promise<string>
}

/** An SSH private key under a passphrase as an identity of age. */
export function lockedSshIdentity({ key, publicKey, passphrase }: LockedSshIdentity): Identity {
  let unlocked: Promise<Identity> | undefined
  return {
    async unwrap(stanzas, signal) {
      if (!stanzas.some(({ args: [type, tag] }) => type === publicKey.type && tag === publicKey.tag)) return null
      unlocked ??= unlock({ key, publicKey, passphrase: () => passphrase(signal) })
      return (await unlocked).unwrap(stanzas)
    },
  }
}

async function unlock({ key, publicKey, passphrase }: LockedSshIdentity): Promise<Identity> {
  const given = await passphrase()
  let secret: SshSecret
  try {
    secret = await key.open(Buffer.from(given))
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw sshKeyError(`failed to decrypt SSH key file: ${error.upstream ?? error.message}`, error.message)
  }
  const { identity, tag } = await opened(secret)
  if (tag !== publicKey.tag) throw sshKeyError('mismatched private and public SSH key')
  return identity
}

async function opened(secret: SshSecret): Promise<{ identity: Identity; tag: string }> {
  if (secret.type === 'ssh-rsa') {
    const pair = rsaPair(secret.jwk)
    return {
      tag: pair.publicKey.tag,
      identity: { unwrap: (all) => first(all, async (stanza) => unwrapRsa(stanza, pair)) },
    }
  }
  const pair = await ed25519Pair(secret.seed)
  return { tag: pair.publicKey.tag, identity: { unwrap: (all) => first(all, (stanza) => unwrapEd25519(stanza, pair)) } }
}

async function first(
  stanzas: readonly Stanza[],
  unwrap: (stanza: Stanza) => Promise<Uint8Array | null>,
): Promise<Uint8Array | null> {
  for (const stanza of stanzas) {
    const fileKey = await unwrap(stanza)
    if (fileKey !== null) return fileKey
  }
  return null
}
