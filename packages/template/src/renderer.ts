import { TemplateError, type TemplateErrorCode } from './error.ts'
import type { Budget, MissingKey } from './execute/state.ts'
import type { FunctionTable } from './functions/row.ts'
import { functionTable, type Personality } from './functions/table.ts'
import { Lane } from './lane.ts'
import { seededRandom } from './random.ts'
import { type DataMap, DEFAULT_BUDGET, execute, parse, type Template } from './template.ts'

/** How a {@link Renderer} reads templates, and what it lets one render take. */
export interface RendererOptions {
  readonly functions: Personality
  readonly missingKey?: MissingKey
  readonly leftDelim?: string
  readonly rightDelim?: string
  /** Milliseconds after which a render in the worker is given up, six times that where keys are made; 5000 when absent. */
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
  readonly data: DataMap
  /** What a missing key gives, when it is not the renderer's own choice. */
  readonly missingKey?: MissingKey
  /** Nanoseconds since 1970: the time that the template sees. */
  readonly now: bigint
  /** The local time zone, an IANA name; UTC when absent. */
  readonly zone?: string
  /** Makes the random functions give the same each time (see `seededRandom`); keys and certificates are always new. */
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
/** Longer templates are parsed in the worker too: a megabyte of actions takes most of a second. */
const LONG = 64 << 10
/** How many parsed templates are kept for their next render, and how long these may be. */
const KEPT_TEMPLATES = 256
const KEPT_LENGTH = 16 << 10
/** How much more time those have that make keys. */
const SLOWER = 6

/**
 * Renders templates that may be hostile. Those that call cheap functions only run in this thread, on a small budget; all
 * others, and those for which it was too small, run in a worker thread with a deadline and a memory limit, one after
 * another; those that make keys or hash passwords in a second one, with more time, so that nobody waits for them. A
 * worker that goes over a limit is ended and replaced, and its render fails with TEMPLATE_LIMIT.
 */
export class Renderer {
  readonly #options: RendererOptions
  readonly #functions: FunctionTable
  readonly #templates = new Map<string, Template>()
  readonly #lanes: Readonly<Record<'heavy' | 'slow', Lane>>

  constructor(options: RendererOptions) {
    this.#options = options
    this.#functions = functionTable(options.functions)
    const { deadline = 5000, memory = 128, entry = defaultEntry() } = options
    this.#lanes = {
      heavy: new Lane({ deadline, memory, entry }),
      slow: new Lane({ deadline: SLOWER * deadline, memory, entry }),
    }
  }

  /**
   * Renders one template.
   *
   * @throws TEMPLATE_SYNTAX, TEMPLATE_EXECUTION and TEMPLATE_LIMIT, as a rejected promise
   */
  async render(request: RenderRequest): Promise<Uint8Array> {
    const { entry: _, ...options } = this.#options
    if (request.text.length > LONG) return await this.#lanes.slow.render({ request, options })
    const template = this.#parse(request)
    const costs = new Set([...template.functions.values()].map(({ cost }) => cost))
    if (!costs.has('heavy') && !costs.has('slow')) {
      const output = this.#renderHere(template, request)
      if (output !== null) return output
    }
    return await this.#lanes[costs.has('slow') ? 'slow' : 'heavy'].render({ request, options })
  }

  /** Ends the workers; renders that wait fail with TEMPLATE_LIMIT. */
  async close(): Promise<void> {
    await Promise.all([this.#lanes.heavy.close(), this.#lanes.slow.close()])
  }

  #parse(request: RenderRequest): Template {
    const key = [request.missingKey, request.name, request.text].join('\0')
    const known = this.#templates.get(key)
    if (known !== undefined) return known
    const template = parseRequest(request, this.#options, this.#functions)
    if (request.text.length > KEPT_LENGTH) return template
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
