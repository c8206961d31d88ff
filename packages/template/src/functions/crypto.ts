import { createCipheriv, createDecipheriv, createHash, createHmac, scryptSync } from 'node:crypto'
import bcryptjs from 'bcryptjs'
import { decodeBase64 } from '../base64.ts'
import { failure } from '../error.ts'
import { fromBytes, isValidUtf8, toBytes, toText } from '../utf8.ts'
import type { Sized, Value } from '../value.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { cut } from './slicing.ts'

/** sprig's hashes, passwords and AES. */
export function cryptoFunctions(): FunctionRow[] {
  const hash =
    (name: string) =>
    ([text]: readonly Value[]) =>
      createHash(name)
        .update(toBytes(text as string))
        .digest('hex')
  return rows('Hashes, passwords and AES', [
    ['sha1sum(string) string', hash('sha1'), 'The SHA-1 of a text, in hexadecimal.', 'sha1sum .password'],
    ['sha256sum(string) string', hash('sha256'), 'The SHA-256 of a text, in hexadecimal.', 'sha256sum .password'],
    ['sha512sum(string) string', hash('sha512'), 'The SHA-512 of a text, in hexadecimal.', 'sha512sum .password'],
    [
      'adler32sum(string) string',
      ([text]) => adler32(text as string),
      'The Adler-32 checksum of a text, in decimal.',
      'adler32sum .text',
    ],
    [
      'bcrypt(string) string',
      ([text], context) => bcrypt(text as string, context),
      'The bcrypt hash of a password, with cost 10 and a random salt.',
      'bcrypt .password',
      'slow',
    ],
    [
      'derivePassword(uint32, string, string, string, string) string',
      derivePassword,
      'The password of the Master Password algorithm: counter, type, password, user, site.',
      'derivePassword 1 "long" .password "user" "example.com"',
      'slow',
    ],
    [
      'encryptAES(string, string) string',
      ([key, text], context) => encryptAes(key as string, text as string, context),
      'The text encrypted with AES-256-CBC, in base64.',
      'encryptAES .key .text',
      'heavy',
    ],
    [
      'decryptAES(string, string) string',
      ([key, text]) => decryptAes(key as string, text as string),
      'The text that encryptAES encrypted.',
      'decryptAES .key .encrypted',
      'heavy',
    ],
  ])
}

/** sprig's htpasswd. */
export function htpasswdFunctions(): FunctionRow[] {
  return rows('Hashes, passwords and AES', [
    [
      'htpasswd(string, string) string',
      ([user, password], context) => htpasswd(user as string, () => bcrypt(password as string, context)),
      'A line of a password file, hashed by bcrypt.',
      'htpasswd .user .password',
      'slow',
    ],
  ])
}

/** External Secrets' htpasswd, which takes the name of a hash (`bcrypt` or `sha`). */
export function hashedHtpasswdFunctions(): FunctionRow[] {
  return rows('Hashes, passwords and AES', [
    [
      'htpasswd(string, string, sprig.HashAlgorithm) string',
      ([user, password, algorithm], context) => {
        const hash =
          algorithm === 'sha'
            ? () =>
                `{SHA}${createHash('sha1')
                  .update(toBytes(password as string))
                  .digest('base64')}`
            : () => bcrypt(password as string, context)
        return htpasswd(user as string, hash)
      },
      'A line of a password file, hashed by `bcrypt` or `sha`.',
      'htpasswd .user .password "bcrypt"',
      'slow',
    ],
  ])
}

function htpasswd(user: string, hash: () => string): string {
  return user.includes(':') ? `invalid username: ${user}` : `${user}:${hash()}`
}

function adler32(text: string): string {
  let a = 1
  let b = 0
  for (let at = 0; at < text.length; at++) {
    a = (a + text.charCodeAt(at)) % 65521
    b = (b + a) % 65521
  }
  return String(b * 65536 + a)
}

function bcrypt(password: string, context: Context): string {
  if (password.length > 72) return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes'
  if (!isValidUtf8(password)) failure('bcrypt: a password that is not UTF-8 cannot be hashed here', true)
  const salt = bcryptjs.encodeBase64(context.random(16), 16)
  return bcryptjs.hashSync(toText(password), `$2a$10$${salt}`)
}

const MASTER_SEED = 'com.lyndir.masterpassword'

const PASSWORD_SHAPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['maximum', ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno']],
  [
    'long',
    (
      'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv ' +
      'CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv ' +
      'CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno'
    ).split(' '),
  ],
  ['medium', ['CvcnoCvc', 'CvcCvcno']],
  ['short', ['Cvcn']],
  ['basic', ['aaanaaan', 'aannaaan', 'aaannaaa']],
  ['pin', ['nnnn']],
])

const PASSWORD_SETS: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
}

function derivePassword([counter, type, password, user, site]: readonly Value[]): string {
  const shapes = PASSWORD_SHAPES.get(type as string)
  if (shapes === undefined) return `cannot find password template ${type as string}`
  const number = Number((counter as Sized).value)
  const salt = Buffer.concat([Buffer.from(MASTER_SEED), counted(user as string)])
  const cost = { N: 32768, r: 8, p: 2, maxmem: 128 << 20 }
  const key = scryptSync(toBytes(password as string), salt, 64, cost)
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(MASTER_SEED), counted(site as string), bigEndian(number)]))
    .digest()
  const shape = shapes[(seed[0] ?? 0) % shapes.length] ?? ''
  return [...shape]
    .map((kind, i) => {
      const set = PASSWORD_SETS[kind] ?? ''
      return set[(seed[i + 1] ?? 0) % set.length]
    })
    .join('')
}

function counted(text: string): Buffer {
  return Buffer.concat([bigEndian(text.length), toBytes(text)])
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A password as an AES-256 key: cut or filled with zeros to 32 bytes. */
function aesKey(password: string): Buffer {
  const key = Buffer.alloc(32)
  toBytes(password).copy(key)
  return key
}

function encryptAes(password: string, text: string, context: Context): string {
  if (text === '') return ''
  const iv = context.random(16)
  const cipher = createCipheriv('aes-256-cbc', aesKey(password), iv)
  return Buffer.concat([iv, cipher.update(toBytes(text)), cipher.final()]).toString('base64')
}

function decryptAes(password: string, encoded: string): string {
  if (encoded === '') return ''
  const data = decodeBase64(encoded)
  const room = Math.floor(encoded.length / 4) * 3
  if (room < 16) failure(`runtime error: slice bounds out of range [:16] with capacity ${room}`, true)
  if (data.length < 16) failure(`runtime error: slice bounds out of range [16:${data.length}]`, true)
  if (data.length % 16 !== 0) failure('crypto/cipher: input not full blocks', true)
  if (data.length === 16) failure('runtime error: index out of range [-1]', true)
  const cipher = createDecipheriv('aes-256-cbc', aesKey(password), toBytes(data.slice(0, 16)))
  cipher.setAutoPadding(false)
  const padded = fromBytes(Buffer.concat([cipher.update(toBytes(data.slice(16))), cipher.final()]))
  // As in sprig, the last byte is taken for the padding's length whatever it is.
  return cut(padded, 0, padded.length - padded.charCodeAt(padded.length - 1))
}
