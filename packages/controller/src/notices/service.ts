import { type Cluster, type ClusterObject, type Key, systemClock } from '@sealkit/kubernetes'
import type { StoreKind } from '@sealkit/resolver'
import { errorFields, type Log } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import { changedKeys } from './format.ts'
import { createPace } from './pace.ts'
import { isAllowed, type Report, type ReviewToken } from './sender.ts'
import { type NoticeAddress, type StoreName, serveNotices } from './server.ts'

/** What reports of changes are taken with. */
export interface NoticesOptions {
  readonly listen: NoticeAddress
  readonly cluster: Cluster
  readonly reviewToken?: ReviewToken
  /** A store as its informer has it; null when there is none. */
  readonly store: (kind: StoreKind, key: Key) => ClusterObject | null
  /** Told of each remote secret that is to be read again. */
  readonly onChange: (kind: StoreKind, store: Key, remoteKey: string) => void
  readonly metrics: ExternalSecretMetrics
  readonly log: Log
  readonly now: () => Date
}

/** Milliseconds between two reads of one remote secret, however many reports come. */
const pause = 10_000

/** Takes reports until the signal aborts: to be run while this replica leads, for only a leader reads. */
export async function takeNotices(options: NoticesOptions, signal: AbortSignal): Promise<void> {
  const pace = createPace(systemClock, pause)
  const take = async (name: StoreName, report: Report): Promise<void> => {
    const result = await judge(options, name, report)
    options.metrics.refreshReports.inc({ result: result === null ? 'refused' : 'accepted' })
    // Searches may find a secret that changed, so they are made again too: the empty key stands for them.
    for (const key of result === null || result.length === 0 ? [] : [...result, '']) {
      const id = JSON.stringify([name.kind, name.namespace, name.name, key])
      pace.call(id, () => options.onChange(name.kind, name, key))
    }
  }
  const server = await serveNotices({
    ...options.listen,
    onReport: (name, report) => {
      take(name, report).catch((error: unknown) => options.log.warn('report of a change failed', errorFields(error)))
    },
  })
  options.log.info('taking reports of changes', { address: options.listen.address })
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  pace.stop()
  await server.close()
}

/** The keys that a report names; null for a store that is not there and a sender whom it does not name. */
async function judge(
  options: NoticesOptions,
  { kind, namespace, name }: StoreName,
  report: Report,
): Promise<readonly string[] | null> {
  const found = options.store(kind, { namespace, name })
  if (found === null || !(await isAllowed(options, found, report))) return null
  return changedKeys(report.body)
}
