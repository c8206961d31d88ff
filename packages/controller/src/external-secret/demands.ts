import { type Key, keyText, type Priority, type WorkQueue } from '@sealkit/kubernetes'
import type { Demand } from '@sealkit/resolver'

/** How an ExternalSecret comes to be looked at. */
export interface Asking {
  /** `change` unless given. */
  readonly priority?: Priority
  /** Its time has come: the provider is asked though nothing changed. */
  readonly timed?: boolean
  /** What the provider holds changed now: a read that began before is of no use. A change of the object always says so. */
  readonly changed?: boolean
}

/** A need that a reconcile took on. */
export interface TakenDemand {
  readonly demand: Demand
  readonly timed: boolean
  /** To be called when the reconcile ends, however it does. */
  end(): void
  /** Puts the need back, unmet, until it is resumed; `end` then does nothing. */
  postpone(): void
}

/** Which ExternalSecrets wait to be looked at, and since when: who waits for one secret shares one read of it. */
export interface Demands {
  /** Puts an ExternalSecret into the queue. */
  ask(key: Key, asking?: Asking): void
  /** Takes on the need of an ExternalSecret; it arises now where nobody asked before (a retry). */
  take(key: Key): TakenDemand
  /** Puts one whose need was postponed into the queue, as old as the need is. */
  resume(key: Key): void
  /** Drops the need of one that is gone. */
  forget(key: Key): void
}

/** What demands are kept with. */
export interface DemandsOptions {
  readonly queue: WorkQueue
  /** The order of needs and reads, of the sessions that read. */
  readonly moment: () => number
  /** Keys of the ExternalSecrets that read this key of this store. */
  readonly readers: (...read: Parameters<Demand['others']>) => Iterable<string>
}

interface Ask extends Demand {
  since: number
  timed: boolean
  end(): void
}

/** {@link Demands} with nobody waiting. */
export function createDemands({ queue, moment, readers }: DemandsOptions): Demands {
  const asks: Asks = { waiting: new Map(), active: new Map() }
  const newAsk = (timed: boolean): Ask => {
    const ask: Ask = {
      ...ending(),
      since: moment(),
      timed,
      others: (store, key) =>
        [...readers(store, key)].flatMap((id) =>
          [asks.waiting.get(id), asks.active.get(id)]
            .filter((other) => other !== undefined)
            .filter((other) => other !== ask),
        ),
    }
    return ask
  }
  return {
    ask(key, { priority = 'change', timed = false, changed = !timed } = {}): void {
      const id = keyText(key)
      const current = asks.waiting.get(id)
      if (current === undefined) asks.waiting.set(id, newAsk(timed))
      else {
        current.timed ||= timed
        // What changed now is not answered by a read that began before.
        if (changed) current.since = moment()
      }
      queue.add(key, { priority })
    },
    take(key): TakenDemand {
      const id = keyText(key)
      return taken(asks, id, asks.waiting.get(id) ?? newAsk(false))
    },
    resume(key): void {
      queue.add(key, { priority: asks.waiting.get(keyText(key))?.timed === true ? 'refresh' : 'change' })
    },
    forget(key): void {
      const id = keyText(key)
      asks.waiting.get(id)?.end()
      asks.waiting.delete(id)
    },
  }
}

/** By the keys of the ExternalSecrets: those that wait in the queue, and those that a reconcile took on. */
interface Asks {
  readonly waiting: Map<string, Ask>
  readonly active: Map<string, Ask>
}

function taken({ waiting, active }: Asks, id: string, ask: Ask): TakenDemand {
  waiting.delete(id)
  active.set(id, ask)
  return {
    demand: ask,
    timed: ask.timed,
    end(): void {
      if (active.get(id) !== ask) return
      active.delete(id)
      ask.end()
    },
    postpone(): void {
      active.delete(id)
      const newer = waiting.get(id)
      if (newer === undefined) waiting.set(id, ask)
      else {
        newer.timed ||= ask.timed
        ask.end()
      }
    },
  }
}

function ending(): Pick<Ask, 'ended' | 'end'> {
  let callbacks: (() => void)[] | null = []
  return {
    ended(callback): void {
      if (callbacks === null) callback()
      else callbacks.push(callback)
    },
    end(): void {
      const all = callbacks ?? []
      callbacks = null
      for (const callback of all) callback()
    },
  }
}
