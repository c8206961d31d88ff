import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Session } from '../config/credentials.ts'
import type { ConnectionConfig } from '../config/load.ts'
import { systemRoots } from '../roots.ts'
import type { HttpRequest } from '../transport.ts'
import { proxyFor, tunnelAgent } from './proxy.ts'
import type { Wire, WireResponse } from './wire.ts'

/** A wire on `node:https` with keep-alive connections. */
export function nodeWire(config: ConnectionConfig, env: NodeJS.ProcessEnv): Wire {
  const connect = connector(config, env)
  return {
    async send(request, session) {
      return wireResponse(await send(config, request, connect(session), session))
    },
    close: () => connect.close(),
  }
}

function wireResponse(response: IncomingMessage): WireResponse {
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: read(response),
    discard() {
      // A short rest is read, so that the connection can be used again.
      if (Number(response.headers['content-length'] ?? Number.NaN) <= 2048) response.resume()
      else response.destroy()
    },
  }
}

async function* read(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  yield* response as AsyncIterable<Buffer>
  if (!response.complete) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
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
