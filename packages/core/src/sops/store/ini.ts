import { CoreError } from '../../error.ts'
import { decodeUtf8, encodeUtf8, utf8Length } from '../../go/utf8.ts'
import type { SopsFile } from '../encrypt.ts'
import { type Branch, branch, comment, type Item, isBranch, isComment, type Value } from '../tree.ts'
import { filled, hasBlock, putBlock, takeBlock } from './block.ts'
import { flatten, unflatten } from './flatten.ts'
import { defaultSection, type IniSection, readIni, trim } from './inireader.ts'
import { jsonStore } from './json.ts'
import { isComplex, plainText } from './plain.ts'
import type { Store } from './store.ts'

/**
 * INI as go-ini reads and writes it: sections of keys, all values texts. A comment goes with the key above which it
 * stands; metadata is a section `[sops]` with line breaks written as `\n`.
 */
export function iniStore(): Store {
  return {
    format: 'ini',
    load,
    emit,
    loadEncrypted: (bytes) => takeBlock(load(bytes), open),
    emitEncrypted,
    // Upstream writes single values as JSON.
    emitValue: (value) => jsonStore(-1).emitValue(value),
    isReserved: hasBlock,
  }
}

function load(bytes: Uint8Array): readonly Branch[] {
  const sections = readIni(decodeUtf8(bytes))
  return [branch(sections.map((section) => ({ key: section.name, value: sectionBranch(section) })))]
}

function sectionBranch(section: IniSection): Branch {
  const items: Item[] = []
  addComment(items, section.comment)
  for (const key of section.keys) {
    items.push({ key: key.name, value: key.value.isWellFormed() ? key.value : encodeUtf8(key.value) })
    addComment(items, key.comment)
  }
  return branch(items)
}

function addComment(items: Item[], text: string): void {
  if (text === '') return
  const stripped = text.startsWith(';') ? text.replace(/^[; ]+/, '') : text.replace(/^[# ]+/, '')
  items.push({ key: comment(stripped), value: null })
}

function open(block: Branch): Branch | undefined {
  if (filled(block) === undefined) return undefined
  const items = block.items.map(({ key, value }) => ({
    key,
    value: typeof value === 'string' ? value.replaceAll('\\n', '\n') : value,
  }))
  return unflatten(items)
}

function close(block: Branch): Branch {
  const items = flatten(block).map(({ key, value }) => ({
    key,
    value: typeof value === 'string' ? value.replaceAll('\n', '\\n') : value,
  }))
  return branch(items)
}

/** Writes an encrypted file, and reads it again: what INI has no text for (a key that starts with `#`) would be lost. */
function emitEncrypted(file: SopsFile): Uint8Array {
  if (file.documents.length > 1) throw refused('INI has no documents, and the file has several')
  const documents = putBlock(file, close)
  const bytes = emit(documents)
  if (dataOf(load(bytes)) === dataOf(documents)) return bytes
  throw refused('a key or value of the file cannot be written as INI without loss')
}

/** Sections, keys and values, without comments and an empty first section. */
function dataOf(documents: readonly Branch[]): string {
  const all = documents.flatMap(({ items }) => items)
  const sections = all.flatMap(({ key, value }) => {
    if (isComment(key) || !isBranch(value)) return []
    const entries = value.items.flatMap((item) => (isComment(item.key) ? [] : [[item.key, plainText(item.value)]]))
    return key === defaultSection && entries.length === 0 ? [] : [[key, entries]]
  })
  return JSON.stringify(sections)
}

/** The sections of all documents: INI has no documents of its own. */
function emit(documents: readonly Branch[]): Uint8Array {
  const sections = documents.flatMap(({ items }) => items.filter(({ key }) => !isComment(key)))
  return encodeUtf8(sections.map((item, index) => sectionText(item, index, sections.length)).join(''))
}

function sectionText({ key, value }: Item, index: number, count: number): string {
  const name = typeof key === 'string' ? key : 'text' in key ? key.text : ''
  if (name === '') throw refused('Error marshaling to INI: Error encoding section : empty section name')
  if (!isBranch(value)) {
    throw refused('Error marshaling to INI: Error encoding section: Section values should always be TreeBranches')
  }
  const { heading, keys } = sectionKeys(value)
  // The section without a name stands first, without its header.
  const unnamed = index === 0 && name.toUpperCase() === defaultSection
  if (unnamed && keys.length === 0) return commentText(heading, (line) => line)
  const header = unnamed ? '' : `[${name}]\n`
  const width = Math.max(0, ...keys.map((entry) => keyWidth(entry.name)))
  const lines = keys.map((entry) => keyText(entry, width)).join('')
  return `${commentText(heading, (line) => line)}${header}${lines}${index === count - 1 ? '' : '\n'}`
}

interface Key {
  readonly name: string
  value: string
  comment: string
}

/** The keys of a section; a comment behind a key is the key's, the last one counts, as sops gives them back. */
function sectionKeys({ items }: Branch): { heading: string; keys: Key[] } {
  const [first] = items
  const heading = first !== undefined && isComment(first.key) ? first.key.text : ''
  const keys: Key[] = []
  let last: Key | undefined
  for (const item of heading === '' ? items : items.slice(1)) {
    if (isComment(item.key)) {
      if (last !== undefined) last.comment = item.key.text
      continue
    }
    const name = typeof item.key === 'string' ? item.key : item.key.text
    if (name === '')
      throw refused('Error marshaling to INI: Error encoding key: error creating new key: empty key name')
    const value = valueText(name, item.value)
    const known = keys.find((key) => key.name === name)
    last = known === undefined ? { name, value, comment: '' } : Object.assign(known, { value })
    if (known === undefined) keys.push(last)
  }
  return { heading, keys }
}

function valueText(name: string, value: Value): string {
  if (isComplex(value)) throw refused(`INI has two levels, and ${name} is a third`)
  if (value instanceof Uint8Array) return decodeUtf8(value)
  return plainText(value)
}

function commentText(text: string, cut: (line: string) => string): string {
  if (text === '') return ''
  const lines = text.split('\n').map((line) => {
    return /^[#;]/.test(line) ? `${line.charAt(0)} ${trim(line.slice(1))}` : `; ${cut(line)}`
  })
  return `${lines.join('\n')}\n`
}

function keyText({ name, value, comment: text }: Key, width: number): string {
  const written = keyName(name)
  return `${commentText(text, trim)}${written}${' '.repeat(Math.max(0, width - utf8Length(written)))} = ${quoted(value)}\n`
}

function keyName(name: string): string {
  if (/["=:]/.test(name)) return `\`${name}\``
  return name.includes('`') ? `"""${name}"""` : name
}

/** go-ini aligns by bytes. */
function keyWidth(name: string): number {
  return utf8Length(keyName(name))
}

function quoted(value: string): string {
  if (/[\n`]/.test(value)) return `"""${value}"""`
  if (/[#;]/.test(value)) return `\`${value}\``
  return trim(value) === value ? value : `"${value}"`
}

function refused(upstream: string): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', upstream.replace(/^Error marshaling to INI: /, ''), {
    hint: 'encrypt the file in another format',
    upstream,
  })
}
