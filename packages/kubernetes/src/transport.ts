import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { type Clock, sleep, systemClock } from './clock.ts'
import type { Session } from './config/credentials.ts'
import type { ConnectionConfig } from './config/load.ts'
import { KubernetesError } from './error.ts'
import { connectionError } from './network.ts'
import { proxyFor, tunnelAgent } from './proxy.ts'
import { systemRoots } from './roots.ts'

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
  readonly env?: NodeJS.ProcessEnv
  readonly clock?: Clock
}

/**
 * A transport on `node:https`: keep-alive connections, TLS from the configuration, credentials renewed once on 401, and
 * client-go's retries: answers 429 and 5xx that say `Retry-After`, and reads whose connection broke.
 */
export function httpTransport(config: ConnectionConfig, options: TransportOptions = {}): Transport {
  const { maxBytes = 256 * 2 ** 20, clock = systemClock, env = process.env } = options
  const retries = options.retries ?? 10
  const connect = connector(config, env)
  const once = async (request: HttpRequest, refresh: boolean): Promise<IncomingMessage> => {
    const session = await config.session(refresh)
    const response = await send(config, request, connect(session), session)
    if (response.statusCode !== 401 || refresh) return response
    const renewed = await config.session(true)
    if (renewed.headers['authorization'] === session.headers['authorization'] && renewed.cert === session.cert) {
      return response
    }
    response.resume()
    return send(config, request, connect(renewed), renewed)
  }
  const attempt = async <Answer>(
    request: HttpRequest,
    read: (response: IncomingMessage) => Promise<Answer>,
  ): Promise<Answer> => {
    for (let retry = 0; ; retry++) {
      request.signal?.throwIfAborted()
      const wait = await tryOnce(request, once, read)
      if ('answer' in wait && (wait.after === undefined || retry >= retries)) return wait.answer
      if ('error' in wait && (wait.after === undefined || retry >= retries)) throw wait.error
      await sleep(clock, (wait.after ?? 0) * 1000, request.signal)
    }
  }
  const guarded = <Answer>(
    request: HttpRequest,
    read: (response: IncomingMessage) => Promise<Answer>,
  ): Promise<Answer> =>
    attempt(request, read).catch((error: unknown) => {
      throw connectionError(error, config, request)
    })
  return {
    request: (request) =>
      deadline(request, request.timeout ?? config.timeout ?? 0, (bounded) =>
        guarded(bounded, async (response) => ({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: await readBody(response, maxBytes),
        })),
      ),
    stream: (request) =>
      guarded(request, async (response) => ({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: chunks(response, config, request),
      })),
    close: () => connect.close(),
  }
}

type Outcome<Answer> = ({ readonly answer: Answer } | { readonly error: unknown }) & { readonly after?: number }

/** One try; `after` says in how many seconds another is worth it. */
async function tryOnce<Answer>(
  request: HttpRequest,
  once: (request: HttpRequest, refresh: boolean) => Promise<IncomingMessage>,
  read: (response: IncomingMessage) => Promise<Answer>,
): Promise<Outcome<Answer>> {
  try {
    const response = await once(request, false)
    const status = response.statusCode ?? 0
    const after = status === 429 || status >= 500 ? retryAfter(response.headers) : undefined
    const answer = await read(response)
    return after === undefined ? { answer } : { answer, after }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const broken = code === 'ECONNRESET' || code === 'EPIPE'
    return broken && request.method === 'GET' && !request.signal?.aborted ? { error, after: 1 } : { error }
  }
}

/** Seconds of a `Retry-After` header; dates are not kept, as in client-go. */
export function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

interface Connector {
  (session: Session): Agent
  close(): void
}

/** One agent per set of certificates: a rotated client certificate needs new connections. */
function connector(config: ConnectionConfig, env: NodeJS.ProcessEnv): Connector {
  const current: { agent?: Agent; identity?: string } = {}
  const connect = (session: Session): Agent => {
    const identity = `${session.ca ?? ''}\n${session.cert ?? ''}\n${session.key ?? ''}`
    if (current.agent !== undefined && current.identity === identity) return current.agent
    current.agent?.destroy()
    current.identity = identity
    current.agent = newAgent(config, session, env)
    return current.agent
  }
  return Object.assign(connect, { close: () => current.agent?.destroy() })
}

function newAgent(config: ConnectionConfig, session: Session, env: NodeJS.ProcessEnv): Agent {
  // Idle connections are given up before the server does it (90 s), so that no request meets a closing one.
  const keepAlive = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000, scheduling: 'lifo' as const }
  const url = new URL(config.server)
  const proxy = config.proxyUrl ?? proxyFor(url, env)
  if (url.protocol === 'http:' && proxy === undefined) return new Agent(keepAlive)
  const ca = session.ca ?? systemRoots(env)
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(session.cert !== undefined && { cert: session.cert }),
    ...(session.key !== undefined && { key: session.key }),
    ...(config.serverName !== undefined && { servername: config.serverName }),
    rejectUnauthorized: config.insecure !== true,
  }
  if (proxy !== undefined) return tunnelAgent(proxy, { ...keepAlive, ...tls })
  return new HttpsAgent({ ...keepAlive, ...tls })
}

function send(
  config: ConnectionConfig,
  request: HttpRequest,
  agent: Agent,
  session: Session,
): Promise<IncomingMessage> {
  const url = new URL(config.server)
  const open = url.protocol === 'http:' ? requestHttp : requestHttps
  const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
  const options: RequestOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (url.protocol === 'http:' ? 80 : 443),
    method: request.method,
    path: `${url.pathname.replace(/\/$/, '')}${request.path}`,
    agent,
    ...(request.signal && { signal: request.signal }),
    headers: {
      'user-agent': 'sealkit',
      ...config.headers,
      ...session.headers,
      ...request.headers,
      ...(body !== undefined && { 'content-length': String(body.byteLength) }),
    },
  }
  return new Promise((resolve, reject) => {
    const outgoing = open(options, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) {
      response.destroy()
      throw new KubernetesError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`)
    }
    parts.push(chunk)
  }
  if (!response.complete) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, size)
}

async function* chunks(
  response: IncomingMessage,
  config: ConnectionConfig,
  request: HttpRequest,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* response as AsyncIterable<Buffer>
    if (!response.complete) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  } catch (error) {
    throw connectionError(error, config, request)
  } finally {
    response.destroy()
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
