import { emitDocuments } from '../../yaml/emit.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { parseDocuments } from '../../yaml/parse.ts'
import { sameValue } from '../compare.ts'
import type { SopsFile } from '../encrypt.ts'
import { type Branch, branch, type Comment, comment, isBranch, isComment, isList, type Value } from '../tree.ts'
import { yamlStore } from './yaml.ts'
import { valueNode } from './yamlnode.ts'

/**
 * Puts values into a YAML text and leaves everything else of it as it is: indentation, empty lines, quotes, flow style,
 * anchors, tags. Null where that cannot be done: entries came, went or moved, or a changed value stands behind an alias.
 *
 * What comes back was read again: it holds these documents and nothing else.
 */
export function keepLayout(text: string, documents: readonly Branch[]): string | null {
  const store = yamlStore(0)
  const before = store.load(Buffer.from(text))
  const nodes = parseDocuments(text)
  if (before.length !== documents.length || nodes.length !== documents.length) return null
  const layout = new Layout(text)
  const wanted = documents.map((document, at) => withComments(before[at] ?? document, document) as Branch)
  const fits = wanted.every((document, at) => {
    const [old, root] = [before[at], nodes[at]?.content[0]]
    return old !== undefined && root !== undefined && layout.change(root, { before: old, after: document }, false)
  })
  if (!fits) return null
  const kept = layout.text()
  return readsAs(kept, wanted) ? kept : null
}

/** Encrypted comments of lists are texts in the tree; where a comment stood they become comments again. */
function withComments(before: Value, after: Value): Value {
  if (isComment(before) && typeof after === 'string') return comment(after, before.inline)
  if (isList(before) && isList(after)) return after.map((value, at) => withComments(before[at] ?? null, value))
  if (!isBranch(before) || !isBranch(after)) return after
  return branch(
    after.items.map(({ key, value }, at) => ({ key, value: withComments(before.items[at]?.value ?? null, value) })),
  )
}

function readsAs(text: string, documents: readonly Branch[]): boolean {
  try {
    return sameValue(yamlStore(0).load(Buffer.from(text)), documents)
  } catch {
    return false
  }
}

/** The text of a plain YAML file with its values encrypted, and the `sops` block at its end; null as {@link keepLayout}. */
export function encryptedLayout(text: string, file: SopsFile): string | null {
  if (file.documents.length !== 1) return null
  const kept = keepLayout(text, file.documents)
  if (kept === null) return null
  const block = Buffer.from(yamlStore(0).emitEncrypted({ ...file, documents: [branch([])] })).toString()
  // A comment at the end would be read as one above the block.
  const gap = /(?:^|\n)[ \t]*#[^\n]*\n?$/.test(kept) ? '\n' : ''
  const whole = `${kept}${kept.endsWith('\n') ? '' : '\n'}${gap}${block}`
  const read = loadedOrNull(whole)
  return read !== null && sameValue(read.documents, yamlStore(0).load(Buffer.from(kept))) ? whole : null
}

/** The text of an encrypted YAML file with its values decrypted, and without its `sops` block; null as {@link keepLayout}. */
export function plainLayout(text: string, documents: readonly Branch[]): string | null {
  const body = withoutBlock(text)
  return body === null || documents.length !== 1 ? null : keepLayout(body, documents)
}

/** The text of an encrypted YAML file with other ciphertext and another `sops` block; null as {@link keepLayout}. */
export function changedLayout(text: string, file: SopsFile): string | null {
  const body = withoutBlock(text)
  return body === null ? null : encryptedLayout(body, file)
}

/** What stands before the `sops` block; null where something stands behind it. */
function withoutBlock(text: string): string | null {
  const at = text.search(/^sops:[ \t]*\r?\n/m)
  return at < 0 || /^[^ \t\r\n#s]/m.test(text.slice(at)) ? null : text.slice(0, at)
}

function loadedOrNull(text: string): SopsFile | null {
  try {
    return yamlStore(0).loadEncrypted(Buffer.from(text))
  } catch {
    return null
  }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Edits of one text, found by walking its nodes beside the old and the new tree. */
class Layout {
  readonly #text: string
  readonly #lines: readonly number[]
  readonly #edits: Edit[] = []
  #commentFrom = 0

  constructor(text: string) {
    this.#text = text
    this.#lines = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  }

  text(): string {
    const sorted = this.#edits.toSorted((a, b) => b.start - a.start)
    return sorted.reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), this.#text)
  }

  /** Notes what changes below a node; false where it cannot be done in place. */
  change(node: YamlNode, { before, after }: Values, flow: boolean): boolean {
    if (node.kind === 'alias') return sameValue(before, after)
    if (node.kind === 'scalar') return sameValue(before, after) || this.#scalar(node, after, flow)
    const inside = flow || node.style === 'flow'
    if (node.kind === 'mapping')
      return isBranch(before) && isBranch(after) && this.#mapping(node, before, after, inside)
    return isList(before) && isList(after) && this.#sequence(node, before, after, inside)
  }

  #mapping(node: YamlNode, before: Branch, after: Branch, flow: boolean): boolean {
    if (before.items.length !== after.items.length) return false
    let at = 0
    return before.items.every((old, index) => {
      const fresh = after.items[index]
      if (fresh === undefined) return false
      if (isComment(old.key)) return isComment(fresh.key) && this.#comment(old.key, fresh.key)
      if (!sameValue(old.key, fresh.key)) return false
      const value = node.content[at + 1]
      at += 2
      return value !== undefined && this.change(value, { before: old.value, after: fresh.value }, flow)
    })
  }

  #sequence(node: YamlNode, before: readonly Value[], after: readonly Value[], flow: boolean): boolean {
    if (before.length !== after.length) return false
    let at = 0
    return before.every((old, index) => {
      const fresh = after[index] ?? null
      if (isComment(old)) return isComment(fresh) && this.#comment(old, fresh)
      const item = node.content[at++]
      return item !== undefined && this.change(item, { before: old, after: fresh }, flow)
    })
  }

  /** Comments are in the text in the order of the tree, so the next one with this text is meant. */
  #comment(old: Comment, fresh: Comment): boolean {
    const found = this.#text.indexOf(`#${old.text}`, this.#commentFrom)
    if (found < 0) return false
    const end = found + 1 + old.text.length
    this.#commentFrom = end
    if (old.text !== fresh.text) this.#edits.push({ start: found + 1, end, text: fresh.text })
    return true
  }

  #scalar(node: YamlNode, after: Value, flow: boolean): boolean {
    if (isBranch(after) || isList(after) || isComment(after)) return false
    const start = this.#start(node)
    const end = this.#end(node, start)
    if (end === null) return false
    this.#edits.push({ start, end, text: scalarText(after, flow) })
    return true
  }

  /** Where a scalar's own text starts, behind its tag and anchor, which stay. */
  #start(node: YamlNode): number {
    const start = this.#offset(node)
    if (node.tagged !== true && node.anchor === undefined) return start
    const properties = /(?:[!&][^\s,\]}]*[ \t]+)+/y
    properties.lastIndex = start
    return start + (properties.exec(this.#text)?.[0].length ?? 0)
  }

  #offset({ line, column }: YamlNode): number {
    let at = this.#lines[line - 1] ?? this.#text.length
    for (let number = 1; number < column; number++) at += (this.#text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
    return at
  }

  /** Where a scalar ends; null where its text is not what its node says. */
  #end(node: YamlNode, start: number): number | null {
    const { style } = node
    if (style === 'literal' || style === 'folded') return this.#blockEnd(start)
    if (style === 'double' || style === 'single') {
      const expression = style === 'double' ? /"(?:[^"\\]|\\.)*"/suy : /'(?:[^']|'')*'/suy
      expression.lastIndex = start
      const found = expression.exec(this.#text)?.[0]
      return found === undefined ? null : start + found.length
    }
    return node.value !== '' && this.#text.startsWith(node.value, start) ? start + node.value.length : null
  }

  /** A block goes on while lines are empty or as deep as its first one; empty lines at its end stay. */
  #blockEnd(start: number): number | null {
    const lines = this.#text.slice(start).split('\n')
    const indent = /^ */.exec(lines.slice(1).find((line) => line.trim() !== '') ?? '')?.[0].length ?? 0
    if (indent === 0) return null
    let last = 0
    for (let at = 1; at < lines.length; at++) {
      const line = lines[at] ?? ''
      if (line.trim() === '') continue
      if (!line.startsWith(' '.repeat(indent))) break
      last = at
    }
    return start + lines.slice(0, last + 1).join('\n').length
  }
}

interface Values {
  readonly before: Value
  readonly after: Value
}

/** A scalar on one line, in whatever quotes it needs. */
function scalarText(value: Value, flow: boolean): string {
  const line = /^- ([^\n]*)\n$/.exec(emitDocuments([valueNode([value])], { indent: 4 }))?.[1]
  const special = line === undefined || /^[|>]/.test(line) || (flow && typeof value === 'string')
  return special ? JSON.stringify(String(value)) : line
}
