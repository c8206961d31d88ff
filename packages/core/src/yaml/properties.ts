import { CoreError } from '../error.ts'
import type { YamlNode } from './node.ts'
import { resolveTag } from './resolve.ts'
import { longTag, shortTag } from './schema.ts'

/** The tag that a node is written with, empty for none; `quoted` = quotes say instead that it is a string. */
export interface WrittenTag {
  readonly tag: string
  readonly quoted: boolean
}

const NO_TAG: WrittenTag = { tag: '', quoted: false }
const QUOTED: WrittenTag = { tag: '', quoted: true }

/** A tag is written if it was before, or if the node would be read with another one without. */
export function writtenTag(node: YamlNode): WrittenTag {
  const { tag } = node
  if (tag === '' || node.kind === 'alias') return NO_TAG
  const written = { tag: longTag(tag), quoted: false }
  if (node.tagged) return written
  const short = shortTag(tag)
  if (node.kind === 'mapping') return short === '!!map' ? NO_TAG : written
  if (node.kind === 'sequence') return short === '!!seq' ? NO_TAG : written
  if (short === '!!str' && node.style !== undefined && node.style !== 'flow') return NO_TAG
  if (resolveTag(node.value) === short) return NO_TAG
  return short === '!!str' ? QUOTED : written
}

/** @throws CoreError UNSUPPORTED_VALUE if a name holds what no anchor can. */
export function checkAnchor(name: string, what: 'alias' | 'anchor'): void {
  if (/^[0-9A-Za-z_-]+$/.test(name)) return
  throw failure(`${what} value must ${name === '' ? 'not be empty' : 'contain alphanumerical characters only'}`)
}

/** The error for nodes that YAML cannot hold. */
export function failure(problem: string): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', `cannot write YAML: ${problem}`, { upstream: `yaml: ${problem}` })
}

/** A long tag as handle and suffix; no handle = it is written in full. */
export function splitTag(tag: string): [string, string] {
  if (tag.startsWith('!')) return ['!', tag.slice(1)]
  const short = shortTag(tag)
  return short === tag ? ['', tag] : ['!!', short.slice(2)]
}

/** Escapes what a tag cannot hold, byte by byte. */
export function escapeTag(tag: string): string {
  return tag.replace(/[^0-9A-Za-z_\-;/?:@&=+$,.~*'()[\]]/gu, (character) =>
    Array.from(new TextEncoder().encode(character), (octet) => {
      return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
    }).join(''),
  )
}
