import type { Manifest } from '@sealkit/core/manifest'
import { type Clock, sleep, systemClock } from './clock.ts'
import type { Cluster } from './cluster.ts'
import { type Correlated, eventCorrelator } from './correlator.ts'
import { isKubernetesError } from './error.ts'
import { type CoreEvent, newEvent } from './event.ts'
import { resources } from './resources.ts'

/** Where events go, and as whose. */
export interface EventRecorderOptions {
  readonly cluster: Cluster
  /** `source.component`, such as `sealed-secrets`. */
  readonly component: string
  /** `source.host`; usually absent. */
  readonly host?: string
  /** Events that may wait to be written; more are dropped; 1000 as client-go. */
  readonly capacity?: number
  /** Told of each event that could not be written. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
  readonly random?: () => number
}

/** Writes events about objects. */
export interface EventRecorder {
  /** Never waits and never throws. What `message` may hold is the caller's matter: it is stored as it is. */
  record(object: Manifest, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>
  /** Gives up what waits for a server that is away, and resolves. */
  close(): Promise<void>
}

/** client-go's: so long between tries while the server is away, and so often. */
const retryDelay = 10_000
const maxTries = 12

/**
 * An event recorder with client-go's rules: equal events raise a count, the tenth different message of a kind within ten
 * minutes and all after it become one, and one object gets 25 events at once and then one every five minutes.
 */
export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  const clock = options.clock ?? systemClock
  const correlator = eventCorrelator(clock)
  const stop = new AbortController()
  let queued = 0
  let last: Promise<void> = Promise.resolve()
  const write = async (event: CoreEvent): Promise<void> => {
    const correlated = correlator.correlate(event)
    if (correlated === undefined) return
    for (let tries = 1; !stop.signal.aborted; tries++) {
      try {
        correlator.written(await store(options.cluster, correlated))
        return
      } catch (error) {
        const away = isKubernetesError(error, 'UNAVAILABLE', 'TIMEOUT') && error.status === undefined
        if (!away || tries >= maxTries) return options.onError?.(error)
        const share = tries === 1 ? (options.random ?? Math.random)() : 1
        await sleep(clock, retryDelay * share, stop.signal)
      }
    }
  }
  return {
    record(object, type, reason, message) {
      if (stop.signal.aborted || queued >= (options.capacity ?? 1000)) return
      queued += 1
      const event = newEvent({ object, type, reason, message }, options, clock.date())
      last = last
        .then(() => write(event))
        .finally(() => {
          queued -= 1
        })
    },
    flush: () => last,
    close() {
      stop.abort()
      return last
    },
  }
}

/** Creates an event, or raises the count of one that is there. */
async function store(cluster: Cluster, { event, update }: Correlated): Promise<CoreEvent> {
  if (update) {
    const { count, lastTimestamp, message } = event
    try {
      const patch = { type: 'merge', body: { count, lastTimestamp, message } } as const
      return (await cluster.patch(resources.event, event.metadata, patch)) as unknown as CoreEvent
    } catch (error) {
      // The event's hour is over; it begins again.
      if (!isKubernetesError(error, 'NOT_FOUND')) throw error
    }
  }
  return (await cluster.create(resources.event, event)) as unknown as CoreEvent
}
