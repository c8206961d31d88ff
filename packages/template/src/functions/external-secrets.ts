import { constants, privateDecrypt } from 'node:crypto'
import { FunctionFailure, failure } from '../error.ts'
import { fromBytes, toBytes } from '../utf8.ts'
import { Dict, strings, type Value } from '../value.ts'
import { addressText, type Certificate, parseCertificate } from '../x509/certificate.ts'
import { isRoot, orderChain } from '../x509/chain.ts'
import { type Jwk, readJwk } from '../x509/jwk.ts'
import { parseKey } from '../x509/key.ts'
import { decodeAll, decodePem, encodePem } from '../x509/pem.ts'
import { openStore, passwordOf, type Store, writeStore, writeTrustStore } from '../x509/pkcs12.ts'
import { decodeJson } from './json.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { NIL_POINTER } from './text.ts'
import { formatUrl, parseUrl } from './url-parts.ts'

/** External Secrets' own functions on certificates, keys and key stores. */
export function externalSecretsFunctions(): FunctionRow[] {
  return rows('PEM, PKCS#12 and JWK', [
    [
      'pkcs12key(string) string',
      ([data], context) => keyOf('', data, context),
      'The private key of a PKCS#12 file without password, as PEM.',
      '.p12 | pkcs12key',
      'heavy',
    ],
    [
      'pkcs12keyPass(string, string) string',
      ([password, data], context) => keyOf(password, data, context),
      'The private key of a PKCS#12 file, as PEM.',
      '.p12 | pkcs12keyPass .password',
      'heavy',
    ],
    [
      'pkcs12cert(string) string',
      ([data], context) => certificatesOf('', data, context),
      'The certificates of a PKCS#12 file without password, as PEM from leaf to root.',
      '.p12 | pkcs12cert',
      'heavy',
    ],
    [
      'pkcs12certPass(string, string) string',
      ([password, data], context) => certificatesOf(password, data, context),
      'The certificates of a PKCS#12 file, as PEM from leaf to root.',
      '.p12 | pkcs12certPass .password',
      'heavy',
    ],
    [
      'pemToPkcs12(string, string) string',
      ([cert, key], context) => toPkcs12({ cert, key, password: '', whole: false }, context),
      'A certificate and its key as PKCS#12 without password, in base64.',
      'pemToPkcs12 .cert .key',
      'heavy',
    ],
    [
      'pemToPkcs12Pass(string, string, string) string',
      ([cert, key, password], context) => toPkcs12({ cert, key, password, whole: false }, context),
      'A certificate and its key as PKCS#12, in base64.',
      'pemToPkcs12Pass .cert .key .password',
      'heavy',
    ],
    [
      'fullPemToPkcs12(string, string) string',
      ([cert, key], context) => toPkcs12({ cert, key, password: '', whole: true }, context),
      'A certificate chain and its key as PKCS#12 without password, in base64.',
      'fullPemToPkcs12 .chain .key',
      'heavy',
    ],
    [
      'fullPemToPkcs12Pass(string, string, string) string',
      ([cert, key, password], context) => toPkcs12({ cert, key, password, whole: true }, context),
      'A certificate chain and its key as PKCS#12, in base64.',
      'fullPemToPkcs12Pass .chain .key .password',
      'heavy',
    ],
    [
      'pemTruststoreToPKCS12(string) string',
      ([certs], context) => trustStore(certs, '', context),
      'Certificates as a PKCS#12 trust store without password, in base64.',
      'pemTruststoreToPKCS12 .ca',
      'heavy',
    ],
    [
      'pemTruststoreToPKCS12Pass(string, string) string',
      ([certs, password], context) => trustStore(certs, password, context),
      'Certificates as a PKCS#12 trust store, in base64.',
      'pemTruststoreToPKCS12Pass .ca .password',
      'heavy',
    ],
    [
      'filterPEM(string, string) string',
      ([type, text]) => filterPem(type as string, text as string),
      'The PEM blocks of a type.',
      'filterPEM "CERTIFICATE" .bundle',
      'heavy',
    ],
    [
      'filterCertChain(string, string) string',
      ([type, text]) => filterChain(type as string, text as string),
      'The `leaf`, `intermediate` or `root` certificates of a chain.',
      'filterCertChain "leaf" .chain',
      'heavy',
    ],
    [
      'certSANs(string) []string',
      ([text]) => alternativeNames(text as string),
      'The alternative names of a certificate.',
      'certSANs .cert',
      'heavy',
    ],
    [
      'jwkPublicKeyPem(string) string',
      ([text], context) => publicPem(text as string, context),
      'The public key of a JSON Web Key, as PEM.',
      'jwkPublicKeyPem .jwk',
      'heavy',
    ],
    [
      'jwkPrivateKeyPem(string) string',
      ([text], context) => privatePem(text as string, context),
      'The private key of a JSON Web Key, as PEM.',
      'jwkPrivateKeyPem .jwk',
      'heavy',
    ],
    [
      'rsaDecrypt(string, string, string, string) string',
      rsaDecrypt,
      'The text decrypted with RSA: scheme (`RSA-OAEP`), hash, text, key.',
      'rsaDecrypt "RSA-OAEP" "SHA256" .encrypted .key',
      'heavy',
    ],
  ])
}

/** A cost for each round of a key derivation. */
const ROUND = 16

function open(password: Value, data: Value, { context, problem }: { context: Context; problem: string }): Store {
  try {
    const charge = (iterations: number): void => context.charge(iterations * ROUND)
    return openStore(toBytes(data as string), { password: passwordOf(password as string), charge })
  } catch (error) {
    if (error instanceof FunctionFailure) return failure(`${problem}: ${error.message}`, error.safe)
    throw error
  }
}

function keyOf(password: Value, data: Value, context: Context): string {
  const { key } = open(password, data, { context, problem: 'unable to decode pkcs12 with password' })
  return encodePem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }))
}

function certificatesOf(password: Value, data: Value, context: Context): string {
  const store = open(password, data, { context, problem: 'unable to decode pkcs12 certificate with password' })
  const unordered = pemOf([store.certificate, ...store.others])
  try {
    return pemOf(orderChain(unordered))
  } catch (error) {
    if (error instanceof FunctionFailure) return unordered
    throw error
  }
}

function pemOf(certificates: readonly Certificate[]): string {
  return certificates.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('')
}

interface Pieces {
  readonly cert: Value
  readonly key: Value
  readonly password: Value
  readonly whole: boolean
}

function toPkcs12({ cert, key, password, whole }: Pieces, context: Context): string {
  const first = decodePem(cert as string) ?? failure(NIL_POINTER, true)
  const certificate = parseCertificate(first.block.bytes)
  const others = whole ? allCertificates(first.rest) : []
  const keyBlock = decodePem(key as string)?.block ?? failure(NIL_POINTER, true)
  const store = { certificate, others, key: parseKey(keyBlock.bytes) }
  return writeStore(store, passwordOf(password as string), context.random).toString('base64')
}

/** Every certificate of a text, which must hold nothing else. */
function allCertificates(text: string): Certificate[] {
  const { blocks, rest } = decodeAll(text)
  const certificates = blocks.map((block) => parseCertificate(block.bytes))
  return rest === '' ? certificates : failure(NIL_POINTER, true)
}

function trustStore(certs: Value, password: Value, context: Context): string {
  const certificates = allCertificates(certs as string)
  return writeTrustStore(certificates, passwordOf(password as string), context.random).toString('base64')
}

/** The text from its first block on. */
function trimJunk(text: string): string {
  const begin = text.indexOf('-----BEGIN')
  return begin < 0 ? text : text.slice(begin)
}

function filterPem(type: string, text: string): string {
  const { blocks, rest } = decodeAll(trimJunk(text))
  const kept = blocks.filter((block) => block.type.toLowerCase() === type.toLowerCase())
  if (kept.length === 0 && rest !== '') failure('error filtering pem: found junk', true)
  return kept.map((block) => encodePem(block.type, block.bytes, block.headers)).join('')
}

function filterChain(type: string, text: string): string {
  const chain = orderChain(text)
  const leaf = chain[0]
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined) return ''
  switch (type) {
    case 'leaf':
      return isRoot(leaf) ? '' : pemOf([leaf])
    case 'root':
      return isRoot(last) ? pemOf([last]) : ''
    case 'intermediate': {
      const root = chain.findIndex((certificate, i) => i > 0 && isRoot(certificate))
      return pemOf(chain.slice(1, root < 0 ? undefined : root))
    }
  }
  return ''
}

function alternativeNames(text: string): Value {
  const block = decodePem(trimJunk(text))?.block ?? failure('failed to decode PEM block', true)
  try {
    const { dns, addresses, emails, uris } = parseCertificate(block.bytes)
    return strings([...dns, ...addresses.map(addressText), ...emails, ...uris.map((uri) => formatUrl(parseUrl(uri)))])
  } catch (error) {
    if (error instanceof FunctionFailure) return failure(`failed to parse certificate: ${error.message}`, error.safe)
    throw error
  }
}

function jwkOf(text: string, context: Context): Jwk {
  const parsed = decodeJson(text, context)
  const entries = parsed instanceof Dict ? [...parsed.entries] : []
  return readJwk(Object.fromEntries(entries))
}

function publicPem(text: string, context: Context): string {
  const jwk = jwkOf(text, context)
  if (jwk.kind !== 'public') {
    return failure(`x509: unsupported public key type: ${jwk.kind === 'symmetric' ? '[]uint8' : jwk.goType}`, true)
  }
  return encodePem('PUBLIC KEY', jwk.key.export({ type: 'spki', format: 'der' }))
}

function privatePem(text: string, context: Context): string {
  const jwk = jwkOf(text, context)
  if (jwk.kind !== 'private') {
    const type = jwk.kind === 'symmetric' ? '[]uint8' : jwk.goType
    return failure(`x509: unknown key type while marshaling PKCS#8: ${type}`, true)
  }
  return encodePem('PRIVATE KEY', jwk.key.export({ type: 'pkcs8', format: 'der' }))
}

const HASHES: Readonly<Record<string, string>> = { SHA1: 'sha1', SHA512: 'sha512' }

function rsaDecrypt([scheme, hash, text, pem]: readonly Value[]): string {
  if (scheme === 'None') return text as string
  if (scheme !== 'RSA-OAEP') return failure(`decryption scheme ${scheme as string} is not supported`)
  const block = decodePem(pem as string)?.block ?? failure('failed to decode PEM block', true)
  const key = rsaKey(block.bytes)
  const oaepHash = HASHES[hash as string] ?? 'sha256'
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return fromBytes(privateDecrypt({ key, padding, oaepHash }, toBytes(text as string)))
  } catch {
    return failure('error decrypting data with RSA: crypto/rsa: decryption error', true)
  }
}

function rsaKey(bytes: Buffer): ReturnType<typeof parseKey> {
  try {
    const key = parseKey(bytes)
    return key.asymmetricKeyType === 'rsa' ? key : failure('could not parse RSA private key', true)
  } catch (error) {
    if (error instanceof FunctionFailure && error.message.startsWith('unable')) {
      return failure(`could not parse private key: ${error.message}`, true)
    }
    throw error
  }
}
