import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readOpenSshKey } from './openssh.ts'
import { readSshPublicKey, type SshPublicKey } from './publickey.ts'
import { sshKeyError } from './wire.ts'

/** The secret numbers of an SSH key: the seed of Ed25519, or an RSA key. */
export type SshSecret =
  | { readonly type: 'ssh-ed25519'; readonly seed: Uint8Array }
  | { readonly type: 'ssh-rsa'; readonly jwk: JsonWebKey }

/** A private key file. */
export interface SshPrivateKey {
  /** Whether a passphrase protects it. */
  readonly locked: boolean
  /** The public key where it can be read without the passphrase; the PEM files of old hold none. */
  readonly publicKey: SshPublicKey | null
  /** @throws `INVALID_KEY`, also for a wrong passphrase */
  open(passphrase?: Uint8Array): Promise<SshSecret>
}

const pem = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)\r?\n?-----END \1-----/

/** PEM labels of plain keys, and the containers that Node names them by. */
const containers: Readonly<Record<string, 'pkcs1' | 'pkcs8'>> = {
  'RSA PRIVATE KEY': 'pkcs1',
  'PRIVATE KEY': 'pkcs8',
}

/**
 * Reads a private key as ssh-keygen writes it: OpenSSH's own format, and the PEM files of old (PKCS#1, PKCS#8, and
 * PKCS#1 under a passphrase).
 *
 * @throws `INVALID_KEY`
 */
export function readSshPrivateKey(text: string): SshPrivateKey {
  const [block = '', label = '', body = ''] = pem.exec(text) ?? []
  if (block === '') throw sshKeyError('ssh: no key found')
  if (label === 'OPENSSH PRIVATE KEY') return openSsh(Buffer.from(body, 'base64'))
  if (/^Proc-Type: *4,ENCRYPTED/m.test(body))
    return { locked: true, publicKey: null, open: async (pass) => lockedPem(block, pass) }
  const type = containers[label]
  if (type === undefined) throw sshKeyError(`ssh: unsupported key type ${JSON.stringify(label)}`)
  const secret = secretOf(readDer(Buffer.from(body, 'base64'), type))
  return { locked: false, publicKey: null, open: async () => secret }
}

function openSsh(der: Buffer): SshPrivateKey {
  const { plain, publicBlob, open } = readOpenSshKey(der)
  return {
    locked: !plain,
    publicKey: plain ? null : readSshPublicKey(publicBlob),
    open: (passphrase = new Uint8Array()) => open(passphrase),
  }
}

function readDer(key: Buffer, type: 'pkcs1' | 'pkcs8'): KeyObject {
  try {
    return createPrivateKey({ key, format: 'der', type })
  } catch {
    throw sshKeyError('asn1: structure error')
  }
}

function lockedPem(key: string, passphrase: Uint8Array = new Uint8Array()): SshSecret {
  try {
    return secretOf(createPrivateKey({ key, format: 'pem', passphrase: Buffer.from(passphrase) }))
  } catch {
    throw sshKeyError('x509: decryption password incorrect', 'the passphrase of an SSH key is wrong')
  }
}

function secretOf(key: KeyObject): SshSecret {
  const jwk = key.export({ format: 'jwk' })
  if (key.asymmetricKeyType === 'rsa') return { type: 'ssh-rsa', jwk }
  if (key.asymmetricKeyType === 'ed25519') return { type: 'ssh-ed25519', seed: Buffer.from(jwk.d ?? '', 'base64url') }
  throw sshKeyError('unsupported SSH identity type', 'an SSH key is of a kind that age does not take')
}
