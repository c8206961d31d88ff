import { setTimeout as delay } from 'node:timers/promises'

/**
 * Looks again and again until what is seen satisfies `test`, and gives it: for what another process or a loop does in its
 * own time. A look that throws has seen nothing yet.
 *
 * Fails with what was seen last after `timeoutMs`, which is long: only a failure waits for it.
 */
export async function eventually<Value>(
  look: () => Value | Promise<Value>,
  test: (value: Value) => boolean = Boolean,
  timeoutMs = 120_000,
): Promise<Value> {
  let last: unknown
  let cause: unknown
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await delay(20)) {
    try {
      const value = await look()
      if (test(value)) return value
      last = value
      cause = undefined
    } catch (error) {
      cause = error
    }
  }
  throw new Error(`what was waited for did not come; last seen: ${JSON.stringify(last)}`, { cause })
}
