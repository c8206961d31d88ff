import { type Key, keyText } from '@sealkit/kubernetes'
import type { Controller } from './manager.ts'
import { TerminalError } from './reconcile.ts'

/** An object that could not be brought to what it says. */
export interface Failure {
  readonly controller: string
  readonly key: Key
  readonly error: unknown
  readonly attempts: number
}

/** Watches a run until nothing is left to do. */
export interface Settling {
  /** Puts the watch into controllers; work that goes on for ever (renewing keys) is left out. */
  prepare(controllers: readonly Controller[]): readonly Controller[]
  /** Begins to look whether all is done; to be called when every object was seen once. */
  begin(): void
  failures(): readonly Failure[]
  /** How many objects were looked at. */
  reconciled(): number
}

/** An object that failed so often, waits between, will fail again: a one-shot run gives up on it. */
const attempts = 3

/** All must be done at so many looks in a row: what one object changed is work for another a moment later. */
const quietLooks = 5
const lookEvery = 20

/** Calls `done` once every queue is empty and every object has succeeded, or failed for good. */
export function settling(done: () => void): Settling {
  const seen = new Set<string>()
  const failed = new Map<string, Failure>()
  let watched: readonly Controller[] = []

  const isDone = (): boolean =>
    watched.every(({ queue }) => queue.size === 0 && queue.active === 0) && [...failed.values()].every(isFinal)

  return {
    prepare(controllers) {
      watched = controllers.map((controller) => watchedController(controller, seen, failed))
      return watched
    },
    begin() {
      let quiet = 0
      const timer = setInterval(() => {
        quiet = isDone() ? quiet + 1 : 0
        if (quiet < quietLooks) return
        clearInterval(timer)
        done()
      }, lookEvery)
    },
    failures: () => [...failed.values()],
    reconciled: () => seen.size,
  }
}

function watchedController(controller: Controller, seen: Set<string>, failed: Map<string, Failure>): Controller {
  const { background: _, reconcile, ...rest } = controller
  return {
    ...rest,
    async reconcile(key, signal, priority) {
      const id = `${controller.name} ${keyText(key)}`
      seen.add(id)
      try {
        const result = await reconcile(key, signal, priority)
        failed.delete(id)
        return result
      } catch (error) {
        const before = failed.get(id)?.attempts ?? 0
        failed.set(id, { controller: controller.name, key, error, attempts: before + 1 })
        throw error
      }
    },
  }
}

function isFinal({ error, attempts: made }: Failure): boolean {
  return error instanceof TerminalError || made >= attempts
}
