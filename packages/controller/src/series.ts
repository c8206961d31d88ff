import { type Key, keyText } from '@sealkit/kubernetes'

/**
 * What is counted of each ExternalSecret, and its four metrics under External Secrets' names. A client library keeps
 * texts and objects for each series; with ten thousand ExternalSecrets these would be most of what each of them takes.
 */
export interface SyncSeries {
  /** A sync begins. */
  began(key: Key): void
  failed(key: Key): void
  /** How long a sync took, in milliseconds. */
  took(key: Key, duration: number): void
  ready(key: Key, ready: boolean): void
  /** The ExternalSecret is gone, and its condition with it; what was counted stays, as with External Secrets. */
  gone(key: Key): void
  /** The metrics in Prometheus' text format, piece by piece. */
  text(): Generator<string>
}

/** The numbers of one ExternalSecret. */
interface Syncs {
  calls: number
  errors: number
  /** Microseconds: small integers take no memory of their own. */
  duration: number | null
  ready: boolean | null
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** Series of one ExternalSecret: labels beside its name, and the value. */
  readonly series: (syncs: Syncs) => readonly (readonly [labels: string, value: number])[]
}

const metrics: readonly Metric[] = [
  {
    name: 'externalsecret_sync_calls_total',
    help: 'Total number of the External Secret sync calls',
    type: 'counter',
    series: ({ calls }) => (calls === 0 ? [] : [['', calls]]),
  },
  {
    name: 'externalsecret_sync_calls_error',
    help: 'Total number of the External Secret sync errors',
    type: 'counter',
    series: ({ errors }) => (errors === 0 ? [] : [['', errors]]),
  },
  {
    name: 'externalsecret_status_condition',
    help: 'The status condition of a specific External Secret',
    type: 'gauge',
    series: ({ ready }) =>
      ready === null
        ? []
        : [
            [',condition="Ready",status="True"', ready ? 1 : 0],
            [',condition="Ready",status="False"', ready ? 0 : 1],
          ],
  },
  {
    name: 'externalsecret_reconcile_duration',
    help: 'The duration time to reconcile the External Secret',
    type: 'gauge',
    // Nanoseconds, as upstream's.
    series: ({ duration }) => (duration === null ? [] : [['', duration * 1000]]),
  },
]

/** Characters of a piece of the text. */
const pieceLength = 65_536

/** {@link SyncSeries} with nothing counted. */
export function syncSeries(): SyncSeries {
  const all = new Map<string, Syncs>()
  const of = (key: Key): Syncs => {
    const id = keyText(key)
    const known = all.get(id)
    if (known !== undefined) return known
    const syncs = { calls: 0, errors: 0, duration: null, ready: null }
    all.set(id, syncs)
    return syncs
  }
  return {
    began(key) {
      of(key).calls += 1
    },
    failed(key) {
      of(key).errors += 1
    },
    took(key, duration) {
      of(key).duration = Math.round(duration * 1000)
    },
    ready(key, ready) {
      of(key).ready = ready
    },
    gone(key) {
      const syncs = all.get(keyText(key))
      if (syncs !== undefined) syncs.ready = null
    },
    *text() {
      for (const metric of metrics) yield* metricText(metric, all)
    },
  }
}

function* metricText({ name, help, type, series }: Metric, all: ReadonlyMap<string, Syncs>): Generator<string> {
  let piece = `\n# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  for (const [id, syncs] of all) {
    for (const [labels, value] of series(syncs)) {
      // Names of the API hold nothing that would have to be escaped.
      const [namespace = '', object = ''] = id.split('/')
      piece += `${name}{name="${object}",namespace="${namespace}"${labels}} ${value}\n`
    }
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield piece
}
