import { Worker } from 'node:worker_threads'
import { overBudget, TemplateError } from './error.ts'
import type { WorkerAnswer, WorkerRequest } from './renderer.ts'

/** What a {@link Lane} lets its worker take. */
export interface LaneLimits {
  /** Milliseconds for one render. */
  readonly deadline: number
  /** Mebibytes of heap. */
  readonly memory: number
  /** The worker's module. */
  readonly entry: URL
}

interface Job {
  readonly message: WorkerRequest
  readonly resolve: (output: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** One worker thread that renders one template after another, started when first needed, replaced when it had to be ended. */
export class Lane {
  readonly #limits: LaneLimits
  readonly #queue: Job[] = []
  #worker: Worker | null = null
  #busy = false
  #closed = false

  constructor(limits: LaneLimits) {
    this.#limits = limits
  }

  /** Renders in the worker when all that came before is done. @throws what the template throws, TEMPLATE_LIMIT */
  render(message: WorkerRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, resolve, reject })
      this.#next()
    })
  }

  /** Ends the worker; what still waits fails with TEMPLATE_LIMIT. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
    this.#worker = null
  }

  #next(): void {
    if (this.#busy) return
    const job = this.#queue.shift()
    if (job === undefined) return
    this.#busy = true
    this.#run(job.message)
      .then(job.resolve, job.reject)
      .finally(() => {
        this.#busy = false
        this.#next()
      })
  }

  async #run(message: WorkerRequest): Promise<Uint8Array> {
    if (this.#closed) return overBudget('life')
    const answer = await this.#ask(await this.#startedWorker(), message)
    if ('output' in answer) return answer.output
    const { code, message: text, ...details } = answer
    throw new TemplateError(code, text, details)
  }

  /** The worker, once it has loaded its modules: that time does not count against a render. */
  async #startedWorker(): Promise<Worker> {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(this.#limits.entry, {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memory, maxYoungGenerationSizeMb: 16 },
    })
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    // It never keeps the program from ending; a render that waits for it has a timer of its own, which does.
    worker.unref()
    this.#worker = worker
    return worker
  }

  #ask(worker: Worker, message: WorkerRequest): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        worker.off('message', answered)
        worker.off('error', failed)
        worker.off('exit', exited)
      }
      const drop = (error: unknown): void => {
        done()
        if (this.#worker === worker) this.#worker = null
        worker.on('error', () => {})
        void worker.terminate()
        reject(error)
      }
      const answered = (answer: WorkerAnswer): void => {
        done()
        resolve(answer)
      }
      const failed = (error: Error & { code?: string }): void => {
        drop(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? limit('memory') : error)
      }
      const exited = (): void => drop(limit('life'))
      const timer = setTimeout(() => drop(limit('time')), this.#limits.deadline)
      worker.on('message', answered)
      worker.on('error', failed)
      worker.on('exit', exited)
      worker.postMessage(message)
    })
  }
}

function limit(what: string): unknown {
  try {
    return overBudget(what)
  } catch (error) {
    return error
  }
}
