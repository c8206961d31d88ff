import type { IncomingHttpHeaders } from 'node:http'
import { type Clock, sleep, systemClock } from './clock.ts'
import type { ConnectionConfig } from './config/load.ts'
import { KubernetesError } from './error.ts'
import { connectionError } from './network.ts'
import { type RateLimit, rateLimiter } from './ratelimit.ts'
import { openWire, type Wire, type WireResponse } from './wire/wire.ts'

/** One request of the API server. */
export interface HttpRequest {
  readonly method: string
  /** From the server's root, query included: `/api/v1/secrets?limit=500`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Milliseconds for the whole answer; absent = the connection's, 0 = none. */
  readonly timeout?: number
}

/** An answer, whole. */
export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An answer whose body is still coming. */
export interface HttpStream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Buffer>
}

/** The one thing that speaks to API servers. */
export interface Transport {
  /** @throws ABORTED, CREDENTIALS_FAILED, TIMEOUT, TLS_FAILED, TOO_LARGE, UNAVAILABLE; an HTTP error status is an answer */
  request(request: HttpRequest): Promise<HttpResponse>
  /** As `request`, but the body is read as it comes, without limit; leaving the loop closes the connection. */
  stream(request: HttpRequest): Promise<HttpStream>
  /** Closes idle connections. */
  close(): void
}

/** What a transport may be told besides where to connect. */
export interface TransportOptions {
  /** Largest body that `request` accepts, in bytes; 256 MiB unless given. */
  readonly maxBytes?: number
  /** Tries after the first one, where the server asks to come again (429 and 5xx with Retry-After); 10 as client-go. */
  readonly retries?: number
  /** Absent = none: the API server's priority and fairness keep order by themselves. */
  readonly rateLimit?: RateLimit
  readonly env?: NodeJS.ProcessEnv
  readonly clock?: Clock
}

/**
 * A transport on one {@link Wire}: credentials renewed once on 401, and client-go's retries: answers 429 and 5xx that
 * say `Retry-After`, and reads whose connection broke.
 */
export function httpTransport(config: ConnectionConfig, options: TransportOptions = {}): Transport {
  const { maxBytes = 256 * 2 ** 20, clock = systemClock, retries = 10 } = options
  const admitted = options.rateLimit === undefined ? undefined : rateLimiter(options.rateLimit, clock)
  const opened: { wire?: Promise<Wire> } = {}
  const exchange = async <Answer>(
    request: HttpRequest,
    read: (response: WireResponse) => Promise<Answer>,
  ): Promise<Answer> => {
    opened.wire ??= openWire(config, options.env ?? process.env)
    const wire = await opened.wire
    for (let retry = 0; ; retry++) {
      const last = retry >= retries
      await admitted?.(request.signal)
      const wait = await attempt(() => authenticated(wire, config, request), read, { request, last })
      if ('answer' in wait) return wait.answer
      await sleep(clock, wait.after * 1000, request.signal)
      request.signal?.throwIfAborted()
    }
  }
  const guarded = <Answer>(request: HttpRequest, read: (response: WireResponse) => Promise<Answer>): Promise<Answer> =>
    exchange(request, read).catch((error: unknown) => {
      throw connectionError(error, config, request)
    })
  return {
    request: (request) =>
      deadline(request, request.timeout ?? config.timeout ?? 0, (bounded) =>
        guarded(bounded, async (response) => ({
          status: response.status,
          headers: response.headers,
          body: await readBody(response, maxBytes),
        })),
      ),
    stream: (request) =>
      guarded(request, async (response) => ({
        status: response.status,
        headers: response.headers,
        body: chunks(response, config, request),
      })),
    close: () => void opened.wire?.then((wire) => wire.close()),
  }
}

/** Sends a request; once more with new credentials where the server refuses the old ones. */
async function authenticated(wire: Wire, config: ConnectionConfig, request: HttpRequest): Promise<WireResponse> {
  const session = await config.session(false)
  const response = await wire.send(request, session)
  if (response.status !== 401) return response
  const renewed = await config.session(true)
  if (renewed.headers['authorization'] === session.headers['authorization'] && renewed.cert === session.cert) {
    return response
  }
  response.discard()
  return wire.send(request, renewed)
}

/** One try: its answer, or in how many seconds another is worth it. */
async function attempt<Answer>(
  send: () => Promise<WireResponse>,
  read: (response: WireResponse) => Promise<Answer>,
  { request, last }: { readonly request: HttpRequest; readonly last: boolean },
): Promise<{ readonly answer: Answer } | { readonly after: number }> {
  try {
    request.signal?.throwIfAborted()
    const response = await send()
    const { status } = response
    const after = status === 429 || status >= 500 ? retryAfter(response.headers) : undefined
    if (after === undefined || last) return { answer: await read(response) }
    response.discard()
    return { after }
  } catch (error) {
    if (last || request.method !== 'GET' || request.signal?.aborted || !isBroken(error)) throw error
    return { after: 1 }
  }
}

/** True where a connection ended before the answer did. */
function isBroken(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ConnectionClosed'].includes(String((error as NodeJS.ErrnoException).code))
}

/** Seconds of a `Retry-After` header; dates are not kept, as in client-go. */
export function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

async function readBody(response: WireResponse, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > maxBytes) {
      response.discard()
      throw new KubernetesError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`)
    }
    parts.push(chunk)
  }
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, size)
}

async function* chunks(
  response: WireResponse,
  config: ConnectionConfig,
  request: HttpRequest,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* response.body
  } catch (error) {
    throw connectionError(error, config, request)
  } finally {
    response.discard()
  }
}

/** Runs `work` with a signal that also aborts after `milliseconds`. */
async function deadline<Answer>(
  request: HttpRequest,
  milliseconds: number,
  work: (request: HttpRequest) => Promise<Answer>,
): Promise<Answer> {
  if (milliseconds <= 0) return work(request)
  const timeout = AbortSignal.timeout(milliseconds)
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout])
  return work({ ...request, signal })
}
