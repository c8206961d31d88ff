import { parseJson } from '@sealkit/core/go'
import { createJoiner } from '../../fetch.ts'
import type { OpenOptions } from '../../provider.ts'
import { type Json, object, text } from '../../view.ts'
import { serverPlace } from '../text.ts'
import { createTransport, refusal, type Transport, unreached } from '../transport.ts'
import { readAccess, tokenSeconds } from './spec.ts'

/** What is asked of the API server. */
export interface Api {
  /** Null for what is not there. */
  get(path: string, signal: AbortSignal): Promise<Json | null>
  /** Any request; null for what is not there. */
  send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Json | null>
  close(): Promise<void>
}

interface Connection {
  readonly transport: Transport
  readonly server: string
  readonly token: string
  readonly until: number
}

/** The API server of a store, with a token that is renewed before it ends. */
export function createApi({ store, credentials, environment, reaches }: OpenOptions): Api {
  const opening = createJoiner<Connection>()
  let current: Connection | undefined
  const connect = async (signal: AbortSignal): Promise<Connection> => {
    if (current !== undefined && current.until > environment.now()) return current
    current?.transport.close()
    current = await opening.join('open', signal, async () => {
      const access = await readAccess(store, credentials)
      if (reaches?.(new URL(access.server), 'server') === false) throw unreached(serverPlace(access.server))
      const retry = { maxRetries: store.retry?.maxRetries ?? 2, retryDelay: 500 }
      // A minute less than the shortest life that a token can have here.
      const until = environment.now() + (tokenSeconds - 60) * 1000
      return { ...access, until, transport: createTransport({ ...access, ...retry, reaches, headers: {} }) }
    })
    return current
  }
  const send = async (method: string, path: string, json: unknown, signal: AbortSignal): Promise<Json | null> => {
    const { transport, server, token } = await connect(signal)
    const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }
    const response = await transport.send({ method, uri: server + path, headers, json, signal })
    const { statusCode, body } = response
    if (statusCode === 404) return null
    if (statusCode >= 200 && statusCode < 300) return object(parseJson(body))
    throw refusal(response, statusMessage(body) ?? `the server answers ${statusCode}`)
  }
  return {
    get: (path, signal) => send('GET', path, undefined, signal),
    send,
    close: async () => current?.transport.close(),
  }
}

/** The API server's own message, which names resources and users. */
function statusMessage(body: string): string | null {
  try {
    const status = object(parseJson(body))
    return status['kind'] === 'Status' ? text(status['message']) || null : null
  } catch {
    return null
  }
}
