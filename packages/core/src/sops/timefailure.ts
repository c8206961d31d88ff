/** A part of RFC 3339: what Go's layout calls it, the characters that it takes, and its range. */
interface Part {
  readonly name: string
  readonly pattern: RegExp
  /** What Go says is out of range where the number is not below `below`. */
  readonly range?: readonly [what: string, from: number, below: number]
}

const parts: readonly Part[] = [
  { name: '2006', pattern: /^\d{4}/ },
  { name: '-', pattern: /^-/ },
  { name: '01', pattern: /^\d\d/, range: ['month', 1, 13] },
  { name: '-', pattern: /^-/ },
  { name: '02', pattern: /^\d\d/ },
  { name: 'T', pattern: /^T/ },
  { name: '15', pattern: /^\d\d?/, range: ['hour', 0, 24] },
  { name: ':', pattern: /^:/ },
  { name: '04', pattern: /^\d\d/, range: ['minute', 0, 60] },
  { name: ':', pattern: /^:/ },
  { name: '05', pattern: /^\d\d(?:[.,]\d+)?/, range: ['second', 0, 60] },
  { name: 'Z07:00', pattern: /^(?:Z|[+-]\d\d:\d\d)/ },
]

/** What Go's `time.Parse(time.RFC3339, text)` says of a text that is no such time. */
export function timeFailure(text: string): string {
  const failed = `parsing time ${quoted(text)}`
  let rest = text
  for (const { name, pattern, range } of parts) {
    const [found] = pattern.exec(rest) ?? []
    if (found === undefined) {
      return `${failed} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted(rest)} as ${quoted(name)}`
    }
    rest = rest.slice(found.length)
    const value = Math.trunc(Number(found.replace(',', '.')))
    if (range !== undefined && (value < range[1] || value >= range[2])) return `${failed}: ${range[0]} out of range`
  }
  return rest === '' ? `${failed}: day out of range` : `${failed}: extra text: ${quoted(rest)}`
}

/** As Go's time package quotes: control characters and what is not ASCII as the bytes that they are. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
    return byte < 0x20 || byte >= 0x80 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte)
  })
  return `"${bytes.join('')}"`
}
