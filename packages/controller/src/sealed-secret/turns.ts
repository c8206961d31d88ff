import { type ClusterObject, type Key, keyText, type Priority } from '@sealkit/kubernetes'
import type { Reconcile } from '../reconcile.ts'

/** Decryptions and templates from which on an object is heavy: a second of work and more, where each costs 2 ms. */
const heavy = 500
/** What heavy objects take their turns by. */
export interface TurnOptions {
  /** Objects that are worked on at once; heavy ones get half of that. */
  readonly workers: number
  readonly sealedSecret: (key: Key) => ClusterObject | null
  /** How many keys an item may have to be tried with at a priority. */
  readonly keys: (priority: Priority) => number
  /** Asks for work on a key whose turn has come. */
  readonly again: (key: Key, priority: Priority) => void
}

/** Lets heavy objects occupy no more than half of the workers, so that no number of them holds up the others. */
export function inTurns(reconcile: Reconcile, { workers, sealedSecret, keys, again }: TurnOptions): Reconcile {
  const places = Math.max(1, Math.floor(workers / 2))
  const waiting = new Map<string, { readonly key: Key; readonly priority: Priority }>()
  let working = 0
  const wake = (): void => {
    const [next] = waiting
    if (next === undefined || working >= places) return
    waiting.delete(next[0])
    again(next[1].key, next[1].priority)
  }
  return async (key, signal, priority) => {
    const id = keyText(key)
    waiting.delete(id)
    const object = sealedSecret(key)
    const isHeavy = object !== null && cost(object, keys(priority)) >= heavy
    if (isHeavy && working >= places) {
      waiting.set(id, { key, priority })
      return {}
    }
    if (isHeavy) working += 1
    try {
      return await reconcile(key, signal, priority)
    } finally {
      if (isHeavy) working -= 1
      // Also after a light one: it may have been woken as a heavy one, in the place of the next.
      wake()
    }
  }
}

function cost(object: ClusterObject, keys: number): number {
  const spec = record(object['spec'])
  const templates = Object.keys(record(record(spec['template'])['data'])).length
  return Object.keys(record(spec['encryptedData'])).length * Math.max(1, keys) + templates
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
