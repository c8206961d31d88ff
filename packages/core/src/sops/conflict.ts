/** Two texts in one, as git writes them where it cannot merge. */
export interface Conflicted {
  readonly ours: string
  readonly theirs: string
}

/** What stands behind the markers. */
export interface Labels {
  readonly ours: string
  readonly theirs: string
}

const markers = { ours: '<<<<<<<', base: '|||||||', middle: '=======', theirs: '>>>>>>>' } as const

/** Writes two texts as one: what is the same once, the rest between git's conflict markers. */
export function conflictText({ ours, theirs }: Conflicted, labels: Labels): string {
  const [a, b] = [linesOf(ours), linesOf(theirs)]
  const parts: string[] = []
  let [left, right] = [0, 0]
  for (const [same, other] of [...commonLines(a, b), [a.length, b.length] as const]) {
    if (same > left || other > right) {
      parts.push(`${markers.ours} ${labels.ours}\n`, ...a.slice(left, same), `${markers.middle}\n`)
      parts.push(...b.slice(right, other), `${markers.theirs} ${labels.theirs}\n`)
    }
    if (same < a.length) parts.push(a[same] ?? '')
    ;[left, right] = [same + 1, other + 1]
  }
  return parts.join('')
}

/** The two texts of one with conflict markers; null for a text without. What an ancestor had (`diff3` style) is left out. */
export function splitConflict(text: string): Conflicted | null {
  const sides = { ours: [] as string[], theirs: [] as string[] }
  let part: keyof typeof markers | null = null
  let found = false
  for (const line of linesOf(text)) {
    const marker = markerOf(line, part)
    if (marker === 'theirs') part = null
    else if (marker !== null) part = marker
    if (marker !== null) found = true
    else {
      if (part === null || part === 'ours') sides.ours.push(line)
      if (part === null || part === 'middle') sides.theirs.push(line)
    }
  }
  return found && part === null ? { ours: sides.ours.join(''), theirs: sides.theirs.join('') } : null
}

/** The marker that a line is, where it can stand there. */
function markerOf(line: string, part: keyof typeof markers | null): keyof typeof markers | null {
  const starts = (marker: string): boolean => line.startsWith(`${marker} `) || line.trimEnd() === marker
  if (part === null) return starts(markers.ours) ? 'ours' : null
  if (part === 'ours' && starts(markers.base)) return 'base'
  if (part !== 'middle' && starts(markers.middle)) return 'middle'
  return part === 'middle' && starts(markers.theirs) ? 'theirs' : null
}

/** Lines with their line breaks; the last one gets one. */
function linesOf(text: string): string[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => (line.endsWith('\n') ? line : `${line}\n`))
}

/** Positions of the lines that two lists share, by the shortest edit script (Myers 1986). */
function commonLines(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let tail = 0
  while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const middle = shortestPath(a.slice(start, a.length - tail), b.slice(start, b.length - tail))
  return [
    ...Array.from({ length: start }, (_, at) => [at, at] as const),
    ...middle.map(([x, y]) => [x + start, y + start] as const),
    ...Array.from({ length: tail }, (_, at) => [a.length - tail + at, b.length - tail + at] as const),
  ]
}

/** Beyond so many edits the rest counts as one difference. */
const maximumEdits = 2000

function shortestPath(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const reached: Map<number, number>[] = []
  let last = new Map([[1, 0]])
  for (let edits = 0; edits <= Math.min(a.length + b.length, maximumEdits); edits++) {
    const next = new Map<number, number>()
    for (let k = -edits; k <= edits; k += 2) {
      let x = down(last, k, edits) ? (last.get(k + 1) ?? 0) : (last.get(k - 1) ?? 0) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      next.set(k, x)
      if (x >= a.length && x - k >= b.length) return trace([...reached, last], [a.length, b.length])
    }
    reached.push(last)
    last = next
  }
  return []
}

function down(reached: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  if (k === -edits) return true
  return k !== edits && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1)
}

/** The shared lines on the way back from the end. */
function trace(
  reached: readonly ReadonlyMap<number, number>[],
  [endX, endY]: readonly [number, number],
): (readonly [number, number])[] {
  const shared: (readonly [number, number])[] = []
  let [x, y] = [endX, endY]
  for (let edits = reached.length - 1; edits >= 0; edits--) {
    const row = reached[edits] ?? new Map()
    const k = x - y
    const previous = down(row, k, edits) ? k + 1 : k - 1
    const fromX = row.get(previous) ?? 0
    const fromY = fromX - previous
    while (x > fromX && y > fromY && x > 0 && y > 0) shared.push([--x, --y])
    if (edits > 0) [x, y] = [fromX, fromY]
  }
  return shared.reverse()
}
