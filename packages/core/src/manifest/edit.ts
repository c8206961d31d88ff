import { CoreError } from '../error.ts'
import { quoteJson } from '../go/index.ts'
import { parseDocuments, type YamlNode } from '../yaml/index.ts'

/** Texts to be set in a mapping: where it is, and its keys with their new values. */
export interface YamlEntries {
  /** Keys that lead to the mapping; the ones that are missing are added. */
  readonly path: readonly string[]
  readonly entries: Readonly<Record<string, string>>
}

/**
 * Sets text entries in one document of a YAML text and leaves every other byte as it is: comments, order, quotes and
 * line breaks. New keys go behind the last one of their mapping.
 *
 * @throws YAML_SYNTAX, INVALID_MANIFEST where the path leads through something else than a mapping
 */
export function setYamlEntries(text: string, document: number, { path, entries }: YamlEntries): string {
  return Object.entries(entries).reduce((edited, [key, value]) => setOne(edited, document, [...path, key], value), text)
}

/** Index of the first document of a kind, or of none; 0 where there is neither. */
export function findYamlDocument(text: string, kind: string): number {
  const index = parseDocuments(text).findIndex(({ content: [root] }) => {
    const at = root?.content.findIndex((node, position) => position % 2 === 0 && node.value === 'kind') ?? -1
    return root?.kind === 'mapping' && (at < 0 || root.content[at + 1]?.value === kind)
  })
  return Math.max(index, 0)
}

function setOne(text: string, document: number, path: readonly string[], value: string): string {
  const root = parseDocuments(text)[document]?.content[0]
  if (root?.kind !== 'mapping') throw notMapping([])
  const editor = new Editor(text)
  let mapping = root
  for (const [depth, key] of path.entries()) {
    const index = mapping.content.findIndex((node, at) => at % 2 === 0 && node.value === key)
    const rest = path.slice(depth + 1)
    if (index < 0) return editor.append(mapping, [key, ...rest], value)
    const [name, child] = mapping.content.slice(index, index + 2)
    if (name === undefined || child === undefined) throw notMapping(path)
    const empty = child.kind === 'scalar' ? child.value === '' || child.tag === '!!null' : child.content.length === 0
    if (rest.length === 0 || empty) return editor.replace(mapping, { name, child }, rest, value)
    if (child.kind !== 'mapping') throw notMapping(path.slice(0, depth + 1))
    mapping = child
  }
  return text
}

function notMapping(path: readonly string[]): CoreError {
  return new CoreError('INVALID_MANIFEST', `${path.join('.') || 'the document'} is no mapping that can be edited`, {
    hint: 'write it as a block mapping, without anchors and aliases',
  })
}

interface Entry {
  readonly name: YamlNode
  readonly child: YamlNode
}

/** Edits of whole lines; flow mappings and several keys on a line are edited by position. */
class Editor {
  readonly #lines: string[]
  readonly #ending: string

  constructor(text: string) {
    this.#ending = /\r?\n/.exec(text)?.[0] ?? '\n'
    this.#lines = text.split(/\r?\n/)
  }

  /** Adds an entry at the end of a mapping. */
  append(mapping: YamlNode, path: readonly string[], value: string): string {
    const [first] = mapping.content
    const name = mapping.content.at(-2)
    const child = mapping.content.at(-1)
    if (mapping.style === 'flow' || first === undefined || name === undefined || child === undefined) {
      throw notMapping(path)
    }
    const indent = ' '.repeat(first.column - 1)
    this.#lines.splice(this.#end({ name, child }), 0, ...entryLines(indent, path, value))
    return this.#text()
  }

  /** Replaces the value of an entry, all its lines. */
  replace(mapping: YamlNode, entry: Entry, rest: readonly string[], value: string): string {
    if (mapping.style === 'flow') throw notMapping([entry.name.value])
    const start = entry.name.line - 1
    const line = this.#lines[start] ?? ''
    const end = this.#end(entry)
    // What stands in front of the key on its line (`- `, a document's start) stays.
    const before = line.slice(0, entry.name.column - 1)
    const [head = '', ...more] = entryLines(' '.repeat(entry.name.column - 1), [entry.name.value, ...rest], value)
    const comment = end === start + 1 ? trailingComment(line, entry.child) : ''
    this.#lines.splice(start, end - start, `${before}${head.trimStart()}${comment}`, ...more)
    return this.#text()
  }

  /** Line after the last one of an entry; comments and empty lines below it are not part of it. */
  #end({ name, child }: Entry): number {
    let end = lastLine(child, name.line)
    const deeper = (line: string): boolean =>
      /^\s*/.exec(line)?.[0].length !== undefined && indentOf(line) >= name.column
    const isText = child.kind === 'scalar'
    while (
      isText &&
      end < this.#lines.length &&
      deeper(this.#lines[end] ?? '') &&
      (this.#lines[end] ?? '').trim() !== ''
    ) {
      if (child.style === undefined && /^\s*#/.test(this.#lines[end] ?? '')) break
      end++
    }
    return end
  }

  #text(): string {
    return this.#lines.join(this.#ending)
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

/** Last line, from 1, on which a node or one of its children starts. */
function lastLine(node: YamlNode, from: number): number {
  return node.content.reduce((line, child) => lastLine(child, line), Math.max(from, node.line))
}

function trailingComment(line: string, child: YamlNode): string {
  if (child.lineComment === undefined) return ''
  const at = line.lastIndexOf(child.lineComment)
  return at < 0 ? '' : line.slice(line.slice(0, at).trimEnd().length)
}

function entryLines(indent: string, path: readonly string[], value: string): string[] {
  return path.map((key, depth) => {
    const line = `${indent}${'  '.repeat(depth)}${scalarText(key)}:`
    return depth === path.length - 1 ? `${line} ${scalarText(value)}` : line
  })
}

/** Plain where no YAML version reads anything else than the text, else quoted as JSON. */
function scalarText(text: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_./+=-]*$/.test(text) && !reserved.test(text)
  return plain ? text : quoteJson(text, { escapeHtml: false })
}

const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i
