/** A stretch of a layout: literal text, then one element (empty after the last). */
export interface LayoutChunk {
  readonly prefix: string
  readonly element: string
}

// Alternatives in the order in which Go tries them at one position. "Jan" and "Mon" are none before a lower-case
// letter, "_2006" is an underscore and a year, and a fraction must not be followed by a digit.
const ELEMENT = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST',
    '0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm',
    '-070000|-07:00:00|-0700|-07:00|-07',
    'Z070000|Z07:00:00|Z0700|Z07:00|Z07',
    '[.,](?:0+|9+)(?![0-9])',
  ].join('|'),
  'g',
)

/** Splits a Go layout (`2006-01-02T15:04:05Z07:00`) into its elements with the text before each. */
export function layoutChunks(layout: string): LayoutChunk[] {
  const chunks: LayoutChunk[] = []
  let at = 0
  for (const match of layout.matchAll(ELEMENT)) {
    chunks.push({ prefix: layout.slice(at, match.index), element: match[0] })
    at = match.index + match[0].length
  }
  chunks.push({ prefix: layout.slice(at), element: '' })
  return chunks
}
