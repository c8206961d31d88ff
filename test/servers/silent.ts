import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that takes every request and never answers. */
export interface SilentServer {
  readonly url: string
  /** Requests that came so far. */
  readonly requests: number
  stop(): void
}

/** Starts a {@link SilentServer} on a free port. */
export async function startSilent(): Promise<SilentServer> {
  let requests = 0
  const server = createServer(() => {
    requests += 1
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** How a promise ended: its error, or null where it had none. */
export function outcome(promise: Promise<unknown>): { readonly done: boolean; readonly error: unknown } {
  const result: { done: boolean; error: unknown } = { done: false, error: null }
  promise.then(
    () => Object.assign(result, { done: true }),
    (error: unknown) => Object.assign(result, { done: true, error }),
  )
  return result
}

/** A turn of the event loop, whatever a test made of its timers. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
