/** The orders that the keys of one map may have had, the likely ones first. */
export interface KeyOrders {
  /** How many keys there are. */
  readonly keys: number
  /** How many orders there are, some of them twice; `Infinity` for more than can be counted. */
  readonly count: number
  /** How many of them are likely. */
  readonly likely: number
  at(index: number): readonly string[]
}

/** For each map the index of one of its orders. */
export type Choice = readonly number[]

/** So many keys have so few orders that none is listed twice. */
const fewKeys = 4

/** The orders of some keys: as they stand, sorted, as is likely, and all. */
export function keyOrders(keys: readonly string[], likely: readonly (readonly string[])[]): KeyOrders {
  const sorted = [...keys].sort()
  const first = distinct([keys, sorted, ...likely.map((names) => ordered(sorted, names))])
  const all = factorial(keys.length)
  if (keys.length > fewKeys) {
    const at = (index: number): readonly string[] => first[index] ?? permutation(sorted, index - first.length)
    return { keys: keys.length, count: first.length + all, likely: first.length, at }
  }
  const orders = distinct([...first, ...Array.from({ length: all }, (_, index) => permutation(sorted, index))])
  return { keys: keys.length, count: orders.length, likely: first.length, at: (index) => orders[index] ?? sorted }
}

function distinct(orders: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(orders.map((order) => [JSON.stringify(order), order])).values()]
}

function ordered(sorted: readonly string[], names: readonly string[]): readonly string[] {
  const known = names.filter((name) => sorted.includes(name))
  return [...known, ...sorted.filter((key) => !known.includes(key))]
}

function factorial(n: number): number {
  return n > 18 ? Number.POSITIVE_INFINITY : n <= 1 ? 1 : n * factorial(n - 1)
}

/** The permutation of this number in lexicographic order. */
function permutation(items: readonly string[], number: number): readonly string[] {
  const rest = [...items]
  let left = number
  return items.map((_, place) => {
    const radix = factorial(items.length - 1 - place)
    const [taken = ''] = rest.splice(Math.floor(left / radix), 1)
    left %= radix
    return taken
  })
}

/**
 * Combinations of the maps' orders in stages: the likely orders of each map; with all of those of small maps; with all
 * of one large map; all. A stage that the budget does not reach for is left out; some combinations come twice. Ends with
 * `incomplete` where not every combination came.
 */
export function* choices(maps: readonly KeyOrders[], budget: number): Generator<Choice | 'incomplete'> {
  let spent = 0
  for (const radices of stages(maps)) {
    const size = sizeOf(radices)
    if (spent + size > budget) continue
    spent += size
    yield* product(radices)
    if (radices.every((radix, index) => radix === maps[index]?.count)) return
  }
  yield 'incomplete'
}

/** For each stage how many orders of each map it combines. */
function stages(maps: readonly KeyOrders[]): readonly (readonly number[])[] {
  const full = (most: number): number[] => maps.map(({ keys, count, likely }) => (keys <= most ? count : likely))
  const base = [0, 2, 3].map(full)
  const large = base.flatMap((radices) =>
    maps.flatMap(({ keys, count }, index) => (keys > 2 ? [radices.with(index, count)] : [])),
  )
  const all = [...base, ...large, full(fewKeys), maps.map(({ count }) => count)]
  return [...new Map(all.map((radices) => [radices.join(), radices])).values()]
}

function sizeOf(radices: readonly number[]): number {
  return radices.reduce((size, radix) => size * radix, 1)
}

function* product(sizes: readonly number[]): Generator<Choice> {
  const choice = sizes.map(() => 0)
  for (;;) {
    yield [...choice]
    let place = 0
    while (place < choice.length && (choice[place] ?? 0) + 1 >= (sizes[place] ?? 0)) choice[place++] = 0
    if (place === choice.length) return
    choice[place] = (choice[place] ?? 0) + 1
  }
}
