import { isPrint } from '@sealkit/core/go'
import { decodeRune, runeWidth } from '../utf8.ts'

const HTML: Readonly<Record<string, string>> = {
  '\0': '\xef\xbf\xbd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

/** Go's template.HTMLEscapeString. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => HTML[char] ?? char)
}

const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

/** Go's template.JSEscapeString. */
export function escapeJs(text: string): string {
  if (!/[\\'"<>&=\x00-\x1f\x80-\xff]/.test(text)) return text
  let out = ''
  for (let at = 0; at < text.length; at += runeWidth(text, at)) {
    const rune = decodeRune(text, at)
    const char = text[at] ?? ''
    if (rune >= 0x80) out += isPrint(rune) ? text.slice(at, at + runeWidth(text, at)) : `\\u${hex(rune)}`
    else out += JS[char] ?? (rune < 0x20 ? `\\u${hex(rune)}` : char)
  }
  return out
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0')
}

/** Go's url.QueryEscape. */
export function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.~]/g, (char) => {
    return char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
