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
  if (route === undefined) return { status: 404, headers: text, body: '404 page not found\n' }
  if (!route.limited) return route.answer(request)
  const permission = allow(`${String(request.headers['x-forwarded-for'] ?? '')}\n${path}`)
  const headers = limitHeaders(permission)
  if (!permission.allowed) return { status: 429, headers: { ...text, ...headers }, body: 'limit exceeded\n' }
  const answer = await route.answer(request)
  return { ...answer, headers: { ...headers, ...answer.headers } }
}

function routes({ handlers, log }: SealedSecretsApiOptions): ReadonlyMap<string, Route> {
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
      answer: withBody(log, 'Error validating secret', async (content) => ({
        status: (await handlers.verify(content)) ? 200 : 409,
      })),
    },
    '/v1/rotate': {
      counted: true,
      limited: true,
      // Upstream writes its JSON after the headers, so that clients see the sniffed type.
      answer: withBody(log, 'Error rotating secret', async (content) => ({
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
  return { status: 500, headers: { ...text, 'x-content-type-options': 'nosniff' }, body: 'cannot get certificate\n' }
}

function withBody(
  log: Log,
  failure: string,
  handle: (content: Uint8Array) => Promise<Answer>,
): (request: IncomingMessage) => Promise<Answer> {
  return async (request) => {
    const content = await readBody(request)
    if (content === null) return { status: 413, headers: { connection: 'close' } }
    try {
      return await handle(content)
    } catch (error) {
      log.error(failure, errorFields(error))
      return { status: 500 }
    }
  }
}

/** The body; null when it is larger than upstream's cap. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    // The rest of a body that is a little too large is read, so that its sender gets the answer and not a reset.
    if (size > 2 * largestBody) return null
    if (size <= largestBody) chunks.push(chunk as Buffer)
  }
  return size > largestBody ? null : Buffer.concat(chunks)
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
