/** An asymmetric public key. */
export interface PublicKey {
  readonly kind: 'public'
  /** OpenSSL's name of the algorithm: `rsa`, `rsa-pss`, `ec`, `ed25519`, ... */
  readonly algorithm: string
  /** Bits of an RSA modulus; 0 for every other algorithm. */
  readonly modulusBits: number
  /** SubjectPublicKeyInfo in DER (RFC 5280 section 4.1). */
  readonly spki: Uint8Array
  /** The runtime's form of an RSA key (a `CryptoKey`), made once. */
  native(): Promise<unknown>
}

/** An asymmetric private key of the runtime. */
export interface PrivateKey {
  readonly kind: 'private'
  /** OpenSSL's name of the algorithm: `rsa`, `rsa-pss`, `ec`, `ed25519`, ... */
  readonly algorithm: string
  /** Bits of an RSA modulus; 0 for every other algorithm. */
  readonly modulusBits: number
  readonly native: unknown
}

/** DER containers of a private key: RFC 8017 (PKCS#1), RFC 5958 (PKCS#8), RFC 5915 (SEC 1). */
export type PrivateKeyFormat = 'pkcs1' | 'pkcs8' | 'sec1'

/** What Sealkit reads from an X.509 certificate. */
export interface X509 {
  readonly publicKey: PublicKey
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Modulus and public exponent of an RSA key: big-endian, no leading zeros. */
export interface RsaComponents {
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
}

/** What sealing needs; every runtime has it, browsers too. */
export interface SealingPlatform {
  /** Cryptographically secure random bytes. */
  randomBytes(length: number): Uint8Array
  sha256(data: Uint8Array): Promise<Uint8Array>
  /** Standard base64 (RFC 4648 section 4) with padding. */
  toBase64(data: Uint8Array): string
  /** The bytes of base64 text; of any other text some bytes, or none. */
  fromBase64(text: string): Uint8Array
  /** AES-GCM without additional data: ciphertext followed by the 16-byte tag. The key has 16, 24 or 32 bytes. */
  aesGcmEncrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
  /** RSA-OAEP (RFC 8017 section 7.1) with SHA-256 for the label and for MGF1. */
  rsaOaepEncrypt(key: PublicKey, plaintext: Uint8Array, label: Uint8Array): Promise<Uint8Array>
  rsaComponents(key: PublicKey): Promise<RsaComponents>
  /** Reads a certificate in DER; `null` where it is none. */
  readCertificate(der: Uint8Array): X509 | null
}

/**
 * The primitives that differ by runtime, those for private keys included.
 *
 * Everything that Web Crypto can only promise is a promise. A wrong key or a forged ciphertext is `null`, one way for
 * every cause; a throw means that the machinery failed.
 */
export interface Platform extends SealingPlatform {
  aesGcmDecrypt(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array | null>
  rsaOaepDecrypt(key: PrivateKey, ciphertext: Uint8Array, label: Uint8Array): Promise<Uint8Array | null>
  /** Public half of a private key. */
  publicKey(key: PrivateKey): PublicKey
  /** Reads a private key in DER; `null` where it is none of that format. */
  importPrivateKey(der: Uint8Array, format: PrivateKeyFormat): PrivateKey | null
  /** An RSA private key in DER. */
  exportPrivateKey(key: PrivateKey, format: 'pkcs1' | 'pkcs8'): Promise<Uint8Array>
  /** A new RSA key with public exponent 65537. */
  generateRsaKey(modulusBits: number): Promise<PrivateKey>
  /** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2). */
  signRsaSha256(key: PrivateKey, data: Uint8Array): Promise<Uint8Array>
}
