import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { platform } from '@sealkit/core/platform'
import {
  decodePem,
  encodePem,
  fingerprint,
  generateSealingKey,
  parseCertificate,
  parsePrivateKey,
  parsePrivateKeys,
  sealingPublicKey,
  selfSignedCertificate,
} from '@sealkit/core/sealed'
import { fc } from '../../property.ts'
import { keyPair } from './keys.ts'

const notBefore = new Date('2026-03-04T05:06:07.890Z')
const key = await generateSealingKey({ keySize: 2048, notBefore })

test('the profile of a generated certificate is upstream\u2019s', () => {
  const certificate = new X509Certificate(key.certificatePem)
  assert.equal(certificate.subject, certificate.issuer)
  assert.equal(certificate.subject ?? '', '')
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal(new Date(certificate.validFrom).toISOString(), '2026-03-04T05:06:07.000Z')
  assert.equal(new Date(certificate.validTo).getTime() - new Date(certificate.validFrom).getTime(), 87_600 * 3_600_000)
  assert.match(certificate.serialNumber, /^[0-9A-F]{16,32}$/)
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: key.certificatePem }).toString()
  assert.match(text, /Version: 3/)
  assert.match(text, /Signature Algorithm: sha256WithRSAEncryption/)
  assert.match(
    text,
    /X509v3 Key Usage: critical\s+Encipher Only\s+X509v3 Basic Constraints: critical\s+CA:TRUE\s+X509v3 Subject Key Identifier/,
  )
  assert.doesNotMatch(text, /Authority Key|Alternative Name|Extended Key/)
})

test('the subject key id is the first 160 bits of SHA-256 over the key, as Go 1.25 and later has it', () => {
  const pkcs1 = createPublicKey(key.certificatePem).export({ format: 'der', type: 'pkcs1' })
  const id = createHash('sha256').update(pkcs1).digest('hex').slice(0, 40)
  assert.ok(Buffer.from(new X509Certificate(key.certificatePem).raw).toString('hex').includes(id))
})

test('common names, serial numbers and years at the edges', async () => {
  const { privateKey } = await keyPair()
  for (const [commonName, fill, validFor] of [
    ['sealed-secrets', 0xff, 1000],
    ['M\u00fcller & S\u00f6hne', 0x00, 1000],
    ['a*b', 0x7f, 200 * 365 * 86_400_000],
  ] as const) {
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(fill)
    const pem = await selfSignedCertificate({ privateKey, notBefore, commonName, validFor, random })
    const certificate = new X509Certificate(pem)
    assert.equal(certificate.subject, `CN=${commonName}`)
    assert.ok(certificate.verify(certificate.publicKey))
    assert.equal(parseCertificate(pem).notAfter.getTime(), Math.floor((notBefore.getTime() + validFor) / 1000) * 1000)
  }
})

test('what is read of a certificate is what the runtime reads', () => {
  const mine = parseCertificate(key.certificatePem)
  const theirs = new X509Certificate(key.certificatePem)
  assert.equal(mine.notBefore.getTime(), new Date(theirs.validFrom).getTime())
  assert.equal(mine.notAfter.getTime(), new Date(theirs.validTo).getTime())
  assert.deepEqual(Buffer.from(mine.publicKey.spki), theirs.publicKey.export({ format: 'der', type: 'spki' }))
  assert.equal(mine.publicKey.modulusBits, 2048)
})

const certificate = key.certificatePem
const garbage = encodePem('CERTIFICATE', Buffer.from('garbage'))
/** PEM texts with a certificate that counts. */
const readable: Readonly<Record<string, string>> = {
  alone: certificate,
  'after text': `text\n${certificate}`,
  'after a key': `${key.privateKeyPem}${certificate}`,
  'with CRLF': certificate.replaceAll('\n', '\r\n'),
  'with spaces at line ends': certificate.replaceAll('\n', ' \t\n'),
  'without a line break at the end': certificate.trimEnd(),
  'after an unmatched BEGIN': `-----BEGIN CERTIFICATE-----\nAAAA\n${certificate}`,
  'after a block of another END': `-----BEGIN X-----\nAAAA\n-----END Y-----\n${certificate}`,
  'after a block with headers': `-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n${certificate}`,
  'after broken base64': `-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n${certificate}`,
}
/** PEM texts that Go refuses, and what it says. */
const unreadable: Readonly<Record<string, readonly [string, string]>> = {
  empty: ['', 'data does not contain any valid RSA or ECDSA certificates'],
  'a key': [key.privateKeyPem, 'data does not contain any valid RSA or ECDSA certificates'],
  'a byte order mark': [`\ufeff${certificate}`, 'data does not contain any valid RSA or ECDSA certificates'],
  'BEGIN inside a line': [` ${certificate}`, 'data does not contain any valid RSA or ECDSA certificates'],
  'no END': [certificate.split('-----END')[0] ?? '', 'data does not contain any valid RSA or ECDSA certificates'],
  headers: [certificate.replace('\n', '\nA: b\n\n'), 'data does not contain any valid RSA or ECDSA certificates'],
  'text behind END': [
    certificate.trimEnd().concat(' x\n'),
    'data does not contain any valid RSA or ECDSA certificates',
  ],
  garbage: [garbage, 'x509: malformed certificate'],
  'garbage after a certificate': [`${certificate}${garbage}`, 'x509: malformed certificate'],
}

test('PEM as Go reads it', () => {
  for (const [name, pem] of Object.entries(readable)) {
    assert.deepEqual(parseCertificate(pem).der, parseCertificate(certificate).der, name)
    assert.deepEqual(parseCertificate(Buffer.from(pem)).der, parseCertificate(certificate).der, name)
  }
  for (const [name, [pem, upstream]] of Object.entries(unreadable)) {
    assert.throws(() => parseCertificate(pem), { code: 'INVALID_CERTIFICATE', upstream }, name)
  }
})

test('every truncation and every change of a certificate is read or refused, never anything else', () => {
  const { der } = parseCertificate(certificate)
  for (let at = 0; at < der.length; at++) {
    assert.equal(platform.readCertificate(der.subarray(0, at)), null)
    const changed = der.slice()
    changed[at] = (changed[at] ?? 0) ^ 0xff
    const read = platform.readCertificate(changed)
    assert.ok(read === null || read.publicKey.kind === 'public')
  }
})

test('PEM survives writing and reading', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.stringMatching(/^[A-Z][A-Z ]{0,20}[A-Z]$/), (bytes, type) => {
      const [block] = decodePem(`text\n${encodePem(type, bytes)}`)
      assert.deepEqual({ type: block?.type, bytes: [...(block?.bytes ?? [])] }, { type, bytes: [...bytes] })
    }),
  )
})

test('a certificate may seal until its last second, and before its first', () => {
  const read = parseCertificate(certificate)
  assert.equal(sealingPublicKey(read, new Date(0)), read.publicKey)
  assert.equal(sealingPublicKey(read, read.notAfter), read.publicKey)
  assert.throws(() => sealingPublicKey(read, new Date(read.notAfter.getTime() + 1)), {
    code: 'CERTIFICATE_EXPIRED',
    upstream: 'failed to encrypt using an expired certificate on March 1, 2036',
  })
})

test('only RSA seals', async () => {
  const rsa = parseCertificate(certificate)
  for (const [algorithm, words] of [
    ['ec', /^expected RSA public key but found &\{/],
    ['rsa-pss', /^expected RSA public key but found <nil>$/],
  ] as const) {
    assert.throws(
      () => sealingPublicKey({ ...rsa, publicKey: { ...rsa.publicKey, algorithm } }, new Date()),
      (error: unknown) =>
        error instanceof CoreError && error.code === 'INVALID_CERTIFICATE' && words.test(error.upstream ?? ''),
    )
  }
})

test('the fingerprint is OpenSSH\u2019s', async () => {
  for (const bits of [1024, 2048]) {
    const { publicKey } = await keyPair(bits)
    const { n = '', e = '' } = createPublicKey({
      key: Buffer.from(publicKey.spki),
      format: 'der',
      type: 'spki',
    }).export({ format: 'jwk' })
    const field = (bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes])
    const mpint = (text: string): Buffer => {
      const bytes = Buffer.from(text, 'base64url')
      return field((bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]))
    }
    const blob = Buffer.concat([field(Buffer.from('ssh-rsa')), mpint(e), mpint(n)])
    const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
    assert.equal(await fingerprint(publicKey), `SHA256:${digest}`)
  }
})

test('private keys: PKCS#1, PKCS#8, the first of several, and what is none', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pkcs1 = rsa.export({ format: 'pem', type: 'pkcs1' }).toString()
  const pkcs8 = rsa.export({ format: 'pem', type: 'pkcs8' }).toString()
  const sec1 = ec.export({ format: 'pem', type: 'sec1' }).toString()
  const ec8 = ec.export({ format: 'pem', type: 'pkcs8' }).toString()
  const locked = rsa.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
  for (const pem of [
    pkcs1,
    pkcs8,
    `${certificate}${pkcs1}`,
    `-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n${pkcs8}`,
  ]) {
    assert.equal(parsePrivateKey(pem).modulusBits, 1024)
  }
  assert.equal(parsePrivateKeys(`${sec1}${pkcs1}${pkcs8}`).length, 2)
  const none = 'data does not contain a valid RSA or ECDSA private key'
  for (const [pem, upstream] of [
    ['', none],
    [certificate, none],
    [locked, none],
    [pkcs1.replace('RSA PRIVATE', 'PRIVATE').replace('RSA PRIVATE', 'PRIVATE'), none],
    [sec1, 'unexpected private key type *ecdsa.PrivateKey'],
    [`${ec8}${pkcs1}`, 'unexpected private key type *ecdsa.PrivateKey'],
  ] as const) {
    assert.throws(() => parsePrivateKey(pem), { code: 'INVALID_KEY', upstream })
  }
  assert.throws(() => parsePrivateKeys(sec1), { code: 'INVALID_KEY' })
})
