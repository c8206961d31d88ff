import { isUtf8 } from 'node:buffer'
import { CoreError } from '../../error.ts'
import { decodeUtf8, encodeUtf8 } from '../../go/utf8.ts'
import type { SopsFile } from '../encrypt.ts'
import { readMetadata, writeMetadata } from '../metadata.ts'
import { type Branch, branch, comment, goType, type Item, isComment } from '../tree.ts'
import { missing } from './block.ts'
import { flatten, unflatten } from './flatten.ts'
import { isComplex, plainText } from './plain.ts'
import type { Store } from './store.ts'

const prefix = 'sops_'

/**
 * Lines of `KEY=value`. Everything before the first `=` is the key, everything after it the value, quotes and spaces
 * included; the two characters `\n` stand for a line break. Empty lines are dropped.
 */
export function dotenvStore(): Store {
  return {
    format: 'dotenv',
    load,
    emit,
    loadEncrypted: (bytes) => takeEntries(load(bytes)),
    emitEncrypted: (file) => emit(putEntries(file)),
    emitValue: (value) => {
      if (typeof value === 'string') return Buffer.from(value)
      throw refused(`the dotenv store only supports emitting strings, got ${goType(value)}`)
    },
    isReserved: (document) => document.items.some(({ key }) => typeof key === 'string' && key.startsWith(prefix)),
  }
}

function load(bytes: Uint8Array): readonly Branch[] {
  // Latin-1 keeps every byte apart, so that what is no UTF-8 comes out as it went in.
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  return [branch(lines.flatMap((line, index) => (line === '' ? [] : [readLine(line, index + 1)])))]
}

function readLine(line: string, number: number): Item {
  if (line.startsWith('#')) return { key: comment(decodeUtf8(Buffer.from(line.slice(1), 'latin1'))), value: null }
  const equals = line.indexOf('=')
  if (equals < 0) {
    throw new CoreError('INVALID_FORMAT', `line ${number} of the dotenv file has no "="`, {
      hint: 'write KEY=value, or start the line with #',
      upstream: `invalid dotenv input line: ${text(line)}`,
    })
  }
  return {
    key: decodeUtf8(Buffer.from(line.slice(0, equals), 'latin1')),
    value: text(line.slice(equals + 1).replaceAll('\\n', '\n')),
  }
}

/** What a run of bytes says: text, or the bytes themselves where they are no UTF-8. */
function text(latin1: string): string | Uint8Array {
  const bytes = Buffer.from(latin1, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : bytes
}

function emit(documents: readonly Branch[]): Uint8Array {
  return Buffer.concat((documents[0]?.items ?? []).map(writeLine))
}

function writeLine({ key, value }: Item): Buffer {
  if (isComment(key)) return Buffer.from(encodeUtf8(`#${key.text}\n`))
  const name = typeof key === 'string' ? key : key.text
  if (isComplex(value)) throw refused(`cannot use complex value in dotenv file; offending key ${name}`)
  if (value instanceof Uint8Array) {
    const escaped = Buffer.from(Buffer.from(value).toString('latin1').replaceAll('\n', '\\n'), 'latin1')
    return Buffer.concat([encodeUtf8(`${name}=`), escaped, Buffer.from('\n')])
  }
  return Buffer.from(encodeUtf8(`${name}=${plainText(value).replaceAll('\n', '\\n')}\n`))
}

function takeEntries(documents: readonly Branch[]): SopsFile {
  const items = documents[0]?.items ?? []
  const isEntry = ({ key }: Item): boolean => typeof key === 'string' && key.startsWith(prefix)
  const entries = items.filter(isEntry).map(({ key, value }) => ({ key: String(key).slice(prefix.length), value }))
  if (entries.length === 0) throw missing()
  return { metadata: readMetadata(unflatten(entries)), documents: [branch(items.filter((item) => !isEntry(item)))] }
}

function putEntries(file: SopsFile): Branch[] {
  const entries = flatten(writeMetadata(file.metadata)).map(({ key, value }) => ({ key: `${prefix}${key}`, value }))
  return file.documents.map(({ items }) => {
    const taken = items.find(({ key }) => typeof key === 'string' && key.startsWith(prefix))
    if (taken !== undefined) {
      throw refused(
        `Error marshaling metadata: Found key ${JSON.stringify(taken.key)} in encrypted data, which starts with the reserved key prefix "${prefix}" for SOPS metadata`,
      )
    }
    return branch([...items, ...entries])
  })
}

function refused(upstream: string): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', upstream.replace(/^Error marshaling metadata: /, ''), { upstream })
}
