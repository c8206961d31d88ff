import { failure } from '../error.ts'
import { fromText, isAscii, runes, runeWidth, toText } from '../utf8.ts'
import { Dict, type Value } from '../value.ts'
import type { Context } from './row.ts'

const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

// By hand: a pattern for space at the end takes quadratic time on a text full of space.
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.test(text[start] ?? '')) start++
  while (end > start && SPACE.test(text[end - 1] ?? '')) end--
  return text.slice(start, end)
}

/** Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  if (!isAscii(text)) return fromText(trimmed(toText(text)))
  return trimmed(text)
}

/** Go's strings.Trim: without the characters of a set around the text. */
export function trimSet(text: string, set: string): string {
  const members = new Set(runes(set))
  const starts: number[] = []
  const codes = runes(text)
  for (let at = 0; at < text.length; at += runeWidth(text, at)) starts.push(at)
  let first = 0
  let last = codes.length
  while (first < last && members.has(codes[first] ?? -1)) first++
  while (last > first && members.has(codes[last - 1] ?? -1)) last--
  return text.slice(starts[first] ?? text.length, starts[last] ?? text.length)
}

/** Go's strings.TrimSuffix. */
export function trimSuffix(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, text.length - end.length) : text
}

/** Go's strings.TrimPrefix. */
export function trimPrefix(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text
}

/** Go's strings.Repeat, charged before it is made. */
export function repeat(text: string, count: bigint, context: Context): string {
  if (count < 0n) failure('strings: negative Repeat count', true)
  if (BigInt(text.length) * count > 2n ** 63n - 1n) failure('strings: Repeat output length overflow', true)
  context.charge(text.length * Number(count))
  return text.repeat(text === '' ? 0 : Number(count))
}

/** Each line of a text behind so many spaces. */
export function indent(spaces: bigint, text: string, context: Context): string {
  const pad = repeat(' ', spaces, context)
  return pad + replaceAll(text, '\n', { by: `\n${pad}`, context })
}

/** Go's strings.ReplaceAll, charged before it is made. */
export function replaceAll(text: string, old: string, { by, context }: { by: string; context: Context }): string {
  chargeSearch(text, old, context)
  const parts = old === '' ? ['', ...split(text, '', -1), ''] : text.split(old)
  if (text === '' && old === '') return by
  context.charge((parts.length - 1) * by.length)
  return parts.join(by)
}

/** A search may compare each byte of one text with each of the other. */
export function chargeSearch(text: string, part: string, context: Context): void {
  context.charge(Math.floor((text.length * part.length) / 1024))
}

/** The parts of a text, charged. */
export function splitText(text: Value, by: Value, { count, context }: { count: number; context: Context }): string[] {
  chargeSearch(text as string, by as string, context)
  const parts = split(text as string, by as string, count)
  context.charge(16 * parts.length)
  return parts
}

/** Go's strings.SplitN. */
function split(text: string, by: string, count: number): string[] {
  if (count === 0) return []
  const parts = by === '' ? characters(text) : text.split(by)
  if (count < 0 || parts.length <= count) return parts
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(by)]
}

function characters(text: string): string[] {
  if (isAscii(text)) return [...text]
  const out: string[] = []
  for (let at = 0; at < text.length; ) {
    const width = runeWidth(text, at)
    out.push(text.slice(at, at + width))
    at += width
  }
  return out
}

/** Parts as a map with the keys `_0`, `_1`, ... */
export function numbered(parts: readonly string[]): Dict {
  return new Dict('string', new Map(parts.map((part, i) => [`_${i}`, part])))
}

/** Go's strings.Join, charged before it is made. */
export function join(parts: readonly string[], by: string, context: Context): string {
  context.charge(Math.max(parts.length - 1, 0) * by.length)
  return parts.join(by)
}
