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

/**
 * Every block of a PEM text, found as Go's encoding/pem finds them: BEGIN must start a line, an unmatched BEGIN is
 * skipped, and a block with broken base64 or an END of another type is passed over in silence.
 */
export function decodePem(text: string | Uint8Array): PemBlock[] {
  const lines = splitLines(text)
  const blocks: PemBlock[] = []
  let begin = -1
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('-----BEGIN ')) begin = at
    if (begin < 0 || !line.startsWith('-----END ')) continue
    const block = readBlock(lines.slice(begin, at + 1))
    if (block !== null) blocks.push(block)
    begin = -1
  }
  return blocks
}

/** A PEM text of one block, 64 characters a line as Go and OpenSSL write it. */
export function encodePem(type: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n')
}

function splitLines(text: string | Uint8Array): string[] {
  // Latin-1 keeps one character a byte, so that nothing in front of a block can change its bytes.
  const characters = typeof text === 'string' ? text : new TextDecoder('latin1').decode(text)
  return characters.split('\n').map((line) => line.replace(/\r$/, '').replace(/[ \t]+$/, ''))
}

/** The block between a BEGIN line and an END line; `null` when the two do not match or the body is no base64. */
function readBlock(lines: readonly string[]): PemBlock | null {
  const [first = '', ...rest] = lines
  const last = rest.pop() ?? ''
  if (!first.endsWith('-----')) return null
  const type = first.slice('-----BEGIN '.length, -'-----'.length)
  if (last !== `-----END ${type}-----`) return null
  const body = rest.findIndex((line) => !line.includes(':'))
  const headers = body < 0 ? rest.length : body
  try {
    const bytes = decodeBase64(rest.slice(headers).join('\n').replace(/[ \t]/g, ''))
    return { type, headers: headers > 0, bytes }
  } catch (error) {
    if (error instanceof CoreError) return null
    throw error
  }
}
