import { armor as ageArmor, Decrypter, Encrypter } from 'age-encryption'
import { CoreError } from '../error.ts'
import { checkRecipient } from './recipient.ts'

/** Encrypts with `age-encryption`: hybrid post-quantum recipients (`age1pq1...`). */
export async function encrypt(secret: Uint8Array, recipient: string): Promise<string> {
  const encrypter = new Encrypter()
  try {
    encrypter.addRecipient(recipient)
  } catch (error) {
    throw badRecipient(recipient, error)
  }
  const armored = ageArmor.encode(await encrypter.encrypt(secret))
  return armored.endsWith('\n') ? armored : `${armored}\n`
}

/** Decrypts with `age-encryption`; null where no identity fits. */
export async function decrypt(file: Uint8Array, identities: readonly string[]): Promise<Uint8Array | null> {
  const decrypter = new Decrypter()
  for (const identity of identities) addIdentity(decrypter, identity)
  try {
    return await decrypter.decrypt(file)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no identity matched')) return null
    throw new CoreError('DECRYPTION_FAILED', 'the wrapped data key does not decrypt', { cause: error })
  }
}

function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity)
  } catch (error) {
    throw new CoreError('INVALID_KEY', 'an age identity is malformed or of a kind that is not supported', {
      cause: error,
      hint: 'supported are AGE-SECRET-KEY-1... and AGE-SECRET-KEY-PQ-1...',
      upstream: 'unknown identity type',
    })
  }
}

function badRecipient(recipient: string, cause: unknown): CoreError {
  checkRecipient(recipient)
  return new CoreError('UNSUPPORTED_VALUE', 'the recipient is that of a plugin, and no programs may be run here', {
    cause,
    hint: 'give a context that may run age-plugin-*',
  })
}
