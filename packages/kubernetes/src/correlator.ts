import type { Clock } from './clock.ts'
import { timestamp } from './conditions.ts'
import { type CoreEvent, uniqueSuffix } from './event.ts'

/** An event to write: a new one, or a higher count of one that is there. */
export interface Correlated {
  readonly event: CoreEvent
  readonly update: boolean
}

/** Joins events that are alike, and drops those that are too many. */
export interface EventCorrelator {
  /** What to write for an event; undefined = nothing. */
  correlate(event: CoreEvent): Correlated | undefined
  /** Learns the name under which the server keeps an event. */
  written(event: CoreEvent): void
}

/** client-go's `tools/record` defaults. */
const limits = {
  cache: 4096,
  /** From so many different messages within the interval on, they become one event. */
  aggregate: 10,
  interval: 600_000,
  burst: 25,
  /** One more event about an object per so many milliseconds. */
  refill: 300_000,
} as const

interface Observation {
  readonly count: number
  readonly name: string
  readonly firstTimestamp: string
}

/** An {@link EventCorrelator} with client-go's defaults. */
export function eventCorrelator(clock: Clock): EventCorrelator {
  const aggregate = aggregator(clock)
  const spam = spamFilter(clock)
  const seen = lru<Observation>(limits.cache)
  const observe = (key: string, event: CoreEvent): void =>
    seen.set(key, { count: event.count, name: event.metadata.name, firstTimestamp: event.firstTimestamp })
  return {
    correlate(given) {
      const { event: incoming, key } = aggregate(given)
      const last = seen.get(key)
      const event =
        last === undefined
          ? incoming
          : {
              ...incoming,
              metadata: { ...incoming.metadata, name: last.name },
              firstTimestamp: last.firstTimestamp,
              count: last.count + 1,
            }
      observe(key, event)
      return spam(event) ? undefined : { event, update: event.count > 1 }
    },
    written: (event) => observe(eventKey(event), event),
  }
}

/** Replaces events that differ by message alone, once they are many, by one whose message says so. */
function aggregator(clock: Clock): (event: CoreEvent) => { readonly event: CoreEvent; readonly key: string } {
  const groups = lru<{ readonly messages: readonly string[]; readonly at: number }>(limits.cache)
  return (event) => {
    const group = groupKey(event)
    const now = clock.now()
    const known = groups.get(group)
    const before = known === undefined || now - known.at > limits.interval ? [] : known.messages
    const messages = before.includes(event.message) ? before : [...before, event.message]
    const many = messages.length >= limits.aggregate
    // It need not grow any further.
    groups.set(group, { messages: many ? messages.slice(1) : messages, at: now })
    if (!many) return { event, key: eventKey(event) }
    const date = clock.date()
    const time = timestamp(date)
    const name = `${event.involvedObject.name ?? ''}.${uniqueSuffix(date)}`
    const combined: CoreEvent = {
      ...event,
      metadata: { ...event.metadata, name },
      message: `(combined from similar events): ${event.message}`,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    }
    return { event: combined, key: group }
  }
}

/** A token bucket per source and object. True = too many. */
function spamFilter(clock: Clock): (event: CoreEvent) => boolean {
  const buckets = lru<{ readonly tokens: number; readonly at: number }>(limits.cache)
  return (event) => {
    const key = objectParts(event).join('\n')
    const now = clock.now()
    const bucket = buckets.get(key) ?? { tokens: limits.burst, at: now }
    const tokens = Math.min(limits.burst, bucket.tokens + (now - bucket.at) / limits.refill)
    const refused = tokens < 1
    buckets.set(key, { tokens: refused ? tokens : tokens - 1, at: now })
    return refused
  }
}

function objectParts(event: CoreEvent): (string | undefined)[] {
  const { source, involvedObject: object } = event
  return [
    ...[source.component, source.host, object.kind, object.namespace, object.name],
    ...[object.uid, object.apiVersion, event.type],
  ]
}

function groupKey(event: CoreEvent): string {
  return ['group', ...objectParts(event), event.reason].join('\n')
}

function eventKey(event: CoreEvent): string {
  return ['event', ...objectParts(event), event.reason, event.message].join('\n')
}

interface Lru<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

/** A map that forgets the least recently used entry beyond `size`. */
function lru<Value>(size: number): Lru<Value> {
  const entries = new Map<string, Value>()
  const set = (key: string, value: Value): void => {
    entries.delete(key)
    entries.set(key, value)
    if (entries.size <= size) return
    for (const oldest of entries.keys()) {
      entries.delete(oldest)
      break
    }
  }
  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
  }
}
