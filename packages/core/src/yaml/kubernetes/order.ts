import { compareUtf8 } from '../../go/utf8.ts'

/** Up to here Go sorts by insertion. */
const INSERTION = 12

/**
 * Sorts by string keys in go-yaml's order: letters by code, other characters before letters, and runs of digits by their
 * value (`a2` before `a10`).
 *
 * That is no order for some sets of keys (`5s`, `50%`, `1Gi`), where Go's answer depends on the order of its map. Short
 * lists are sorted by insertion as there, from the order of their bytes (sigs.k8s.io/yaml comes by way of JSON, whose keys
 * are sorted), so that ours is one of Go's answers.
 */
export function sortNaturally<Entry extends readonly [unknown, unknown]>(entries: Iterable<Entry>): Entry[] {
  const byBytes = Array.from(entries).sort(([a], [b]) => compareUtf8(String(a), String(b)))
  const sorted = byBytes.map((entry) => ({ entry, key: Array.from(String(entry[0])) }))
  if (sorted.length > INSERTION) sorted.sort((a, b) => (less(a.key, b.key) ? -1 : Number(less(b.key, a.key))))
  else {
    for (let i = 1; i < sorted.length; i++) {
      for (let j = i; j > 0; j--) {
        const [left, right] = sorted.slice(j - 1, j + 1)
        if (left === undefined || right === undefined || !less(right.key, left.key)) break
        sorted.splice(j - 1, 2, right, left)
      }
    }
  }
  return sorted.map(({ entry }) => entry)
}

function less(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a[i] ?? '', b[i] ?? '']
    if (x === y) continue
    const [xLetter, yLetter] = [isLetter(x), isLetter(y)]
    if (xLetter && yLetter) return code(x) < code(y)
    if (xLetter || yLetter) return yLetter
    // Behind other digits a zero counts, at the front it does not.
    const start = (x === '0' || y === '0') && followsNumber(a, i) ? 1n : 0n
    const [left, right] = [takeNumber(a, i, start), takeNumber(b, i, start)]
    if (left.value !== right.value) return left.value < right.value
    if (left.end !== right.end) return left.end < right.end
    return code(x) < code(y)
  }
  return a.length < b.length
}

function followsNumber(text: readonly string[], end: number): boolean {
  for (let i = end - 1; i >= 0 && isDigit(text[i] ?? ''); i--) if (text[i] !== '0') return true
  return false
}

/** A run of digits, of any script, in Go's 64-bit arithmetic. */
function takeNumber(text: readonly string[], from: number, start: bigint): { value: bigint; end: number } {
  let value = start
  let end = from
  for (; end < text.length && isDigit(text[end] ?? ''); end++) {
    value = BigInt.asIntN(64, value * 10n + BigInt(code(text[end] ?? '') - 0x30))
  }
  return { value, end }
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character)
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character)
}
