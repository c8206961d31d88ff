/**
 * Go-yaml's order of string keys: letters by code, other characters before letters, and runs of digits by their value
 * (`a2` before `a10`).
 *
 * @returns a negative number if `a` comes first, for `Array.prototype.sort`
 */
export function compareNaturally(a: string, b: string): number {
  if (a === b) return 0
  return less(Array.from(a), Array.from(b)) ? -1 : Number(less(Array.from(b), Array.from(a)))
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
