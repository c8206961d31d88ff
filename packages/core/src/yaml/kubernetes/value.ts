import { formatFloat } from '../../go/float.ts'
import { quote } from '../../go/quote.ts'
import { compareUtf8 } from '../../go/utf8.ts'

/** What go-yaml v2 decodes into `any`: nil, bool, int or uint64 (bigint), float64 (number), string, list or map. */
export type GoValue = null | boolean | bigint | number | string | GoValue[] | GoMap

/** A `map[interface {}]interface {}`: keys are equal if type and value are. */
export class GoMap {
  private readonly entries = new Map<string, readonly [GoValue, GoValue]>()

  set(key: GoValue, value: GoValue): void {
    this.entries.set(this.identity(key), [key, value])
  }

  values(): Iterable<readonly [GoValue, GoValue]> {
    return this.entries.values()
  }

  private identity(key: GoValue): string {
    // NaN equals nothing, not even itself.
    return Number.isNaN(key) ? `NaN ${this.entries.size}` : `${typeof key} ${key}`
  }
}

/** Whether an integer is beyond int64, and so a uint64 in Go. */
export function isUint(value: bigint): boolean {
  return value > 0x7fff_ffff_ffff_ffffn
}

/** Go's name of a value's type. */
export function typeName(value: GoValue): string {
  if (value === null) return '%!s(<nil>)'
  if (typeof value === 'bigint') return isUint(value) ? 'uint64' : 'int'
  if (typeof value === 'number') return 'float64'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** A value in Go syntax (`%#v`), as Go's error texts show it. */
export function goSyntax(value: GoValue, nested = false): string {
  if (value === null) return nested ? 'interface {}(nil)' : '<nil>'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return formatFloat(value, 'g')
  if (typeof value === 'bigint') return isUint(value) ? `0x${value.toString(16)}` : String(value)
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map((item) => goSyntax(item, true)).join(', ')}}`
  const entries = [...value.values()].sort(([a], [b]) => compareKeys(a, b))
  const members = entries.map(([key, item]) => `${goSyntax(key, true)}:${goSyntax(item, true)}`)
  return `map[interface {}]interface {}{${members.join(', ')}}`
}

/** How Go's linker lays out the types, which is how fmt orders keys of different types. */
const TYPES: readonly string[] = ['string', 'uint64', 'int', 'float64', 'bool']

/** The order in which fmt prints a map: by type, nil first, then by value. */
function compareKeys(a: GoValue, b: GoValue): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b)
  const types = TYPES.indexOf(typeName(a)) - TYPES.indexOf(typeName(b))
  if (types !== 0) return types
  return a < b ? -1 : Number(a > b)
}
