import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ConnectionConfig, KubernetesError, type Session } from '@sealkit/kubernetes'
import { type Authority, createAuthority } from '../servers/certificates.ts'

/** How a request is answered. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A TLS server that misbehaves as a test says; only for faults that a real API server does not show on demand. */
export interface Double {
  readonly config: ConnectionConfig
  readonly requests: { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  /** Answers of the next requests, in order; the last one stays. */
  answer(...answers: Answer[]): void
  stop(): Promise<void>
}

/** Starts one; `session` is what its clients present. */
export async function startDouble(session: Partial<Session> = {}): Promise<Double> {
  const authority: Authority = createAuthority('authority of the double')
  const { certificate, key } = authority.issue({ name: 'double' })
  let answers: Answer[] = []
  const requests: Double['requests'] = []
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    request.resume()
    request.on('end', () => answer?.(request, response))
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const whole: Session = { headers: {}, ca: authority.certificate, ...session }
  return {
    config: { server: `https://127.0.0.1:${port}`, session: async () => whole },
    requests,
    answer(...next) {
      answers = next
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Answers with a status and a JSON body, or a text as it is. */
export function reply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }
}

/** The API server's Status of a failure. */
export function status(reason: string, code: number): object {
  return { kind: 'Status', status: 'Failure', message: `said ${reason}`, reason, code }
}

/** The code of the error that some work ends with, or `no error`. */
export async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof KubernetesError, String(error))
    return error.code
  }
  return 'no error'
}
