import type { IncomingHttpHeaders } from 'node:http'
import type { Session } from '../config/credentials.ts'
import type { ConnectionConfig } from '../config/load.ts'
import type { HttpRequest } from '../transport.ts'

/** An answer whose body comes as it is read. */
export interface WireResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Throws where the connection ends before the body does. */
  readonly body: AsyncIterable<Buffer>
  /** Gives up what has not been read. */
  discard(): void
}

/** What carries requests over TLS: errors are the runtime's own, with its codes. */
export interface Wire {
  send(request: HttpRequest, session: Session): Promise<WireResponse>
  /** Closes idle connections. */
  close(): void
}

/** Headers that several values may have go one line each, which fetch cannot; proxies and TLS names are node:https's. */
function fetchSuffices(config: ConnectionConfig, env: NodeJS.ProcessEnv): boolean {
  const repeated = Object.values(config.headers ?? {}).some((value) => typeof value !== 'string')
  const proxies = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'].some((name) => env[name])
  return !repeated && !proxies && config.proxyUrl === undefined && config.serverName === undefined
}

/**
 * The wire of this runtime: `node:https`, and in a Bun executable `fetch`, which is there the native client and costs a
 * command line half the time of its `node:https`.
 */
export async function openWire(config: ConnectionConfig, env: NodeJS.ProcessEnv): Promise<Wire> {
  if (process.versions['bun'] !== undefined && fetchSuffices(config, env)) {
    return (await import('./fetch.ts')).fetchWire(config, env)
  }
  return (await import('./node.ts')).nodeWire(config, env)
}
