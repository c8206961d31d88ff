import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { ResolverError, ThrottledError } from '../error.ts'
import type { Reaches } from '../provider.ts'

/** A request, in the form in which node-vault hands it to its `request-promise` hook. */
export interface TransportRequest {
  readonly method: string
  readonly uri: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** A body that is no JSON. */
  readonly body?: string
  readonly signal?: AbortSignal
}

/** An answer: the body as text, so that numbers keep their digits. */
export interface TransportResponse {
  readonly statusCode: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly request: { readonly path: string }
}

/** A body that is JSON text already; node-vault passes it on untouched. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Sends requests of one store, over connections of its own. */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>
  close(): void
}

/** How a {@link Transport} connects. */
export interface TransportOptions {
  /** PEM; null = the platform's roots. Given, only these are trusted. */
  readonly certificateAuthority: string | null
  readonly clientCertificate: { readonly cert: string; readonly key: string } | null
  readonly maxRetries: number
  /** Milliseconds before the first retry. */
  readonly retryDelay: number
  /** Headers of every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds that one attempt may take; a minute unless given. */
  readonly timeout?: number
  /** Whether an URL may be asked; absent = every one. */
  readonly reaches?: Reaches | undefined
}

/** Milliseconds that one attempt may take to be answered, whatever the provider; the Vault client's limit. */
export const answerTimeout = 60_000
/** Milliseconds that a call waits itself before it tries again; a longer wait is the caller's. */
const longestWait = 5_000
/** Bytes of the longest answer that is read. */
const longestBody = 32 * 1024 * 1024

/** A transport with an agent of its own: no connection and no session of one store is ever used for another. */
export function createTransport(options: TransportOptions): Transport {
  const { certificateAuthority: ca, clientCertificate } = options
  const tls = { ...(ca === null ? {} : { ca }), ...clientCertificate }
  const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true, ...tls }) }
  const attempt = async (request: TransportRequest): Promise<TransportResponse> => {
    checkHost(request, options)
    return once(request, agents, options.timeout ?? answerTimeout)
  }
  return {
    async send(bare): Promise<TransportResponse> {
      const request = { ...bare, headers: { ...options.headers, ...bare.headers } }
      for (let attempts = 0; ; attempts += 1) {
        const last = attempts >= options.maxRetries
        try {
          const response = await redirected(await attempt(request), request, attempt)
          const asked = retryAfter(response)
          if (last || !worthAnotherTry(response.statusCode) || (asked ?? 0) > longestWait) return response
          await wait(asked ?? options.retryDelay * 2 ** attempts, undefined, signalOption(request))
        } catch (error) {
          request.signal?.throwIfAborted()
          if (last || error instanceof ResolverError) throw unreachable(request, error)
          await wait(options.retryDelay * 2 ** attempts, undefined, signalOption(request))
        }
      }
    },
    close(): void {
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}

/**
 * A policy holds for every request: for the one that a redirect, a template or a kubeconfig made, too. Behind one address
 * the `Host` header chooses among servers.
 */
function checkHost({ uri, headers = {} }: TransportRequest, { reaches }: Pick<TransportOptions, 'reaches'>): void {
  if (reaches === undefined) return
  const { protocol, host, pathname, search } = new URL(uri)
  const named = Object.entries(headers).flatMap(([name, value]) => (name.toLowerCase() === 'host' ? [value] : []))
  for (const each of [host, ...named]) {
    const meant = `${protocol}//${each}${pathname}${search}`
    const url = URL.canParse(meant) ? new URL(meant) : null
    if (url === null || !reaches(url, 'host')) throw unreached(each)
    // The path may hold what a template put there, so it is not shown.
    if (!reaches(url)) throw unreached(`this path of ${each}`)
  }
}

/** The error for an address that a policy does not allow. */
export function unreached(where: string): ResolverError {
  const message = `the store would send a request to ${where}, which the policy does not allow`
  return new ResolverError('POLICY_DENIED', message, { hint: 'ask the operator who keeps the policy' })
}

/** 412 says that a replica has not caught up yet; 501 will not change. */
function worthAnotherTry(status: number): boolean {
  return status === 412 || status === 429 || (status >= 500 && status !== 501)
}

/**
 * Milliseconds that a server which refused for its load asks to wait: `Retry-After` in seconds or as a date, up to an
 * hour; undefined where it says nothing.
 */
export function retryAfter({
  statusCode,
  headers,
}: Pick<TransportResponse, 'statusCode' | 'headers'>): number | undefined {
  const text = headers['retry-after'] ?? ''
  if (!worthAnotherTry(statusCode) || text === '') return undefined
  // Only an HTTP date: `Date.parse` takes `-5` for a day, too.
  const date = / GMT$/.test(text) ? Date.parse(text) : Number.NaN
  const wanted = /^\d+$/.test(text) ? Number(text) * 1000 : date - Date.now()
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), 3_600_000) : undefined
}

/**
 * A refused request as an error: its code by the status, and with a {@link ThrottledError} the wait that the server asks
 * for. `message` must hold nothing of the request or the body that could be a value.
 */
export function refusal(response: Pick<TransportResponse, 'statusCode' | 'headers'>, message: string): ResolverError {
  const { statusCode: status } = response
  const wait = retryAfter(response)
  if (wait !== undefined) return new ThrottledError(message, wait)
  if (status === 401 || status === 403) return new ResolverError('ACCESS_DENIED', message)
  const busy = status === 412 || status === 429 || status >= 500
  return new ResolverError(busy ? 'PROVIDER_UNAVAILABLE' : 'PROVIDER_FAILED', message)
}

function signalOption({ signal }: TransportRequest): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

/** Headers that belong to the host for which they were meant; Go's client, too, leaves them out for another one. */
const hostHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'cookie2', 'www-authenticate'])

/**
 * A standby node answers with the active one's address. One step is followed, and never from https to http; another
 * host gets no header that logs in, but Vault's token.
 */
async function redirected(
  response: TransportResponse,
  request: TransportRequest,
  attempt: (request: TransportRequest) => Promise<TransportResponse>,
): Promise<TransportResponse> {
  const { location } = response.headers
  if (![301, 302, 307].includes(response.statusCode) || location === undefined) return response
  const from = new URL(request.uri)
  const to = new URL(location, from)
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new ResolverError('PROVIDER_FAILED', 'the server redirects from https to http')
  }
  const headers = Object.entries(request.headers ?? {}).filter(
    ([name]) => to.host === from.host || !hostHeaders.has(name.toLowerCase()),
  )
  return attempt({ ...request, uri: to.href, headers: Object.fromEntries(headers) })
}

function unreachable({ uri }: TransportRequest, cause: unknown): ResolverError {
  if (cause instanceof ResolverError) return cause
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new ResolverError('PROVIDER_UNAVAILABLE', `cannot reach ${new URL(uri).host}${code}`, { cause })
}

function requestHeaders({ headers = {}, json }: TransportRequest, body: string | undefined): Record<string, string> {
  if (body === undefined) return { ...headers }
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' }
  return { ...type, ...headers, 'Content-Length': String(Buffer.byteLength(body)) }
}

function requestBody(json: unknown): string | undefined {
  if (json === undefined || json === true) return undefined
  return json instanceof RawJson ? json.text : JSON.stringify(json)
}

type Agents = Readonly<Record<'http:' | 'https:', HttpAgent>>

function once(request: TransportRequest, agents: Agents, timeout: number): Promise<TransportResponse> {
  const url = new URL(request.uri)
  const secure = url.protocol === 'https:'
  const body = request.body ?? requestBody(request.json)
  return new Promise((resolve, reject) => {
    const sent = (secure ? httpsRequest : httpRequest)(url, {
      method: request.method,
      headers: requestHeaders(request, body),
      agent: agents[secure ? 'https:' : 'http:'],
      timeout,
      ...signalOption(request),
    })
    sent.on('response', (response) => readBody(response).then((text) => resolve(answer(url, response, text)), reject))
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    sent.on('error', reject)
    sent.end(body)
  })
}

function answer(url: URL, response: IncomingMessage, body: string): TransportResponse {
  return { statusCode: response.statusCode ?? 0, headers: response.headers, body, request: { path: url.pathname } }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > longestBody) {
      response.destroy()
      throw new ResolverError('PROVIDER_FAILED', 'the answer is too long')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
