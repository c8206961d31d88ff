import { CoreError } from '../error.ts'
import { decodeBase64, encodeBase64 } from '../manifest/base64.ts'

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** The words after BEGIN, such as `CERTIFICATE`. */
  readonly type: string
  /** Whether the block has RFC 1421 headers (`Proc-Type: ...`). */
  readonly headers: boolean
  readonly bytes: Uint8Array
}

const beginMark = '-----BEGIN '
const endMark = '\n-----END '
const dashes = '-----'

/**
 * Every block of a PEM text, found as Go's encoding/pem finds them: BEGIN must start a line, an unmatched BEGIN is
 * skipped, and a block with broken base64 or an END of another type is passed over in silence.
 */
export function decodePem(pem: string | Uint8Array): PemBlock[] {
  const text = typeof pem === 'string' ? pem : new TextDecoder('utf-8', { ignoreBOM: true }).decode(pem)
  const blocks: PemBlock[] = []
  let from = 0
  for (let end = text.indexOf(endMark); end >= 0; end = text.indexOf(endMark, from)) {
    const begin = text.lastIndexOf(beginMark, end)
    const starts = begin >= from && (begin === 0 || text[begin - 1] === '\n')
    const block = starts ? readBlock(text, begin, end) : null
    if (block !== null) blocks.push(block)
    from = end + endMark.length
  }
  return blocks
}

/** A PEM text of one block, 64 characters a line as Go and OpenSSL write it. */
export function encodePem(type: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n')
}

/** The block between a BEGIN mark and an END mark; `null` when the two do not match or the body is no base64. */
function readBlock(text: string, begin: number, end: number): PemBlock | null {
  let from = lineEnd(text, begin)
  const first = text.slice(begin + beginMark.length, from).trimEnd()
  if (!first.endsWith(dashes)) return null
  const last = end + endMark.length
  if (text.slice(last, lineEnd(text, last)).trimEnd() !== first) return null
  let headers = false
  // A header is a line with a colon in it.
  for (let next = lineEnd(text, from); next < end && text.slice(from, next).includes(':'); next = lineEnd(text, from)) {
    headers = true
    from = next
  }
  const bytes = decodeBody(text.slice(from, Math.max(from, end)))
  return bytes === null ? null : { type: first.slice(0, -dashes.length), headers, bytes }
}

/** Offset behind the line break that ends the line. */
function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at + 1
}

function decodeBody(body: string): Uint8Array | null {
  try {
    return decodeBase64(body.replaceAll(' ', '').replaceAll('\t', ''))
  } catch (error) {
    if (error instanceof CoreError) return null
    throw error
  }
}
