import { createDecipheriv } from 'node:crypto'
import type { SshSecret } from './privatekey.ts'
import { base64url, bits, rsaPublicKey } from './publickey.ts'
import { sshKeyError, WireReader } from './wire.ts'

const magic = Buffer.from('openssh-key-v1\0', 'latin1')
const maximumBits = 16_384
const maximumPrimeBits = maximumBits / 2
const maximumRounds = 1 << 16

/** Ciphers that protect OpenSSH private keys, and the lengths of their key and vector. */
const ciphers: Readonly<Record<string, { readonly algorithm: string; readonly key: number; readonly iv: number }>> = {
  'aes256-ctr': { algorithm: 'aes-256-ctr', key: 32, iv: 16 },
  'aes256-cbc': { algorithm: 'aes-256-cbc', key: 32, iv: 16 },
}

/** A private key as OpenSSH stores it (PROTOCOL.key). */
export interface OpenSshKey {
  /** False where a passphrase protects it. */
  readonly plain: boolean
  /** The public key in SSH's wire format, which is never protected. */
  readonly publicBlob: Buffer
  /** @throws `INVALID_KEY`, also for a wrong passphrase */
  open(passphrase: Uint8Array): Promise<SshSecret>
}

/**
 * Reads the bytes of an `OPENSSH PRIVATE KEY`.
 *
 * @throws `INVALID_KEY`
 */
export function readOpenSshKey(der: Buffer): OpenSshKey {
  if (!der.subarray(0, magic.length).equals(magic)) throw sshKeyError('ssh: invalid openssh private key format')
  const reader = new WireReader(der.subarray(magic.length))
  const [cipher, kdf, kdfOptions] = [reader.text(), reader.text(), reader.bytes()]
  if (reader.count() !== 1) throw sshKeyError('ssh: multi-key files are not supported')
  const [publicBlob, block] = [reader.bytes(), reader.bytes()]
  const plain = cipher === 'none' && kdf === 'none'
  return {
    plain,
    publicBlob,
    open: async (passphrase) =>
      plain ? secret(block, false) : secret(await unlock(block, { cipher, kdf, kdfOptions, passphrase }), true),
  }
}

interface Lock {
  readonly cipher: string
  readonly kdf: string
  readonly kdfOptions: Uint8Array
  readonly passphrase: Uint8Array
}

async function unlock(block: Buffer, { cipher, kdf, kdfOptions, passphrase }: Lock): Promise<Buffer> {
  if (kdf !== 'bcrypt') throw sshKeyError(`ssh: unknown KDF ${JSON.stringify(kdf)}, only supports "bcrypt"`)
  const row = ciphers[cipher]
  if (row === undefined) {
    const known = 'only supports "aes256-ctr" or "aes256-cbc"'
    throw sshKeyError(`ssh: unknown cipher ${JSON.stringify(cipher)}, ${known}`)
  }
  const options = new WireReader(kdfOptions)
  const [salt, rounds] = [options.bytes(), options.count()]
  // Each round costs milliseconds: a file must not keep its reader busy for hours.
  if (rounds === 0 || rounds > maximumRounds) throw sshKeyError('ssh: unreasonable number of bcrypt rounds')
  const { pbkdf } = (await import('bcrypt-pbkdf')).default
  const derived = Buffer.alloc(row.key + row.iv)
  if (passphrase.length === 0)
    throw sshKeyError('bcrypt_pbkdf: empty password', 'the passphrase of an SSH key is empty')
  if (pbkdf(passphrase, passphrase.length, salt, salt.length, derived, derived.length, rounds) !== 0) {
    throw wrongPassphrase()
  }
  const decipher = createDecipheriv(row.algorithm, derived.subarray(0, row.key), derived.subarray(row.key))
  decipher.setAutoPadding(false)
  try {
    return Buffer.concat([decipher.update(block), decipher.final()])
  } catch {
    throw sshKeyError('ssh: malformed OpenSSH key')
  }
}

function wrongPassphrase(): Error {
  return sshKeyError('x509: decryption password incorrect', 'the passphrase of an SSH key is wrong')
}

function secret(block: Buffer, locked: boolean): SshSecret {
  const reader = new WireReader(block)
  const checks = block.length < 8 ? [0, 1] : [reader.count(), reader.count()]
  if (checks[0] !== checks[1]) {
    throw locked ? wrongPassphrase() : sshKeyError('ssh: malformed OpenSSH key')
  }
  const type = reader.text()
  if (type === 'ssh-ed25519') return ed25519Secret(reader)
  if (type === 'ssh-rsa') return rsaSecret(reader)
  if (type.startsWith('ecdsa-')) {
    throw sshKeyError(
      'unsupported SSH identity type: *ecdsa.PrivateKey',
      'an SSH key is of a kind that age does not take',
    )
  }
  throw sshKeyError('ssh: unhandled key type', 'an SSH key is of a kind that age does not take')
}

function ed25519Secret(reader: WireReader): SshSecret {
  reader.bytes()
  const pair = reader.bytes()
  if (pair.length !== 64) throw sshKeyError('ssh: private key unexpected length')
  checkPadding(reader)
  return { type: 'ssh-ed25519', seed: pair.subarray(0, 32) }
}

function rsaSecret(reader: WireReader): SshSecret {
  const [n, e, d] = [reader.integer(), reader.integer(), reader.integer()]
  const [qi, p, q] = [reader.integer(), reader.integer(), reader.integer()]
  checkPadding(reader)
  if (bits(p) > maximumPrimeBits || bits(q) > maximumPrimeBits) throw sshKeyError('ssh: rsa prime too large')
  rsaPublicKey(n, e, maximumBits)
  const fits = p > 1n && q > 1n && p * q === n && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n
  if (!fits || (qi * q) % p !== 1n) throw sshKeyError('crypto/rsa: invalid exponents')
  const numbers = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi }
  const fields = Object.entries(numbers).map(([name, value]) => [name, base64url(value)])
  return { type: 'ssh-rsa', jwk: { kty: 'RSA', ...Object.fromEntries(fields) } }
}

/** The comment, then 1, 2, 3, ... up to the cipher's block. */
function checkPadding(reader: WireReader): void {
  reader.bytes()
  if (reader.rest().some((byte, index) => byte !== index + 1)) throw sshKeyError('ssh: padding not as expected')
}
