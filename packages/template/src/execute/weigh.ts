import { Dict, List, type Value } from '../value.ts'

/** Functions with parameters of any type that look at the value itself, and at nothing inside it. */
const SHALLOW: ReadonlySet<string> = new Set(
  (
    'and or not call index slice len list tuple append mustAppend push mustPush prepend mustPrepend chunk mustChunk ' +
    'first mustFirst last mustLast rest mustRest initial mustInitial reverse mustReverse compact mustCompact concat ' +
    'mustSlice dict get set unset hasKey pluck keys values pick omit default empty coalesce all any ternary typeOf ' +
    'typeIs typeIsLike kindOf kindIs int int64 float64 add add1 sub mul div mod max min biggest add1f addf subf mulf ' +
    'divf maxf minf floor ceil round lt le gt ge dig'
  ).split(' '),
)

/** Whether a function goes through all that its arguments hold, so that they must be weighed first. */
export function walksArguments(name: string): boolean {
  return !SHALLOW.has(name)
}

/**
 * Charges for all that a value holds, as often as it holds it: a list that holds another one twice, which holds a third
 * one twice, and so on, prints as more text than any machine has.
 */
export function weigh(value: Value, charge: (amount: number) => void): void {
  if (value instanceof List) {
    charge(4 * value.items.length + 1)
    for (const item of value.items) if (typeof item === 'object') weigh(item, charge)
  } else if (value instanceof Dict) {
    charge(8 * value.entries.size + 1)
    for (const item of value.entries.values()) if (typeof item === 'object') weigh(item, charge)
  }
}
