import { Worker } from 'node:worker_threads'
import { overBudget, TemplateError, type TemplateErrorCode } from './error.ts'
import type { Budget, MissingKey } from './execute/state.ts'
import type { FunctionTable } from './functions/row.ts'
import { functionTable, type Personality } from './functions/table.ts'
import { seededRandom } from './random.ts'
import { DEFAULT_BUDGET, execute, parse, type Template } from './template.ts'

/** How a {@link Renderer} reads templates, and what it lets one render take. */
export interface RendererOptions {
  readonly functions: Personality
  readonly missingKey?: MissingKey
  readonly leftDelim?: string
  readonly rightDelim?: string
  /** Milliseconds after which a render in the worker is given up; 5000 when absent. */
  readonly deadline?: number
  /** Mebibytes that the worker's heap may take; 128 when absent. */
  readonly memory?: number
  readonly budget?: Partial<Budget>
  /** The worker's module; when absent `worker-entry` beside this one, which a bundle must hold as an entry of its own. */
  readonly entry?: URL
}

/** One render. */
export interface RenderRequest {
  readonly name: string
  readonly text: string
  readonly data: ReadonlyMap<string, Uint8Array | string>
  /** What a missing key gives, when it is not the renderer's own choice. */
  readonly missingKey?: MissingKey
  /** Nanoseconds since 1970: the time that the template sees. */
  readonly now: bigint
  /** The local time zone, an IANA name; UTC when absent. */
  readonly zone?: string
  /** Makes the random functions give the same each time; see `seededRandom`. */
  readonly seed?: Uint8Array
}

/** What the worker is told. */
export interface WorkerRequest {
  readonly request: RenderRequest
  readonly options: Omit<RendererOptions, 'entry'>
}

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly output: Uint8Array }
  | { readonly code: TemplateErrorCode; readonly message: string; readonly hint?: string; readonly upstream?: string }

/** What a template of cheap functions only may use in this thread, where it holds up everything else: some 20 ms. */
const CHEAP: Budget = { memory: 2 << 20, steps: 20_000 }
const KEPT_TEMPLATES = 256

interface Job {
  readonly request: RenderRequest
  readonly resolve: (output: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/**
 * Renders templates that may be hostile. Those that call cheap functions only run in this thread, on a small budget; all
 * others, and those for which it was too small, run in a worker thread with a deadline and a memory limit, one after
 * another. A worker that goes over either is ended and replaced, and its render fails with TEMPLATE_LIMIT.
 */
export class Renderer {
  readonly #options: RendererOptions
  readonly #functions: FunctionTable
  readonly #templates = new Map<string, Template>()
  readonly #queue: Job[] = []
  #worker: Worker | null = null
  #busy = false
  #closed = false

  constructor(options: RendererOptions) {
    this.#options = options
    this.#functions = functionTable(options.functions)
  }

  /**
   * Renders one template.
   *
   * @throws TEMPLATE_SYNTAX, TEMPLATE_EXECUTION and TEMPLATE_LIMIT, as a rejected promise
   */
  async render(request: RenderRequest): Promise<Uint8Array> {
    const template = this.#parse(request)
    if ([...template.functions.values()].every(({ cost }) => cost === 'cheap')) {
      const output = this.#renderHere(template, request)
      if (output !== null) return output
    }
    return await new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject })
      this.#next()
    })
  }

  /** Ends the worker; renders that wait fail with TEMPLATE_LIMIT. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
    this.#worker = null
  }

  #parse(request: RenderRequest): Template {
    const key = [request.missingKey, request.name, request.text].join('\0')
    const known = this.#templates.get(key)
    if (known !== undefined) return known
    const template = parseRequest(request, this.#options, this.#functions)
    const [oldest] = this.#templates.keys()
    if (this.#templates.size >= KEPT_TEMPLATES && oldest !== undefined) this.#templates.delete(oldest)
    this.#templates.set(key, template)
    return template
  }

  /** Renders in this thread; null when the small budget did not do. */
  #renderHere(template: Template, request: RenderRequest): Uint8Array | null {
    const whole = { ...DEFAULT_BUDGET, ...this.#options.budget }
    const budget = { memory: Math.min(CHEAP.memory, whole.memory), steps: Math.min(CHEAP.steps, whole.steps) }
    try {
      return executeRequest(template, request, budget)
    } catch (error) {
      if (error instanceof TemplateError && error.code === 'TEMPLATE_LIMIT' && error.upstream === undefined) return null
      throw error
    }
  }

  #next(): void {
    if (this.#busy) return
    const job = this.#queue.shift()
    if (job === undefined) return
    this.#busy = true
    this.#runInWorker(job)
      .then(job.resolve, job.reject)
      .finally(() => {
        this.#busy = false
        this.#next()
      })
  }

  async #runInWorker({ request }: Job): Promise<Uint8Array> {
    if (this.#closed) return overBudget('life')
    const worker = await this.#startedWorker()
    const { entry: _, ...options } = this.#options
    const answer = await this.#ask(worker, { request, options })
    if ('output' in answer) return answer.output
    const { code, message, ...details } = answer
    throw new TemplateError(code, message, details)
  }

  /** The worker, once it has loaded its modules: that time does not count against a render. */
  async #startedWorker(): Promise<Worker> {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(this.#options.entry ?? defaultEntry(), {
      resourceLimits: { maxOldGenerationSizeMb: this.#options.memory ?? 128, maxYoungGenerationSizeMb: 16 },
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
      const timer = setTimeout(() => drop(limit('time')), this.#options.deadline ?? 5000)
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

/** The worker's module has the extension of this one: source, compiled, or bundled. */
function defaultEntry(): URL {
  const extension = /\.[a-z]+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.js'
  return new URL(`./worker-entry${extension}`, import.meta.url)
}

/** Parses the template of a request. @throws TEMPLATE_SYNTAX */
export function parseRequest(
  request: RenderRequest,
  options: Omit<RendererOptions, 'entry'>,
  functions: FunctionTable,
): Template {
  return parse(request.text, {
    name: request.name,
    functions,
    missingKey:
      request.missingKey ?? options.missingKey ?? (options.functions === 'external-secrets' ? 'error' : 'default'),
    leftDelim: options.leftDelim ?? '',
    rightDelim: options.rightDelim ?? '',
  })
}

/** Executes the template of a request. @throws TEMPLATE_EXECUTION, TEMPLATE_LIMIT */
export function executeRequest(template: Template, request: RenderRequest, budget: Budget): Uint8Array {
  return execute(template, request.data, {
    budget,
    now: () => request.now,
    ...(request.zone === undefined ? {} : { zone: request.zone }),
    ...(request.seed === undefined ? {} : { random: seededRandom(request.seed) }),
  })
}
