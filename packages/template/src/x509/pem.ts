import { decodeBase64 } from '../base64.ts'
import { FunctionFailure } from '../error.ts'
import { toBytes } from '../utf8.ts'

/** A block of PEM. Texts are Go strings. */
export interface PemBlock {
  readonly type: string
  readonly headers: ReadonlyMap<string, string>
  readonly bytes: Buffer
}

/** A block, and the text after it. */
export interface Decoded {
  readonly block: PemBlock
  readonly rest: string
}

const DASHES = '-----'
const BEGIN = '-----BEGIN '
const END = '\n-----END '

/** The line at the start of a text, and where the next one begins. */
function lineOf(text: string): { line: string; next: number } {
  const newline = text.indexOf('\n')
  const end = newline < 0 ? text.length : newline
  let last = newline > 0 && text[newline - 1] === '\r' ? end - 1 : end
  while (last > 0 && (text[last - 1] === ' ' || text[last - 1] === '\t')) last--
  return { line: text.slice(0, last), next: newline < 0 ? text.length : newline + 1 }
}

/** Go's pem.Decode: the first block of a text, whatever stands before it; null when there is none. */
export function decodePem(text: string): Decoded | null {
  let rest = text
  let skip = 0
  for (;;) {
    if (skip < 0 || skip > rest.length) return null
    rest = rest.slice(skip)
    const end = rest.indexOf(END)
    if (end < 0) return null
    skip = end + END.length
    const begin = rest.slice(0, end).lastIndexOf(BEGIN)
    if (begin < 0 || (begin > 0 && rest[begin - 1] !== '\n')) continue
    const start = begin + BEGIN.length
    const attempt = decodeBlock(rest.slice(start), end - start)
    if (attempt === null) return null
    if (attempt.block !== null) return { block: attempt.block, rest: attempt.rest }
    rest = attempt.rest
    skip = attempt.skip
  }
}

type Attempt =
  | { readonly block: PemBlock; readonly rest: string }
  | { readonly block: null; readonly rest: string; readonly skip: number }

/** Reads a block after its `-----BEGIN `; `ending` is where its END line would be. */
function decodeBlock(text: string, ending: number): Attempt | null {
  const first = lineOf(text)
  let rest = text.slice(first.next)
  let end = ending - first.next
  const headers = new Map<string, string>()
  const failed = (): Attempt => ({ block: null, rest, skip: end + END.length })
  if (!first.line.endsWith(DASHES)) return failed()
  const type = first.line.slice(0, -DASHES.length)
  for (;;) {
    if (rest === '') return null
    const { line, next } = lineOf(rest)
    const colon = line.indexOf(':')
    if (colon < 0) break
    headers.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
    rest = rest.slice(next)
    end -= next
  }
  if (headers.size > 0 && end < 0) return failed()
  const trailer = rest.slice(end + END.length)
  if (!trailer.startsWith(type + DASHES) || lineOf(trailer.slice(type.length + DASHES.length)).line !== '')
    return failed()
  const bytes = bodyOf(rest.slice(0, Math.max(end, 0)))
  if (bytes === null) return failed()
  const after = rest.slice(end + END.length - 1)
  return { block: { type, headers, bytes }, rest: after.slice(lineOf(after).next) }
}

function bodyOf(text: string): Buffer | null {
  try {
    return toBytes(decodeBase64(text.replace(/[ \t]/g, '')))
  } catch (error) {
    if (error instanceof FunctionFailure) return null
    throw error
  }
}

/** Go's pem.EncodeToMemory: 64 characters a line, headers sorted with `Proc-Type` first. */
export function encodePem(type: string, bytes: Uint8Array, headers: ReadonlyMap<string, string> = new Map()): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const names = [...headers.keys()].sort((a, b) => order(a).localeCompare(order(b), 'en') || (a < b ? -1 : 1))
  const head = names.map((name) => `${name}: ${headers.get(name) ?? ''}\n`).join('') + (names.length > 0 ? '\n' : '')
  return `${BEGIN}${type}-----\n${head}${lines.map((line) => `${line}\n`).join('')}-----END ${type}-----\n`
}

function order(name: string): string {
  return name === 'Proc-Type' ? '0' : '1'
}

/** The blocks of a text one after another, and what is left when no more can be read. */
export function decodeAll(text: string): { blocks: PemBlock[]; rest: string } {
  const blocks: PemBlock[] = []
  let rest = text
  for (;;) {
    const decoded = decodePem(rest)
    if (decoded === null) return { blocks, rest }
    blocks.push(decoded.block)
    rest = decoded.rest
  }
}
