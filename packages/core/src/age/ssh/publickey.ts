import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { CoreError } from '../../error.ts'
import { integerBytes, sshKeyError, WireReader, wireBytes, wireInteger } from './wire.ts'

const maximumBits = 8192
const foreignTypes = ['ssh-dss', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521']
const minimumBits = 2048
const keyLength = 32

/** An SSH public key that age can use. */
export type SshPublicKey = SshEd25519PublicKey | SshRsaPublicKey

interface Common {
  /** The key in SSH's wire format (RFC 4253 section 6.6). */
  readonly blob: Buffer
  /** The first four bytes of the blob's SHA-256 in base64: how a stanza names its recipient. */
  readonly tag: string
}

/** A key of Ed25519: its 32 bytes. */
export interface SshEd25519PublicKey extends Common {
  readonly type: 'ssh-ed25519'
  readonly point: Buffer
}

/** An RSA key. */
export interface SshRsaPublicKey extends Common {
  readonly type: 'ssh-rsa'
  readonly modulus: bigint
  readonly exponent: bigint
}

/**
 * The key of a recipient's text.
 *
 * @throws `INVALID_KEY`
 */
export function checkSshRecipient(text: string): SshPublicKey {
  try {
    const key = parseSshPublicKey(text)
    if (key.type === 'ssh-rsa') rsaKeyObject(key)
    return key
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    const reason = error.upstream ?? error.message
    const where = isForeign(error) ? '' : `malformed SSH recipient: ${JSON.stringify(text)}: `
    throw sshKeyError(`failed to parse input as age-ssh public key: ${where}${reason}`, error.message)
  }
}

/**
 * The first key of a text in the form of `authorized_keys` (sshd(8)) and of `.pub` files.
 *
 * @throws `INVALID_KEY`
 */
export function parseSshPublicKey(text: string): SshPublicKey {
  let problem = ''
  for (const line of text.split('\n')) {
    const [first = '', second, third] = line.trim().split(/[ \t]+/)
    if (first === '' || first.startsWith('#') || second === undefined) continue
    // What stands in front of the type may be an option.
    for (const [type, base64] of third === undefined
      ? [[first, second]]
      : [
          [first, second],
          [second, third],
        ]) {
      try {
        return readLine(type ?? '', base64 ?? '')
      } catch (error) {
        if (!(error instanceof CoreError)) throw error
        if (isForeign(error)) throw error
        problem = `; last parsing error for ignored line: ${error.upstream ?? error.message}`
      }
    }
  }
  throw sshKeyError(`ssh: no key found${problem}`)
}

function readLine(type: string, base64: string): SshPublicKey {
  const blob = Buffer.from(base64, 'base64')
  if (blob.toString('base64') !== base64) throw sshKeyError(`illegal base64 data at input byte ${badByte(base64)}`)
  const key = readSshPublicKey(blob, type)
  if (key.type === type) return key
  const types = `human-readable type ${JSON.stringify(type)}, encoded type ${JSON.stringify(key.type)}`
  throw sshKeyError(`ssh: authorized keys key type mismatch: ${types}`)
}

/** A key that is one, of a kind that age does not take. */
function isForeign(error: CoreError): boolean {
  return error.upstream?.startsWith('unknown SSH') === true
}

/** Where Go stops reading base64: at a wrong character, or at the last group of four where that is not whole. */
function badByte(base64: string): number {
  const wrong = base64.search(/[^A-Za-z0-9+/=]/)
  return wrong < 0 ? base64.length - (base64.length % 4) : wrong
}

/**
 * A key in SSH's wire format.
 *
 * @param named what the line says that its type is
 * @throws `INVALID_KEY`
 */
export function readSshPublicKey(blob: Uint8Array, named = ''): SshPublicKey {
  const reader = new WireReader(blob)
  const type = reader.text()
  if (type === 'ssh-ed25519') return ed25519Key(reader)
  if (type === 'ssh-rsa') return rsaKey(reader)
  if (!foreignTypes.includes(type)) throw sshKeyError(`ssh: unknown key algorithm: ${type}`)
  if (named !== '' && named !== type) {
    const types = `human-readable type ${JSON.stringify(named)}, encoded type ${JSON.stringify(type)}`
    throw sshKeyError(`ssh: authorized keys key type mismatch: ${types}`)
  }
  throw sshKeyError(
    `unknown SSH recipient type: ${JSON.stringify(type)}`,
    'an SSH key is of a kind that age does not take',
  )
}

function ed25519Key(reader: WireReader): SshEd25519PublicKey {
  const point = reader.bytes()
  if (point.length !== keyLength) throw sshKeyError(`invalid size ${point.length} for Ed25519 public key`)
  if (!reader.done) throw sshKeyError('ssh: trailing junk in public key')
  return ed25519PublicKey(point)
}

/** The public key of a point. */
export function ed25519PublicKey(point: Buffer): SshEd25519PublicKey {
  const blob = Buffer.concat([wireBytes(Buffer.from('ssh-ed25519')), wireBytes(point)])
  return { type: 'ssh-ed25519', point, blob, tag: tagOf(blob) }
}

function rsaKey(reader: WireReader): SshRsaPublicKey {
  const exponent = reader.integer()
  const modulus = reader.integer()
  if (!reader.done) throw sshKeyError('ssh: trailing junk in public key')
  return rsaPublicKey(modulus, exponent)
}

/**
 * The public key of a modulus and an exponent.
 *
 * @throws `INVALID_KEY` where they are of a size that Go refuses
 */
export function rsaPublicKey(modulus: bigint, exponent: bigint, maximum: number = maximumBits): SshRsaPublicKey {
  if (bits(modulus) > maximum) throw sshKeyError('ssh: rsa modulus too large')
  if (bits(exponent) > 24) throw sshKeyError('ssh: exponent too large')
  if (exponent < 3n || exponent % 2n === 0n) throw sshKeyError('ssh: incorrect exponent')
  const blob = Buffer.concat([wireBytes(Buffer.from('ssh-rsa')), wireInteger(exponent), wireInteger(modulus)])
  return { type: 'ssh-rsa', modulus, exponent, blob, tag: tagOf(blob) }
}

/**
 * The runtime's form of an RSA key.
 *
 * @throws `INVALID_KEY` where it is too small to encrypt to
 */
export function rsaKeyObject({ modulus, exponent }: SshRsaPublicKey): KeyObject {
  // Counted in whole bytes, as Go does.
  if (Math.ceil(bits(modulus) / 8) < minimumBits / 8) throw sshKeyError('RSA key size is too small')
  return createPublicKey({ key: { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) }, format: 'jwk' })
}

/** An integer as JSON Web Keys write it (RFC 7518 section 2). */
export function base64url(value: bigint): string {
  return integerBytes(value).toString('base64url')
}

/** The number of bits of an integer. */
export function bits(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function tagOf(blob: Uint8Array): string {
  return createHash('sha256').update(blob).digest().subarray(0, 4).toString('base64').replace(/=+$/, '')
}
