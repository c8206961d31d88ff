/** A condition of an object's status, as `metav1.Condition`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number
  /** RFC 3339; changes only when `status` does. */
  readonly lastTransitionTime?: string
  readonly [field: string]: unknown
}

/** The condition of this type, if there is one. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/**
 * The conditions with one set, in its old place or at the end. Its `lastTransitionTime` is `now` where the status flips,
 * else what it was. The result is the given list itself where nothing changes, so that callers can skip the write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  now: Date,
): readonly Condition[] {
  const last = findCondition(conditions, condition.type)
  const same = last?.status === condition.status && last.lastTransitionTime !== undefined
  const next = { ...condition, lastTransitionTime: same ? last.lastTransitionTime : timestamp(now) }
  if (conditions === undefined || last === undefined) return [...(conditions ?? []), next]
  if (equal(last, next)) return conditions
  return conditions.map((each) => (each === last ? next : each))
}

/** A time as Kubernetes writes it: RFC 3339 in UTC, whole seconds. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}

function equal(one: Condition, other: Condition): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => one[name] === other[name])
}
