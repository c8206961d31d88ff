import type { Session } from '../config/credentials.ts'
import type { ConnectionConfig } from '../config/load.ts'
import { systemRoots } from '../roots.ts'
import type { HttpRequest } from '../transport.ts'
import type { Wire, WireResponse } from './wire.ts'

/** A wire on Bun's `fetch`, whose `tls` option is not in the standard. */
export function fetchWire(config: ConnectionConfig, env: NodeJS.ProcessEnv): Wire {
  return {
    async send(request, session) {
      const response = await fetch(`${config.server}${request.path}`, init(config, request, session, env))
      return wireResponse(response)
    },
    // Bun ends idle connections with the process.
    close: () => undefined,
  }
}

function init(config: ConnectionConfig, request: HttpRequest, session: Session, env: NodeJS.ProcessEnv): RequestInit {
  const ca = session.ca ?? systemRoots(env)
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(session.cert !== undefined && { cert: session.cert }),
    ...(session.key !== undefined && { key: session.key }),
    rejectUnauthorized: config.insecure !== true,
  }
  const headers = { 'user-agent': 'sealkit', ...config.headers, ...session.headers, ...request.headers }
  const options = {
    method: request.method,
    headers: headers as Record<string, string>,
    ...(request.body !== undefined && { body: request.body as NonNullable<RequestInit['body']> }),
    ...(request.signal && { signal: request.signal }),
    redirect: 'manual',
    decompress: false,
    timeout: false,
    tls,
  } as const
  return options
}

function wireResponse(response: Response): WireResponse {
  const reading = { done: false }
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: read(response, reading),
    discard() {
      if (!reading.done) response.body?.cancel().catch(() => undefined)
      reading.done = true
    },
  }
}

async function* read(response: Response, reading: { done: boolean }): AsyncGenerator<Buffer, void, undefined> {
  if (response.body === null) return
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  reading.done = true
}
