import type { Manifest } from '@sealkit/core/manifest'
import {
  fingerprint,
  generateSealingKey,
  type KeyOrder,
  type KeyRing,
  names,
  type SealingKey,
  sealingKey,
  sealingKeyFromSecret,
} from '@sealkit/core/sealed'
import { type Cluster, type ClusterObject, resources } from '@sealkit/kubernetes'
import { ControllerError } from '../error.ts'
import { errorFields, type Log } from '../log.ts'

/** Selects the Secrets that hold active sealing keys. */
export const keySelector: string = `${names.sealingKey}=active`

/** How sealing keys are found and made; durations in milliseconds. */
export interface SealingKeysOptions {
  readonly cluster: Cluster
  /** The controller's own namespace. */
  readonly namespace: string
  readonly keyRing: KeyRing
  /** Start of the generated names; a Secret of exactly this name is a key too (the first versions had one key). */
  readonly prefix: string
  readonly order: KeyOrder
  readonly keySize: number
  /** Validity of a new certificate. */
  readonly validFor: number
  readonly commonName: string
  /** A new key is made when the newest is older; 0 = never by itself. */
  readonly renewPeriod: number
  /** At start a new key is made when the newest is from before this time. */
  readonly cutoff: Date | null
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly log: Log
  readonly now: () => Date
}

/** The sealing keys of a controller: those of the cluster, kept in a key ring. */
export interface SealingKeys {
  /** Reads every key. A Secret that holds no readable key is logged and left alone. */
  load(): Promise<void>
  /** Makes a key when there is none, or the newest is from before the cutoff. */
  ensure(): Promise<void>
  /** Makes a key now. */
  generate(): Promise<void>
  /** Milliseconds until the newest key is due for renewal; null when keys are never renewed. */
  renewalDelay(): number | null
  /** Takes in a key Secret that appeared or changed; true when the key ring changed. */
  observe(secret: ClusterObject): Promise<boolean>
  /** Forgets the key of a Secret that is gone or no longer active; true when there was one. */
  forget(name: string): boolean
}

const keyPrefix = /^[a-z0-9-]*$/
const longestPrefix = 245

/** Checks a prefix with upstream's words. @throws {ControllerError} `CONTROLLER_USAGE` */
export function checkKeyPrefix(prefix: string): void {
  const illegal = [...prefix].find((character) => !keyPrefix.test(character))
  const problem =
    prefix.length > longestPrefix
      ? `name is too long, must be shorter than ${longestPrefix}, got ${prefix.length}`
      : illegal === undefined
        ? null
        : `name contains illegal character ${illegal}`
  if (problem !== null) throw new ControllerError('CONTROLLER_USAGE', `key-prefix: ${problem}`, { upstream: problem })
}

/** The sealing keys of the cluster that `options` name. */
export function sealingKeys(options: SealingKeysOptions): SealingKeys {
  return new ClusterKeys(options)
}

class ClusterKeys implements SealingKeys {
  readonly #options: SealingKeysOptions
  /** Fingerprints by the name of the Secret that holds the key. */
  readonly #fingerprints = new Map<string, string>()

  constructor(options: SealingKeysOptions) {
    this.#options = options
  }

  async load(): Promise<void> {
    const { cluster, namespace, prefix, log } = this.#options
    log.info('Searching for existing private keys')
    const { items } = await cluster.list(resources.secret, { namespace, labelSelector: keySelector })
    const legacy = await cluster.get(resources.secret, { namespace, name: prefix })
    const created = (secret: ClusterObject): string => secret.metadata.creationTimestamp ?? ''
    const all = [...items, ...(legacy === null ? [] : [legacy])]
    for (const secret of all.sort((a, b) => (created(a) < created(b) ? -1 : 1))) await this.observe(secret)
  }

  async ensure(): Promise<void> {
    if (!this.#needsKey()) return
    // Another replica may have made one since this one looked.
    await this.load()
    if (this.#needsKey()) await this.generate()
  }

  #needsKey(): boolean {
    const { keyRing, cutoff } = this.#options
    const newest = keyRing.newest()
    if (newest?.certificatePem === undefined) return true
    return cutoff !== null && newest.orderedAt < cutoff
  }

  async generate(): Promise<void> {
    const { cluster, namespace, keySize, validFor, commonName, now, log } = this.#options
    const pair = await generateSealingKey({ keySize, notBefore: now(), validFor, commonName })
    const created = await cluster.create(resources.secret, keySecret(this.#options, pair))
    await this.observe(created)
    this.#makeNewest(created.metadata.name)
    log.info('New key written', { namespace, name: created.metadata.name })
    log.info('Certificate generated', { certificate: pair.certificatePem })
  }

  /** Certificates are dated to the second; a key that was just made is newer than one of the same second. */
  #makeNewest(name: string): void {
    const { keyRing, now } = this.#options
    const made = keyRing.keys().find(({ fingerprint }) => fingerprint === this.#fingerprints.get(name))
    if (made !== undefined) keyRing.add({ ...made, orderedAt: now() })
  }

  renewalDelay(): number | null {
    const { keyRing, renewPeriod, now } = this.#options
    if (renewPeriod <= 0) return null
    const newest = keyRing.newest()
    const age = newest === undefined ? renewPeriod : now().getTime() - newest.orderedAt.getTime()
    return Math.max(0, renewPeriod - age)
  }

  async observe(secret: ClusterObject): Promise<boolean> {
    const { log } = this.#options
    const { name } = secret.metadata
    try {
      return this.#register(name, await this.#read(secret))
    } catch (error) {
      log.error('Error reading key', { secret: name, ...errorFields(error) })
      return this.forget(name)
    }
  }

  forget(name: string): boolean {
    const fingerprint = this.#fingerprints.get(name)
    this.#fingerprints.delete(name)
    // Two Secrets may hold one key: it goes with the last of them.
    if (fingerprint === undefined || [...this.#fingerprints.values()].includes(fingerprint)) return false
    return this.#options.keyRing.remove(fingerprint)
  }

  /**
   * The key of a Secret. Where the certificate is another key's, nothing may be sealed for it: the private key then
   * decrypts and gives out no certificate.
   */
  async #read(secret: ClusterObject): Promise<SealingKey> {
    const { order, log } = this.#options
    const key = await sealingKeyFromSecret(secret, order)
    if (key.certificate === undefined || (await fingerprint(key.certificate.publicKey)) === key.fingerprint) return key
    log.error('tls.crt is not the certificate of tls.key; nothing is sealed with it', { secret: secret.metadata.name })
    return sealingKey(key.privateKey)
  }

  #register(name: string, key: SealingKey): boolean {
    if (this.#fingerprints.get(name) === key.fingerprint) return false
    this.forget(name)
    this.#fingerprints.set(name, key.fingerprint)
    this.#options.keyRing.add(key)
    this.#options.log.info('registered private key', { secretname: name })
    return true
  }
}

function keySecret(
  { namespace, prefix, labels, annotations }: SealingKeysOptions,
  pair: { readonly privateKeyPem: string; readonly certificatePem: string },
): Manifest {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      generateName: prefix,
      labels: { ...labels, [names.sealingKey]: 'active' },
      annotations: { ...annotations },
    },
  }
  secret['type'] = 'kubernetes.io/tls'
  secret['data'] = { 'tls.key': base64(pair.privateKeyPem), 'tls.crt': base64(pair.certificatePem) }
  return secret
}
