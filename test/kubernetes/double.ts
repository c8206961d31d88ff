import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ConnectionConfig, Session } from '@sealkit/kubernetes'
import { type Authority, createAuthority } from '../servers/certificates.ts'

/** A TLS server that misbehaves as a test says; only for faults that a real API server does not show on demand. */
export interface Double {
  readonly config: ConnectionConfig
  readonly requests: { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  /** Answers of the next requests, in order; the last one stays. */
  answer(...answers: ((request: IncomingMessage, response: ServerResponse) => void)[]): void
  stop(): Promise<void>
}

export async function startDouble(session: Partial<Session> = {}): Promise<Double> {
  const authority: Authority = createAuthority('authority of the double')
  const { certificate, key } = authority.issue({ name: 'double' })
  let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = []
  const requests: Double['requests'] = []
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    request.resume()
    request.on('end', () => answer?.(request, response))
  })
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
