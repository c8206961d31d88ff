import { quoteJson } from '@sealkit/core/go'
import type { YamlNode } from '@sealkit/core/yaml'
import { CliError } from '../exit.ts'
import type { Segment } from './objects.ts'

/** A change of a text: what stands between two offsets, and what comes in its place. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with all edits made; they must not overlap. */
export function spliced(text: string, edits: readonly Edit[]): string {
  const sorted = edits.toSorted((a, b) => b.start - a.start)
  return sorted.reduce((edited, { start, end, text: part }) => edited.slice(0, start) + part + edited.slice(end), text)
}

/**
 * The edit that puts base64 in the place of a scalar: quotes stay, and so does the layout of a block of several lines.
 *
 * @throws NOT_EDITABLE for aliases, anchors, tags, and what is no scalar
 */
export function scalarEdit(segment: Segment, node: YamlNode, value: string): Edit {
  if (node.kind === 'alias') throw notEditable('it is an alias, or merged from another mapping')
  if (node.kind !== 'scalar') throw notEditable('it is no text')
  if (node.anchor !== undefined || node.tagged === true) throw notEditable('it has an anchor or a tag')
  const { text, offset } = segment
  const start = offsetOf(segment, node)
  const edit = styles[node.style ?? 'plain']?.({ text, start, node, value })
  if (edit === undefined) throw notEditable('it is written in a way that cannot be replaced in place')
  return { start: edit.start + offset, end: edit.end + offset, text: edit.text }
}

/**
 * The edit that adds an entry behind the last one of a mapping, in the mapping's own style.
 *
 * @throws NOT_EDITABLE where comments or an unknown layout stand in the way
 */
export function appendEdit(segment: Segment, mapping: YamlNode, key: string, value: string): Edit {
  const { offset } = segment
  const entry = mapping.style === 'flow' ? flowEntry : blockEntry
  const edit = entry({ ...segment, offset: 0 }, mapping, key, value)
  return { start: edit.start + offset, end: edit.end + offset, text: edit.text }
}

/** The error for what cannot be edited in its place. */
export function notEditable(why: string): CliError {
  return new CliError('NOT_EDITABLE', `the value cannot be replaced in its place: ${why}`, {
    hint: 'write the value as plain or quoted text of its own',
  })
}

interface Place {
  readonly text: string
  readonly start: number
  readonly node: YamlNode
  readonly value: string
}

/** How a scalar of each style is replaced; undefined where the text is not what the node says. */
const styles: Readonly<Record<string, (place: Place) => Edit | undefined>> = {
  plain({ text, start, node, value }) {
    // A plain scalar of several lines was folded, so that it is not found in the text.
    return text.startsWith(node.value, start) && node.value !== ''
      ? { start, end: start + node.value.length, text: value }
      : undefined
  },
  double: (place) => quoted(place, /"[^"\\]*(?:\\.[^"\\]*)*"/sy),
  single: (place) => quoted(place, /'[^']*(?:''[^']*)*'/sy),
  literal: blockScalar,
  folded: blockScalar,
}

function quoted({ text, start, value }: Place, pattern: RegExp): Edit | undefined {
  pattern.lastIndex = start
  const found = pattern.exec(text)?.[0]
  return found === undefined
    ? undefined
    : { start, end: start + found.length, text: `${found.charAt(0)}${value}${found.charAt(0)}` }
}

/** Lines below a `|` or `>`: the new ones are as long as the first old one, where there were several. */
function blockScalar({ text, start, node, value }: Place): Edit | undefined {
  const body = /[^\r\n]*(\r?\n)((?:[ \t]*\r?\n)*)( +)/y
  body.lastIndex = start
  const head = body.exec(text)
  if (head === null) return undefined
  const [all, lineBreak = '\n', , indent = ''] = head
  const from = start + all.length
  const lines = text.slice(from).split(lineBreak)
  const count = lines.findIndex((line, at) => at > 0 && line.trim() !== '' && !line.startsWith(indent))
  const content = (count < 0 ? lines : lines.slice(0, count)).join(lineBreak).trimEnd()
  if (content === '' || dense(content) !== dense(node.value)) return undefined
  const width = content.indexOf(lineBreak)
  const folds = node.style === 'literal' && width > 0
  const parts = folds ? (value.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [value]
  return { start: from, end: from + content.length, text: parts.join(`${lineBreak}${indent}`) }
}

/** A text without its spaces and line breaks. */
function dense(text: string): string {
  return text.replace(/\s/g, '')
}

/** Offset of a node in its segment's text; columns count characters, not UTF-16 units. */
export function offsetOf({ text, lines }: Segment, { line, column }: YamlNode): number {
  let at = lines[line - 1] ?? text.length
  for (let number = 1; number < column; number++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

function blockEntry(segment: Segment, mapping: YamlNode, key: string, value: string): Edit {
  const { text } = segment
  const [first] = mapping.content
  const last = mapping.content.at(-1)
  if (first === undefined || last?.kind !== 'scalar') throw notEditable('the last item before it is no text')
  const { end } = scalarEdit(segment, last, '')
  const lineBreak = /\r?\n/.exec(text)?.[0] ?? '\n'
  const found = text.indexOf(lineBreak, end)
  const at = found < 0 ? text.length : found
  const mark = quoteMarks[last.style ?? ''] ?? ''
  const line = `${' '.repeat(first.column - 1)}${keyText(key)}: ${mark}${value}${mark}`
  return { start: at, end: at, text: `${lineBreak}${line}` }
}

const quoteMarks: Readonly<Record<string, string>> = { double: '"', single: "'" }

function flowEntry(segment: Segment, mapping: YamlNode, key: string, value: string): Edit {
  const { text, format } = segment
  const name = mapping.content.at(-2)
  const last = mapping.content.at(-1)
  const json = format === 'json' || name?.style === 'double'
  const entry = (colon: string): string =>
    `${json ? quoteJson(key, { escapeHtml: false }) : keyText(key)}${colon}${json ? JSON.stringify(value) : value}`
  if (name === undefined || last === undefined) {
    const open = offsetOf(segment, mapping) + 1
    return { start: open, end: open, text: entry(': ') }
  }
  const nameAt = scalarEdit(segment, name, '')
  const lastAt = scalarEdit(segment, last, '')
  const before = /[,{](\s*)$/.exec(text.slice(0, nameAt.start))
  const colon = text.slice(nameAt.end, lastAt.start)
  if (before === null || !/^\s*:\s*$/.test(colon)) throw notEditable('comments stand between the items')
  return { start: lastAt.end, end: lastAt.end, text: `,${before[1] || (json ? '' : ' ')}${entry(colon)}` }
}

/** The edit that puts a member with a value of JSON in front of the others of a JSON object. */
export function prependEdit(segment: Segment, mapping: YamlNode, key: string, json: string): Edit {
  const { text, offset } = segment
  const start = offsetOf(segment, mapping) + 1
  const space = /^\s*/.exec(text.slice(start))?.[0] ?? ''
  const member = `${JSON.stringify(key)}: ${json}`
  const edit = mapping.content.length === 0 ? member : `${space}${member},`
  return { start: start + offset, end: start + offset, text: edit }
}

/** Keys of a Secret that YAML reads as text anywhere stand as they are. */
function keyText(key: string): string {
  return /^[A-Za-z_][-A-Za-z0-9_.]*$/.test(key) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(key)
    ? key
    : JSON.stringify(key)
}

/** A scalar and the text that it must have after an edit. */
interface EditedScalar {
  readonly node: YamlNode
  readonly value: string
}

/**
 * Compares an edited text with what it was made from: nothing but the edited scalars may differ, so that no mistake in
 * finding a scalar ever reaches a file.
 *
 * @throws NOT_EDITABLE
 */
export function checkEdited(
  before: readonly Segment[],
  after: readonly Segment[],
  edited: readonly EditedScalar[],
): void {
  const values = new Map(edited.map(({ node, value }) => [node, value]))
  const old = before.flatMap(({ documents }) => documents)
  const now = after.flatMap(({ documents }) => documents)
  if (old.length === now.length && old.every((node, at) => isSame(node, now[at], values))) return
  throw notEditable('the text around it would not be read as before')
}

function isSame(old: YamlNode, now: YamlNode | undefined, values: ReadonlyMap<YamlNode, string>): boolean {
  if (now === undefined || old.content.length !== now.content.length) return false
  const value = values.get(old)
  const text = value === undefined ? old.value === now.value : dense(now.value) === value
  return text && kept.every((field) => old[field] === now[field]) && old.content.every(same)

  function same(child: YamlNode, at: number): boolean {
    return isSame(child, now?.content[at], values)
  }
}

const kept = ['kind', 'style', 'tag', 'anchor', 'headComment', 'lineComment', 'footComment'] as const
