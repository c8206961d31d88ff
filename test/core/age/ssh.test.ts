import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { decryptAge, encryptAge } from '@sealkit/core/age'
import {
  lockedSshIdentity,
  parseSshPublicKey,
  readSshPrivateKey,
  sshIdentity,
  sshRecipient,
} from '@sealkit/core/age/ssh'
import { fc } from '../../property.ts'

const passphrase = 'correct horse'
const secret = Buffer.from('a data key of 32 bytes, or about')
const folder = mkdtempSync(join(tmpdir(), 'ssh-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Pair {
  readonly text: string
  readonly recipient: string
}

/** A key as ssh-keygen writes it. */
function generate(name: string, flags: readonly string[], protection = ''): Pair {
  const path = join(folder, name)
  execFileSync('ssh-keygen', ['-q', '-N', protection, '-C', 'somebody at work', '-f', path, ...flags])
  return { text: readFileSync(path, 'utf8'), recipient: readFileSync(`${path}.pub`, 'utf8').trim() }
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  Ed25519: ['-t', 'ed25519'],
  'RSA of 2048 bits': ['-t', 'rsa', '-b', '2048'],
  'RSA of 3072 bits': ['-t', 'rsa', '-b', '3072'],
  'RSA in PKCS#1': ['-t', 'rsa', '-b', '2048', '-m', 'PEM'],
  'RSA in PKCS#8': ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8'],
}

describe('SSH keys as recipients and identities', () => {
  for (const [name, flags] of Object.entries(kinds)) {
    const { text, recipient } = generate(name, flags)
    test(name, async () => {
      const file = await encryptAge(secret, recipient)
      assert.deepEqual(Buffer.from((await decryptAge(file, [await sshIdentity(text)])) ?? []), secret)
    })
  }

  test('a key of somebody else', async () => {
    const [mine, other] = [generate('mine', ['-t', 'ed25519']), generate('other', ['-t', 'ed25519'])]
    assert.equal(await decryptAge(await encryptAge(secret, mine.recipient), [await sshIdentity(other.text)]), null)
    const rsa = generate('other rsa', ['-t', 'rsa', '-b', '2048'])
    assert.equal(await decryptAge(await encryptAge(secret, mine.recipient), [await sshIdentity(rsa.text)]), null)
    assert.equal(await decryptAge(await encryptAge(secret, rsa.recipient), [await sshIdentity(mine.text)]), null)
  })
})

describe('SSH keys under a passphrase', () => {
  const open = async (pair: Pair, answer: () => Promise<string>): Promise<Uint8Array | null> => {
    const key = readSshPrivateKey(pair.text)
    assert.equal(key.locked, true)
    const publicKey = key.publicKey ?? parseSshPublicKey(pair.recipient)
    return decryptAge(await encryptAge(secret, pair.recipient), [
      lockedSshIdentity({ key, publicKey, passphrase: answer }),
    ])
  }
  const ciphers: Readonly<Record<string, readonly string[]>> = {
    'Ed25519, aes256-ctr': ['-t', 'ed25519', '-a', '2'],
    'Ed25519, aes256-cbc': ['-t', 'ed25519', '-Z', 'aes256-cbc', '-a', '2'],
    'RSA, aes256-ctr': ['-t', 'rsa', '-b', '2048', '-a', '2'],
    'RSA in PKCS#1, which does not hold its public key': ['-t', 'rsa', '-b', '2048', '-m', 'PEM'],
  }
  for (const [name, flags] of Object.entries(ciphers)) {
    const pair = generate(`locked ${name.replaceAll('#', '')}`, flags, passphrase)
    test(name, async () => {
      assert.deepEqual(Buffer.from((await open(pair, async () => passphrase)) ?? []), secret)
      await assert.rejects(
        open(pair, async () => 'wrong'),
        {
          code: 'INVALID_KEY',
          message: 'the passphrase of an SSH key is wrong',
          upstream: 'failed to decrypt SSH key file: x509: decryption password incorrect',
        },
      )
    })
  }

  test('asked for once, and only where a stanza is for the key', async () => {
    const [mine, other] = ['asked', 'not asked'].map((name) => generate(name, ['-t', 'ed25519', '-a', '2'], passphrase))
    assert.ok(mine !== undefined && other !== undefined)
    const key = readSshPrivateKey(mine.text)
    assert.ok(key.publicKey !== null)
    let asked = 0
    const identity = lockedSshIdentity({
      key,
      publicKey: key.publicKey,
      passphrase: async () => {
        asked++
        return passphrase
      },
    })
    assert.equal(await decryptAge(await encryptAge(secret, other.recipient), [identity]), null)
    assert.equal(asked, 0)
    const file = await encryptAge(secret, mine.recipient)
    assert.ok((await decryptAge(file, [identity])) !== null)
    assert.ok((await decryptAge(file, [identity])) !== null)
    assert.equal(asked, 1)
  })

  test('another cipher, and a public key of another pair', async () => {
    const pair = generate('chacha', ['-t', 'ed25519', '-Z', 'aes128-ctr', '-a', '2'], passphrase)
    await assert.rejects(
      open(pair, async () => passphrase),
      { code: 'INVALID_KEY', upstream: /unknown cipher "aes128-ctr"/ },
    )
    const [mine, other] = ['one', 'two'].map((name) =>
      generate(`pair ${name}`, ['-t', 'ed25519', '-a', '2'], passphrase),
    )
    const publicKey = parseSshPublicKey(other?.recipient ?? '')
    const identity = lockedSshIdentity({
      key: readSshPrivateKey(mine?.text ?? ''),
      publicKey,
      passphrase: async () => passphrase,
    })
    await assert.rejects(decryptAge(await encryptAge(secret, other?.recipient ?? ''), [identity]), {
      upstream: 'mismatched private and public SSH key',
    })
  })
})

describe('what is refused', () => {
  const ed25519 = generate('refused', ['-t', 'ed25519'])
  const ecdsa = generate('ecdsa', ['-t', 'ecdsa'])
  const small = generate('small', ['-t', 'rsa', '-b', '1024'])
  const base64 = ed25519.recipient.split(' ')[1] ?? ''
  const recipients: Readonly<Record<string, readonly [text: string, upstream: RegExp]>> = {
    'no base64': [
      'ssh-ed25519 nonsense!',
      /malformed SSH recipient: .*: ssh: no key found; last parsing error for ignored line: illegal base64 data at input byte 8$/,
    ],
    'nothing behind the type': ['ssh-ed25519', /no key found$/],
    'a kind that age does not take': [ecdsa.recipient, /unknown SSH recipient type: "ecdsa-sha2-nistp256"$/],
    'a small RSA key': [small.recipient, /RSA key size is too small$/],
    'a key that ends early': [
      `ssh-ed25519 ${Buffer.from(base64, 'base64').subarray(0, -2).toString('base64')}`,
      /short read$/,
    ],
    'a key with something behind it': [
      `ssh-ed25519 ${Buffer.concat([Buffer.from(base64, 'base64'), Buffer.of(0)]).toString('base64')}`,
      /trailing junk/,
    ],
  }
  for (const [name, [text, upstream]] of Object.entries(recipients)) {
    test(`recipient: ${name}`, () => assert.throws(() => sshRecipient(text), { code: 'INVALID_KEY', upstream }))
  }

  test('recipient: no point of the curve', async () => {
    const point = Buffer.alloc(32, 0xff)
    const blob = Buffer.concat([Buffer.from(base64, 'base64').subarray(0, -32), point])
    await assert.rejects(encryptAge(secret, `ssh-ed25519 ${blob.toString('base64')}`), { code: 'INVALID_KEY' })
  })

  const identities: Readonly<Record<string, readonly [text: string, upstream: RegExp]>> = {
    nothing: ['', /^ssh: no key found$/],
    'a public key': [ed25519.recipient, /^ssh: no key found$/],
    'a kind that age does not take': [ecdsa.text, /^unsupported SSH identity type: /],
    'another PEM': [ed25519.text.replaceAll('OPENSSH ', 'NO '), /^ssh: unsupported key type "NO PRIVATE KEY"$/],
    'a PEM of other bytes': [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      /^ssh: invalid openssh private key format$/,
    ],
    'a broken PKCS#1 key': ['-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----', /^asn1/],
  }
  for (const [name, [text, upstream]] of Object.entries(identities)) {
    test(`identity: ${name}`, async () => assert.rejects(sshIdentity(text), { code: 'INVALID_KEY', upstream }))
  }

  test('any change of a private key is refused or opens the same secret, and never crashes', async () => {
    const rsa = generate('mutated', ['-t', 'rsa', '-b', '2048'])
    for (const { text } of [ed25519, rsa]) {
      const der = Buffer.from(text.replace(/-----.*-----/g, ''), 'base64')
      await fc.assert(
        fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const changed = Buffer.from(der)
          changed[at] = (changed[at] ?? 0) ^ change
          const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${changed.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`
          await sshIdentity(pem).catch((error) => assert.ok(error instanceof CoreError, String(error)))
        }),
        { numRuns: 100 },
      )
    }
  })

  test('every changed byte of a wrapped key is found', async () => {
    for (const { recipient, text } of [ed25519, generate('flipped', ['-t', 'rsa', '-b', '2048'])]) {
      const identity = await sshIdentity(text)
      const armored = await encryptAge(secret, recipient)
      const file = Buffer.from(armored.replace(/-----.*-----/g, ''), 'base64')
      for (let at = 0; at < file.length; at += 3) {
        const changed = Buffer.from(file)
        changed[at] = (changed[at] ?? 0) ^ 1
        const opened = await decryptAge(changed, [identity]).catch((error) => {
          assert.ok(error instanceof CoreError, String(error))
          return null
        })
        assert.equal(opened, null, `byte ${at}`)
      }
    }
  })
})
