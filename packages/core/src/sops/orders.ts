/** The orders that the keys of one map may have had, the likely ones first; some come twice. */
export interface KeyOrders {
  /** How many there are; `Infinity` for more than can be counted. */
  readonly count: number
  /** How many of them are likely. */
  readonly likely: number
  at(index: number): readonly string[]
}

/** For each map the index of one of its orders. */
export type Choice = readonly number[]

/** The orders of some keys. */
export function keyOrders(keys: readonly string[], likely: readonly (readonly string[])[]): KeyOrders {
  const sorted = keys.toSorted()
  const first = [sorted, ...likely.map((names) => ordered(sorted, names))]
  return {
    count: first.length + factorial(keys.length),
    likely: first.length,
    at: (index) => first[index] ?? permutation(sorted, index - first.length),
  }
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
 * Combinations of the maps' orders, the likely ones first: all maps in the same manner; each in any likely manner; one
 * map in any order and the others in the same manner; all in any order. Some come twice. Ends with `incomplete` where
 * the budget does not reach for every combination.
 */
export function* choices(maps: readonly KeyOrders[], budget: number): Generator<Choice | 'incomplete'> {
  const manners = Math.max(1, ...maps.map(({ likely }) => likely))
  let spent = 0
  for (let manner = 0; manner < manners; manner += 1) {
    spent += 1
    yield maps.map(({ likely }) => Math.min(manner, likely - 1))
  }
  for (const { size, orders, whole } of stages(maps, manners)) {
    if (spent + size > budget) {
      if (whole) yield 'incomplete'
      continue
    }
    spent += size
    yield* orders()
  }
}

interface Stage {
  readonly size: number
  readonly orders: () => Generator<Choice>
  /** Every combination there is. */
  readonly whole?: true
}

function stages(maps: readonly KeyOrders[], manners: number): Stage[] {
  const sizeOf = (counts: readonly number[]): number => counts.reduce((size, count) => size * count, 1)
  const [likely, all] = [maps.map((map) => map.likely), maps.map(({ count }) => count)]
  const singles = maps.map(({ count }, index) => ({
    size: count * manners,
    orders: () => single(maps, index, manners),
  }))
  return [
    { size: sizeOf(likely), orders: () => product(likely) },
    ...(maps.length === 1 ? [] : singles),
    { size: sizeOf(all), orders: () => product(all), whole: true },
  ]
}

/** One map in every order, the others in the same manner. */
function* single(maps: readonly KeyOrders[], index: number, manners: number): Generator<Choice> {
  for (let manner = 0; manner < manners; manner += 1) {
    const uniform = maps.map(({ likely }) => Math.min(manner, likely - 1))
    for (let order = 0; order < (maps[index]?.count ?? 0); order += 1) yield uniform.with(index, order)
  }
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
