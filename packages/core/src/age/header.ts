import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { CoreError } from '../error.ts'
import type { Stanza } from './x25519.ts'

const version = 'age-encryption.org/v1'
/** The width of a stanza's body; a shorter line is its last. */
export const columns = 64
const macLength = 32

/** An age header and what follows it. */
export interface Header {
  readonly stanzas: readonly Stanza[]
  /** The header up to and including `---`, which the MAC is over. */
  readonly text: string
  readonly mac: Uint8Array
  readonly payload: Uint8Array
}

/**
 * Reads the header of an age file (C2SP age.md, "Header").
 *
 * @throws `INVALID_FORMAT`
 */
export function parseHeader(file: Buffer): Header {
  const text = file.toString('latin1')
  const lines = new Lines(text)
  if (lines.next() !== version) throw malformed('unexpected intro')
  const stanzas: Stanza[] = []
  for (;;) {
    const line = lines.next()
    if (line.startsWith('-> ')) stanzas.push(readStanza(line, lines))
    else if (line.startsWith('--- ')) {
      const mac = decode(line.slice(4))
      if (mac.length !== macLength || stanzas.length === 0) throw malformed('malformed closing line')
      const end = lines.at - line.length - 1 + 3
      return { stanzas, text: text.slice(0, end), mac, payload: file.subarray(lines.at) }
    } else throw malformed('malformed header line')
  }
}

/** Writes a header with its MAC. */
export function formatHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Buffer {
  const text = `${version}\n${stanzas.map(formatStanza).join('')}---`
  return Buffer.from(`${text} ${encode(headerMac(text, fileKey))}\n`, 'latin1')
}

/** @throws `DECRYPTION_FAILED` where the MAC is not that of the header. */
export function checkHeader(header: Header, fileKey: Uint8Array): void {
  if (timingSafeEqual(headerMac(header.text, fileKey), header.mac)) return
  throw new CoreError('DECRYPTION_FAILED', 'the wrapped data key was changed', { upstream: 'bad header MAC' })
}

function headerMac(text: string, fileKey: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, new Uint8Array(), 'header', 32))
  return createHmac('sha256', key).update(text, 'latin1').digest()
}

class Lines {
  readonly #text: string
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  next(): string {
    const end = this.#text.indexOf('\n', this.at)
    if (end < 0) throw malformed('unexpected end of header')
    const line = this.#text.slice(this.at, end)
    this.at = end + 1
    return line
  }
}

function readStanza(first: string, lines: Lines): Stanza {
  const body: string[] = []
  for (;;) {
    const line = lines.next()
    body.push(line)
    // A short line, which may be empty, ends the body.
    if (line.length < columns) return parseStanza(first, body)
  }
}

/**
 * A stanza of its first line (`-> TYPE ARGUMENT...`) and the lines of its body.
 *
 * @throws `INVALID_FORMAT`
 */
export function parseStanza(first: string, body: readonly string[]): Stanza {
  const args = first.slice(3).split(' ')
  if (!first.startsWith('-> ') || args.some((arg) => !/^[!-~]+$/.test(arg))) throw malformed('malformed stanza')
  if (body.some((line) => line.length > columns)) throw malformed('malformed body line')
  return { args, body: Buffer.concat(body.map(decode)) }
}

/** The text of a stanza, with the line break at its end. */
export function formatStanza({ args, body }: Stanza): string {
  const lines = encode(body).match(/.{1,64}/g) ?? []
  const last = lines.at(-1)?.length === columns ? '\n' : ''
  return `-> ${args.join(' ')}\n${lines.join('\n')}${last}\n`
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** Canonical base64 without padding. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (encode(bytes) !== text) throw malformed('invalid base64')
  return bytes
}

function malformed(upstream: string): CoreError {
  return new CoreError('INVALID_FORMAT', 'the wrapped data key is no age file', {
    hint: 'restore the enc field of the recipient from version control',
    upstream: `failed to read header: parsing age header: ${upstream}`,
  })
}
