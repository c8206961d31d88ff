import { scrypt } from 'node:crypto'
import { CoreError } from '../../error.ts'
import { aead } from '../aead.ts'
import type { Identity } from '../identity.ts'
import type { Stanza } from '../x25519.ts'

const label = Buffer.from('age-encryption.org/v1/scrypt')
const saltLength = 16
const bodyLength = 32
const blockSize = 8
const maximumWork = 22
const zeroNonce = new Uint8Array(12)

/**
 * A passphrase as an identity of age (C2SP age.md, "scrypt recipient stanza"). It is asked for only where the file is
 * under one, and a wrong one fails: files under a passphrase have no other recipients.
 */
export function scryptIdentity(passphrase: () => Promise<string>): Identity {
  return {
    async unwrap(stanzas) {
      const [stanza] = stanzas
      if (!stanzas.some(({ args }) => args[0] === 'scrypt') || stanza === undefined) return null
      if (stanzas.length !== 1) throw malformed('an scrypt recipient must be the only one')
      const { salt, work } = parameters(stanza)
      const given = await passphrase()
      if (given === '')
        throw new CoreError('INVALID_KEY', 'the passphrase is empty', { upstream: "passphrase can't be empty" })
      const key = await derive(Buffer.from(given), Buffer.concat([label, salt]), work)
      const fileKey = (await aead()).open(key, zeroNonce, stanza.body)
      if (fileKey !== null) return fileKey
      throw new CoreError('DECRYPTION_FAILED', 'the passphrase is wrong', { upstream: 'incorrect passphrase' })
    },
  }
}

function parameters({ args, body }: Stanza): { salt: Buffer; work: number } {
  const [, salt64 = '', work = ''] = args
  const salt = Buffer.from(salt64, 'base64')
  if (args.length !== 3 || salt.length !== saltLength || body.length !== bodyLength) {
    throw malformed('invalid scrypt recipient block')
  }
  if (!/^[1-9]\d{0,9}$/.test(work)) throw malformed(`scrypt work factor encoding invalid: ${JSON.stringify(work)}`)
  if (Number(work) > maximumWork) throw malformed(`scrypt work factor too large: ${work}`)
  return { salt, work: Number(work) }
}

function derive(passphrase: Uint8Array, salt: Uint8Array, work: number): Promise<Uint8Array> {
  const cost = 2 ** work
  // The memory that the function needs, and what its bookkeeping adds.
  const options = { N: cost, r: blockSize, p: 1, maxmem: 128 * blockSize * cost + (1 << 20) }
  return new Promise((done, fail) => {
    scrypt(passphrase, salt, 32, options, (error, key) => (error === null ? done(key) : fail(error)))
  })
}

function malformed(upstream: string): CoreError {
  return new CoreError('INVALID_FORMAT', 'the file under a passphrase is malformed', { upstream })
}
