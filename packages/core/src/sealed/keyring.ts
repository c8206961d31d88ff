import { CoreError } from '../error.ts'
import { decodeBase64 } from '../manifest/base64.ts'
import type { Manifest } from '../manifest/object.ts'
import { type PrivateKey, platform } from '../platform/index.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { type Decrypt, unsealItem } from './decrypt.ts'
import { fingerprint } from './fingerprint.ts'
import { splitItem } from './hybrid.ts'
import { parsePrivateKey } from './privatekey.ts'

/** A key pair that SealedSecrets are sealed for. */
export interface SealingKey {
  /** Id of the key, see `fingerprint`. */
  readonly fingerprint: string
  readonly privateKey: PrivateKey
  /** Absent for a bare private key, which can unseal but has no certificate to give out. */
  readonly certificate?: Certificate
  /** The certificate as it is stored, for `/v1/cert.pem`. */
  readonly certificatePem?: Uint8Array
  /** What the newest key is chosen by: the start of the certificate's validity, or the Secret's creation. */
  readonly orderedAt: Date
}

/** Upstream's `--key-order-priority`. */
export type KeyOrder = 'CertNotBefore' | 'SecretCreationTimestamp'

/** A sealing key of a bare private key; it is ordered before every key that has a certificate. */
export async function sealingKey(privateKey: PrivateKey): Promise<SealingKey> {
  return { fingerprint: await fingerprint(platform.publicKey(privateKey)), privateKey, orderedAt: new Date(0) }
}

/**
 * Reads the sealing key that a Secret of type `kubernetes.io/tls` holds in `tls.key` and `tls.crt`.
 *
 * @throws INVALID_KEY, INVALID_CERTIFICATE, INVALID_BASE64 when the Secret holds none; a controller skips such a Secret
 */
export async function sealingKeyFromSecret(secret: Manifest, order: KeyOrder = 'CertNotBefore'): Promise<SealingKey> {
  const privateKey = parsePrivateKey(dataValue(secret, 'tls.key'))
  const certificatePem = dataValue(secret, 'tls.crt')
  const certificate = parseCertificate(certificatePem)
  const created = new Date(secret.metadata?.creationTimestamp ?? 0)
  const orderedAt = order === 'CertNotBefore' ? certificate.notBefore : created
  return { ...(await sealingKey(privateKey)), certificate, certificatePem, orderedAt }
}

function dataValue(secret: Manifest, key: string): Uint8Array {
  const data: unknown = secret['data']
  const value: unknown = typeof data === 'object' && data !== null && Object.hasOwn(data, key) && Reflect.get(data, key)
  if (typeof value === 'string') return decodeBase64(value)
  throw new CoreError('INVALID_KEY', `the sealing key Secret has no ${key}`, {
    hint: 'sealing keys are Secrets of type kubernetes.io/tls with tls.crt and tls.key',
  })
}

/** What decrypts items. */
export interface Unsealer {
  /**
   * Decrypts one item.
   *
   * @throws DECRYPTION_FAILED when no key fits; the error never says why
   */
  unseal(sealed: Uint8Array, label: Uint8Array): Promise<Uint8Array>
}

/** Decrypts the items of one object, which as a rule are sealed for one key: the key of the last is tried first. */
export interface Opening extends Unsealer {
  /** True once an item failed though not every key was tried with it. What comes after is then not tried at all. */
  readonly incomplete: boolean
}

/**
 * The private keys that may unseal, in the order in which they are tried: the key that succeeded last, then the newest
 * first, and before keys of another size those of the size that the item is made for. Ciphertexts name no key, so every
 * key may have to be tried.
 */
export class KeyRing implements Unsealer {
  readonly #decrypt: Decrypt
  readonly #keys = new Map<string, SealingKey>()
  #lastSuccess: string | undefined
  #revision = 0

  constructor(keys: Iterable<SealingKey> = [], options: { readonly decrypt?: Decrypt } = {}) {
    this.#decrypt = options.decrypt ?? platform.rsaOaepDecrypt
    for (const key of keys) this.add(key)
  }

  /** Adds a key; one with the same fingerprint is replaced in its place. */
  add(key: SealingKey): void {
    if (!this.#keys.has(key.fingerprint)) this.#revision += 1
    this.#keys.set(key.fingerprint, key)
  }

  /** Removes a key; false when it was not there. */
  remove(fingerprint: string): boolean {
    const removed = this.#keys.delete(fingerprint)
    if (removed) this.#revision += 1
    return removed
  }

  get size(): number {
    return this.#keys.size
  }

  /** Names the set of keys: another number means that what failed with all of them may succeed now. */
  get revision(): number {
    return this.#revision
  }

  /** Every key, newest first; of equally old ones the first added. */
  keys(): SealingKey[] {
    return [...this.#keys.values()].sort((a, b) => b.orderedAt.getTime() - a.orderedAt.getTime())
  }

  /** The key that new secrets should be sealed with. */
  newest(): SealingKey | undefined {
    return this.keys()[0]
  }

  async unseal(sealed: Uint8Array, label: Uint8Array): Promise<Uint8Array> {
    return this.opening().unseal(sealed, label)
  }

  /** Begins to decrypt the items of one object, each with at most so many keys: the likely ones. All unless given. */
  opening({ tries = Number.POSITIVE_INFINITY }: { readonly tries?: number } = {}): Opening {
    const ring = this
    let own: string | undefined
    let incomplete = false
    return {
      get incomplete(): boolean {
        return incomplete
      },
      async unseal(sealed, label): Promise<Uint8Array> {
        if (incomplete) throw decryptionFailed()
        const keys = ring.#tryOrder(sealed, own ?? ring.#lastSuccess)
        for (const { fingerprint, privateKey } of keys.slice(0, tries)) {
          const plaintext = await unsealItem({ privateKey, label, sealed, decrypt: ring.#decrypt })
          if (plaintext === null) continue
          own = fingerprint
          ring.#lastSuccess = fingerprint
          return plaintext
        }
        incomplete = keys.length > tries
        throw decryptionFailed()
      },
    }
  }

  /** The keys that an item may be sealed for; none where it is no item at all. */
  #tryOrder(sealed: Uint8Array, first: string | undefined): SealingKey[] {
    const length = splitItem(sealed)?.wrapped.length ?? Number.POSITIVE_INFINITY
    const bytes = ({ privateKey }: SealingKey): number => Math.ceil(privateKey.modulusBits / 8)
    const rank = (key: SealingKey): number => (bytes(key) === length ? 0 : 2) + (key.fingerprint === first ? 0 : 1)
    return this.keys()
      .filter((key) => bytes(key) >= length)
      .sort((a, b) => rank(a) - rank(b))
  }
}

function decryptionFailed(): CoreError {
  return new CoreError('DECRYPTION_FAILED', 'no key could decrypt secret', {
    hint: 'the key, the name, the namespace or the scope differs from what the secret was sealed for',
    upstream: 'no key could decrypt secret',
  })
}
