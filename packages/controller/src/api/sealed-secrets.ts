import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorFields, type Log } from '../log.ts'
import type { SealedSecretMetrics } from '../metrics.ts'
import { createLimiter, type Limiter, type Permission } from './limit.ts'
import { type Listening, type ListenOptions, listen, pathOf } from './listen.ts'

/** What the HTTP API of Sealed Secrets asks the controller. */
export interface SealedSecretsHandlers {
  /** The newest certificate in PEM; null when there is no key. */
  certificate(): Uint8Array | null
  /** Whether every item of one SealedSecret can be decrypted. Throws when the text is no SealedSecret. */
  verify(content: Uint8Array): Promise<boolean>
  /** The SealedSecret sealed again with the newest key, as JSON. Throws when that cannot be done. */
  rotate(content: Uint8Array): Promise<string>
  /** Whether the controller has seen every object once. */
  ready(): boolean
}

/** How the API is served. */
export interface SealedSecretsApiOptions extends ListenOptions {
  readonly handlers: SealedSecretsHandlers
  readonly metrics: SealedSecretMetrics
  readonly log: Log
  /** Sustained requests per second to verify and rotate, for each client and path. */
  readonly rateLimit: number
  readonly rateLimitBurst: number
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

interface Route {
  /** Counted in the metrics; upstream does not count its probes. */
  readonly counted: boolean
  readonly limited: boolean
  answer(request: IncomingMessage): Answer | Promise<Answer>
}

const text = { 'content-type': 'text/plain; charset=utf-8' }
/** Of answers that Go's `http.Error` makes. */
const errorText = { ...text, 'x-content-type-options': 'nosniff' }
/** Upstream's cap for verify and rotate. */
const largestBody = 10 * 1024 * 1024

/**
 * Serves the HTTP API of Sealed Secrets: no TLS, no login, any method, exactly its paths, codes and headers.
 *
 * Everyone in a cluster may reach it, so no answer depends on what a template renders: verify and rotate only decrypt.
 */
export function serveSealedSecretsApi(options: SealedSecretsApiOptions): Promise<Listening> {
  const table = routes(options)
  const allow = createLimiter({ rate: options.rateLimit, burst: options.rateLimitBurst })
  return listen(options, (request, response) => {
    const path = pathOf(request)
    const route = table.get(path)
    const started = performance.now()
    respond(route, allow, { request, path }).then(
      (answer) => {
        send(response, answer, request.method === 'HEAD')
        if (route?.counted !== true) return
        const method = (request.method ?? 'GET').toLowerCase()
        options.metrics.httpRequests.inc({ path, method, code: String(answer.status) })
        options.metrics.httpDuration.observe({ path, method }, (performance.now() - started) / 1000)
      },
      // The client went away while it sent.
      () => response.destroy(),
    )
  })
}

async function respond(
  route: Route | undefined,
  allow: Limiter,
  { request, path }: { readonly request: IncomingMessage; readonly path: string },
): Promise<Answer> {
  if (route === undefined) return { status: 404, headers: errorText, body: '404 page not found\n' }
  if (!route.limited) return route.answer(request)
  const permission = allow(`${String(request.headers['x-forwarded-for'] ?? '')}\n${path}`)
  const headers = limitHeaders(permission)
  if (!permission.allowed) return { status: 429, headers: { ...errorText, ...headers }, body: 'limit exceeded\n' }
  const answer = await route.answer(request)
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

function routes({ handlers, log }: SealedSecretsApiOptions): ReadonlyMap<string, Route> {
  const withBody = bodies(log)
  const ok: Answer = { status: 200, headers: text, body: 'ok\n' }
  const table: Readonly<Record<string, Route>> = {
    '/healthz': { counted: false, limited: false, answer: () => ok },
    '/readyz': {
      counted: false,
      limited: false,
      answer: () => (handlers.ready() ? ok : { status: 503, headers: text, body: 'not ready\n' }),
    },
    '/v1/cert.pem': { counted: true, limited: false, answer: () => certificate(handlers.certificate()) },
    '/v1/verify': {
      counted: true,
      limited: true,
      answer: withBody('Error validating secret', async (content) => ({
        status: (await handlers.verify(content)) ? 200 : 409,
      })),
    },
    '/v1/rotate': {
      counted: true,
      limited: true,
      // Upstream writes its JSON after the headers, so that clients see the sniffed type.
      answer: withBody('Error rotating secret', async (content) => ({
        status: 200,
        headers: text,
        body: await handlers.rotate(content),
      })),
    },
  }
  return new Map(Object.entries(table))
}

function certificate(pem: Uint8Array | null): Answer {
  if (pem !== null) return { status: 200, headers: { 'content-type': 'application/x-pem-file' }, body: pem }
  return { status: 500, headers: errorText, body: 'cannot get certificate\n' }
}

type WithBody = (
  failure: string,
  handle: (content: Uint8Array) => Promise<Answer>,
) => (request: IncomingMessage) => Promise<Answer>

/** Answers requests by their bodies. Few are worked on at once, and those that wait take bounded memory together. */
function bodies(log: Log): WithBody {
  const held = { bytes: 0 }
  const turn = takingTurns(mostAtOnce)
  return (failure, handle) => async (request) => {
    const body = await readBody(request, held)
    try {
      if ('status' in body) return body
      return await turn(() => handle(body.content))
    } catch (error) {
      log.error(failure, errorFields(error))
      return { status: 500 }
    } finally {
      held.bytes -= body.size
    }
  }
}

/** Whoever can reach the API may send what takes long to decrypt: it takes a share of the cores and no more. */
const mostAtOnce = 2
/** Bytes of bodies that are held at once. */
const mostHeld = 4 * largestBody

/** Runs work, so much of it at once, in the order in which it came. */
function takingTurns(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

type Body = { readonly size: number } & ({ readonly content: Uint8Array } | Answer)

/** The body, or the answer to one that is too large for upstream's cap or for what is held already. */
async function readBody(request: IncomingMessage, held: { bytes: number }): Promise<Body> {
  const chunks: Buffer[] = []
  let [size, kept, busy] = [0, 0, false]
  const release = (): void => {
    held.bytes -= kept
    kept = 0
    chunks.length = 0
  }
  try {
    for await (const chunk of request) {
      const { length } = chunk as Buffer
      size += length
      // The rest of a body that is a little too large is read, so that its sender gets the answer and not a reset.
      if (size > 2 * largestBody) break
      busy ||= held.bytes + length > mostHeld
      if (busy || size > largestBody) {
        release()
        continue
      }
      held.bytes += length
      kept += length
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    release()
    throw error
  }
  if (size > largestBody) return { size: kept, status: 413, headers: { connection: 'close' } }
  if (busy) return { size: kept, status: 503, headers: { 'retry-after': '1' } }
  return { size: kept, content: Buffer.concat(chunks) }
}

function limitHeaders({ allowed, limit, remaining, reset, retryAfter }: Permission): Record<string, string> {
  return {
    'X-Ratelimit-Limit': String(limit),
    'X-Ratelimit-Remaining': String(remaining),
    'X-Ratelimit-Reset': String(reset),
    ...(allowed ? {} : { 'Retry-After': String(retryAfter) }),
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer, headOnly: boolean): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
  response.end(headOnly ? undefined : body)
}
