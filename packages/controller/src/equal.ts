/** Whether two JSON values are the same; the order of an object's keys does not count, and undefined is absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [present(a), present(b)]
  if (left.length !== right.length) return false
  return left.every(([key, value]) => Object.hasOwn(b, key) && equal(value, Reflect.get(b, key)))
}

function present(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined)
}
