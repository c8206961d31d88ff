import { field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import type { KeyIo, RunResult } from './io.ts'
import type { KeyContext, MasterKey } from './kind.ts'
import { createdAt } from './sdk.ts'

/** PGP as a master key: `gpg` (or `SOPS_GPG_EXEC`) encrypts and decrypts, with its own key rings and agent. */
export function pgpKey(context: KeyContext): MasterKey {
  return {
    async wrap(part, entry, options) {
      const fingerprint = field(entry, 'fp')
      const enc = await gpg(context.io, encryptArgs(fingerprint), {
        input: part,
        verb: 'encrypt',
        fingerprint,
        signal: options?.signal,
      })
      return { ...entry, enc: Buffer.from(enc).toString().trim(), createdAt: createdAt(context.now) }
    },
    unwrap: (entry, options) => unwrap(context.io, entry, options?.signal),
  }
}

async function unwrap(io: KeyIo | undefined, entry: KeyEntry, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const work = { verb: 'decrypt', fingerprint: field(entry, 'fp'), signal } as const
  const part = await gpg(io, ['-d'], { input: Buffer.from(entry.enc), ...work })
  if (part.length > 0) return part
  // Old versions of GnuPG drop packets that they do not know, and succeed.
  throw await failure(io, { ...work, reason: 'zero bytes returned' })
}

function encryptArgs(fingerprint: string): string[] {
  return [
    ...['--no-default-recipient', '--yes', '--encrypt', '-a', '-r', fingerprint],
    ...['--trusted-key', keyId(fingerprint), '--no-encrypt-to'],
  ]
}

/** The last 16 digits, with the `!` that names a subkey. */
function keyId(fingerprint: string): string {
  return fingerprint.slice(fingerprint.endsWith('!') ? -17 : -16)
}

interface Work {
  readonly input: Uint8Array
  readonly verb: 'encrypt' | 'decrypt'
  readonly fingerprint: string
  readonly signal: AbortSignal | undefined
}

async function gpg(io: KeyIo | undefined, args: readonly string[], work: Work): Promise<Uint8Array> {
  if (io === undefined) throw await failure(io, { ...work, reason: 'no programs may be run here' })
  const program = io.env['SOPS_GPG_EXEC'] || 'gpg'
  const { code, stdout, stderr } = await io
    .run([program, ...args], { input: work.input, ...(work.signal && { signal: work.signal }) })
    .catch(() => notStarted)
  if (code === 0) return stdout
  throw await failure(io, { ...work, reason: stderr.trim() })
}

/** Go has no text for a program that is not there. */
const notStarted: RunResult = { code: null, stdout: new Uint8Array(), stderr: '' }

interface Failure {
  readonly verb: 'encrypt' | 'decrypt'
  /** What `gpg` said. */
  readonly reason: string
  readonly fingerprint: string
}

async function failure(io: KeyIo | undefined, { verb, reason, fingerprint }: Failure): Promise<KeyserviceError> {
  const home = io?.env['GNUPGHOME'] || `${(await io?.home?.()) ?? ''}/.gnupg`
  // Sops looks into rings of GnuPG 1 by itself first.
  const first =
    verb === 'encrypt'
      ? `key with fingerprint '${fingerprint}' is not available in keyring`
      : `could not load secring: open ${home}/pubring.gpg: no such file or directory`
  return new KeyserviceError('IDENTITY_MISSING', `gpg could not ${verb} the data key`, {
    hint:
      verb === 'encrypt'
        ? 'import the public key: gpg --import'
        : 'import the private key, or see that the gpg agent can ask for its passphrase',
    upstream: `could not ${verb} data key with PGP key: github.com/ProtonMail/go-crypto/openpgp error: ${first}; GnuPG binary error: failed to ${verb} sops data key with pgp: ${reason}`,
  })
}
