import { type Informer, type Key, keyText, type WorkQueue } from '@sealkit/kubernetes'
import { errorFields, type Log } from './log.ts'
import type { QueueMetrics } from './metrics.ts'
import { type Reconcile, TerminalError } from './reconcile.ts'

/** One kind's controller: what it watches and what it does about a key. */
export interface Controller {
  /** Names the queue in logs and metrics. */
  readonly name: string
  readonly informers: readonly Informer[]
  readonly queue: WorkQueue
  readonly reconcile: Reconcile
  readonly workers: number
  /** Runs beside the workers until the signal aborts. */
  readonly background?: (signal: AbortSignal) => Promise<void>
}

/** What controllers run with. */
export interface ManagerOptions {
  readonly controllers: readonly Controller[]
  readonly log: Log
  readonly metrics: QueueMetrics
  /** Called once when every informer has listed its kind. */
  readonly onSynced?: () => void
  /** Runs the workers, for example only while this replica leads; runs them at once unless given. */
  readonly whenLeading?: (work: (signal: AbortSignal) => Promise<void>) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Runs controllers until the signal aborts: informers first, then, when all have listed, the workers. Resolves when
 * the work that was under way is done.
 */
export async function runControllers(options: ManagerOptions): Promise<void> {
  const { controllers, signal } = options
  const informers = controllers.flatMap((controller) => controller.informers)
  const watching = informers.map((informer) => informer.run(signal))
  try {
    await Promise.all(informers.map(({ synced }) => synced))
    options.onSynced?.()
    const whenLeading = options.whenLeading ?? ((work): Promise<void> => work(signal))
    await whenLeading(async (leading) => {
      await Promise.all(controllers.map((controller) => work(controller, options, leading)))
    })
  } catch (error) {
    if (!signal.aborted) throw error
  }
  await Promise.all(watching)
}

async function work(controller: Controller, options: ManagerOptions, signal: AbortSignal): Promise<void> {
  const { name, queue, workers, background } = controller
  const log = options.log.with({ controller: name })
  const depth = setInterval(() => options.metrics.depth.set({ name }, queue.size), 5_000)
  depth.unref()
  try {
    await Promise.all([
      queue.run({
        workers,
        work: measured(controller, options.metrics),
        terminal: (error) => error instanceof TerminalError,
        onError: (key, error, { delay }) => report(log, key, error, delay),
        signal,
      }),
      background?.(signal),
    ])
  } finally {
    clearInterval(depth)
  }
}

function measured({ name, reconcile }: Controller, metrics: QueueMetrics): Reconcile {
  return async (key, signal, priority) => {
    const started = performance.now()
    try {
      const result = await reconcile(key, signal, priority)
      metrics.reconciles.inc({
        controller: name,
        result: result.requeueAfter === undefined ? 'success' : 'requeue_after',
      })
      return result
    } catch (error) {
      metrics.reconciles.inc({ controller: name, result: 'error' })
      throw error
    } finally {
      metrics.reconcileSeconds.observe({ controller: name }, (performance.now() - started) / 1000)
    }
  }
}

function report(log: Log, key: Key, error: unknown, delay: number | undefined): void {
  const cause = error instanceof TerminalError && error.cause !== undefined ? error.cause : error
  const fields = { key: keyText(key), ...errorFields(cause) }
  if (delay === undefined) log.error('Error updating, waiting for a change', fields)
  else log.error('Error updating, will retry', { ...fields, retryInMs: Math.round(delay) })
}
