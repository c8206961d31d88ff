import { CoreError } from '../../error.ts'
import { formatJsonFloat, quoteJson } from '../../go/json.ts'
import { decodeUtf8 } from '../../go/utf8.ts'
import { type Branch, isBranch, isComment, isList, isTime, type Value } from '../tree.ts'
import { filled, hasBlock, putBlock, takeBlock } from './block.ts'
import { readJson } from './jsonreader.ts'
import type { Store } from './store.ts'

/**
 * JSON: one document, an object; order and duplicates of keys kept, comments dropped, indented with tabs.
 *
 * @param indent spaces a level, -1 for a tab
 */
export function jsonStore(indent: number): Store {
  const emit = (documents: readonly Branch[]): Uint8Array => {
    const [document] = documents
    return encode(`${format(document ?? { kind: 'branch', items: [] }, indent)}\n`)
  }
  const load = (bytes: Uint8Array): readonly Branch[] => [readJson(decode(bytes))]
  return {
    format: 'json',
    load,
    emit,
    loadEncrypted: (bytes) => takeBlock(load(bytes), filled),
    emitEncrypted: (file) => emit(putBlock(file)),
    emitValue: (value) => encode(format(value, indent)),
    isReserved: hasBlock,
  }
}

const int = /^-?\d+$/

/** Go puts one U+FFFD in the place of every byte that is no UTF-8. */
function decode(bytes: Uint8Array): string {
  return decodeUtf8(bytes).toWellFormed()
}

function encode(text: string): Uint8Array {
  return Buffer.from(text)
}

/** A value as Go's encoder writes and indents it. */
function format(value: Value, indent: number): string {
  if (indent < -1) {
    const upstream = 'Error marshaling to json: JSON Indentation parameter smaller than -1 is not accepted'
    throw new CoreError('UNSUPPORTED_VALUE', 'JSON is indented by -1 (a tab) or more', { upstream })
  }
  return print(value, '\n', indent === -1 ? '\t' : ' '.repeat(indent))
}

function print(value: Value, newline: string, indent: string): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return number(value)
  if (value instanceof Uint8Array) return quote(decodeUtf8(value))
  if (isBranch(value)) return object(value, newline, indent)
  if (isList(value)) return array(value, newline, indent)
  if (isTime(value) || isComment(value)) return quote(value.text)
  return int.test(value.text) ? value.text : quote(value.text)
}

function object(value: Branch, newline: string, indent: string): string {
  const inner = newline + indent
  let out = ''
  for (const item of value.items) {
    if (isComment(item.key)) continue
    const key = typeof item.key === 'string' ? item.key : item.key.text
    out += `${out === '' ? '' : ','}${inner}${quote(key)}: ${print(item.value, inner, indent)}`
  }
  return out === '' ? '{}' : `{${out}${newline}}`
}

function array(values: readonly Value[], newline: string, indent: string): string {
  const inner = newline + indent
  let out = ''
  for (const value of values) {
    if (isComment(value)) continue
    out += `${out === '' ? '' : ','}${inner}${print(value, inner, indent)}`
  }
  return out === '' ? '[]' : `[${out}${newline}]`
}

// Most strings have nothing to escape: encrypted values never have.
const special = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/

function quote(text: string): string {
  return special.test(text) ? quoteJson(text) : `"${text}"`
}

function number(value: number): string {
  try {
    return formatJsonFloat(value)
  } catch (error) {
    const upstream = error instanceof CoreError ? (error.upstream ?? '') : ''
    throw new CoreError('UNSUPPORTED_VALUE', 'JSON has no text for infinite floats and NaN', {
      cause: error,
      hint: 'write the file in another format, or quote the value',
      upstream: `Error marshaling to json: Error encoding value : ${upstream}`,
    })
  }
}
