import type { YamlNode } from '@sealkit/core/yaml'
import type { SealedItem, Segment } from './objects.ts'
import { type Edit, notEditable, offsetOf, scalarEdit } from './splice.ts'

/**
 * The edit that takes an entry out of its mapping, with the comment on its line. A mapping that loses its last entry
 * becomes `{}`.
 *
 * @throws NOT_EDITABLE for anchors, merged entries, and where a comment or an unknown layout stands in the way
 */
export function removeEdit(segment: Segment, mapping: YamlNode, { name, value }: SealedItem): Edit {
  const at = mapping.content.indexOf(name)
  if (at < 0) throw notEditable('it is merged from another mapping')
  const place: Place = {
    text: segment.text,
    start: offsetOf(segment, name),
    end: scalarEdit({ ...segment, offset: 0 }, value, '').end,
    first: at === 0,
    only: mapping.content.length === 2,
  }
  const { start, end, text } = mapping.style === 'flow' ? flowEdit(place) : blockEdit(place)
  return { start: start + segment.offset, end: end + segment.offset, text }
}

/** Where an entry stands: from its key's first character to behind its value. */
interface Place {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly first: boolean
  readonly only: boolean
}

function blockEdit({ text, start, end, only }: Place): Edit {
  const line = text.lastIndexOf('\n', start - 1) + 1
  if (text.slice(line, start).trim() !== '') throw notEditable('it shares its line with something else')
  const tail = /[^\n]*\n?/y
  tail.lastIndex = end
  const rest = tail.exec(text)?.[0] ?? ''
  if (!only) return { start: line, end: end + rest.length, text: '' }
  // A mapping of nothing needs braces: behind its key, or in the place of its entry where comments stand between.
  const gap = /:[ \t]*\r?\n\s*$/.exec(text.slice(0, start))
  if (gap === null) return { start, end, text: '{}' }
  return { start: gap.index + 1, end: end + rest.replace(/\r?\n$/, '').length, text: ' {}' }
}

function flowEdit({ text, start, end, first, only }: Place): Edit {
  const before = /\s*$/.exec(text.slice(0, start))?.index ?? start
  const after = /^\s*,?\s*/.exec(text.slice(end))?.[0] ?? ''
  if (only) return { start: before, end: end + after.length, text: '' }
  if (!first && text[before - 1] === ',') return { start: before - 1, end, text: '' }
  if (first && after.includes(',')) return { start, end: end + after.length, text: '' }
  throw notEditable('comments stand between the items')
}
