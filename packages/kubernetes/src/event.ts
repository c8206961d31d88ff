import type { Manifest } from '@sealkit/core/manifest'
import { timestamp } from './conditions.ts'

/** An Event of the core group, as far as it is written here. */
export interface CoreEvent extends Manifest {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly involvedObject: {
    readonly kind?: string
    readonly namespace?: string
    readonly name?: string
    readonly uid?: string
    readonly apiVersion?: string
    readonly resourceVersion?: string
  }
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly source: { readonly component: string; readonly host?: string }
  readonly firstTimestamp: string
  readonly lastTimestamp: string
  readonly count: number
  readonly reportingComponent: string
  readonly reportingInstance: string
}

/** The event of one thing that happened to an object, not yet correlated with others. */
export function newEvent(
  about: { readonly object: Manifest; readonly type: string; readonly reason: string; readonly message: string },
  reporter: { readonly component: string; readonly host?: string },
  date: Date,
): CoreEvent {
  const { apiVersion, kind, metadata = {} } = about.object
  const { name = '', namespace, uid, resourceVersion } = metadata
  const now = timestamp(date)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${uniqueSuffix(date)}`, namespace: namespace || 'default' },
    involvedObject: {
      ...(kind && { kind }),
      ...(namespace && { namespace }),
      name,
      ...(uid && { uid }),
      ...(apiVersion && { apiVersion }),
      ...(resourceVersion && { resourceVersion }),
    },
    type: about.type,
    reason: about.reason,
    message: about.message,
    source: { component: reporter.component, ...(reporter.host && { host: reporter.host }) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    reportingComponent: reporter.component,
    reportingInstance: reporter.host ?? '',
  }
}

/** client-go names events by the nanosecond; JavaScript's clock has milliseconds, so the rest is random. */
export function uniqueSuffix(date: Date): string {
  const nanoseconds = BigInt(date.getTime()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000))
  return nanoseconds.toString(16)
}
