import { validJson } from '@sealkit/core/go'
import { type ByteString, quoteBytes } from './bytes.ts'
import { isSimpleName, type Level, lastName, type Selector, selectors } from './path.ts'
import { arrayOf, exists, objectOf, stringOf } from './value.ts'

/** What a multipath comes to; without `json` the path is none, and goes on as `rest`. */
export interface Multipath {
  readonly json: ByteString | undefined
  readonly rest: ByteString
}

/** Builds the array `[a,b]` or the object `{"x":a,b}` at the beginning of a path from what its members find. */
export function multipath(json: ByteString, path: ByteString, { depth, find }: Level): Multipath {
  const parsed = selectors(path)
  // gjson forgets the path where it is not closed.
  if (parsed === undefined) return { json: undefined, rest: '' }
  const { members, rest } = parsed
  if (rest !== '' && !/^[|.]/.test(rest)) return { json: undefined, rest }
  const inObject = path.startsWith('{')
  const parts: ByteString[] = []
  for (const member of members) {
    const value = find(json, member.path, depth + 1)
    if (!exists(value)) continue
    const text = value.raw === '' ? stringOf(value) : value.raw
    parts.push((inObject ? `${memberName(member)}:` : '') + (text === '' ? 'null' : text))
  }
  return { json: inObject ? objectOf(parts) : arrayOf(parts), rest }
}

function memberName({ name, path }: Selector): ByteString {
  if (name.startsWith('"') && validJson(name)) return name
  if (name !== '') return quoteBytes(name)
  const last = lastName(path)
  return isSimpleName(last) ? quoteBytes(last) : '"_"'
}
