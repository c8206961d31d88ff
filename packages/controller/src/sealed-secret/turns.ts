import { type ClusterObject, type Key, keyText } from '@sealkit/kubernetes'
import type { Reconcile } from '../reconcile.ts'

/** Decryptions and templates from which on an object is heavy: a second of work and more, where each costs 2 ms. */
const heavy = 500
/** Milliseconds between looks of an object that waits, times those that wait. */
const look = 100

/** What heavy objects take their turns by. */
export interface TurnOptions {
  /** Objects that are worked on at once; heavy ones get half of that. */
  readonly workers: number
  readonly sealedSecret: (key: Key) => ClusterObject | null
  /** How many keys an item may have to be tried with. */
  readonly keys: () => number
}

/** Lets heavy objects occupy no more than half of the workers, so that no number of them holds up the others. */
export function inTurns(reconcile: Reconcile, { workers, sealedSecret, keys }: TurnOptions): Reconcile {
  const places = Math.max(1, Math.floor(workers / 2))
  const waiting = new Set<string>()
  let working = 0
  return async (key, signal) => {
    const id = keyText(key)
    const object = sealedSecret(key)
    if (object === null || cost(object, keys()) < heavy) {
      waiting.delete(id)
      return reconcile(key, signal)
    }
    if (working >= places) {
      waiting.add(id)
      return { requeueAfter: look * waiting.size }
    }
    waiting.delete(id)
    working += 1
    try {
      return await reconcile(key, signal)
    } finally {
      working -= 1
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
