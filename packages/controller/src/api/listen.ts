import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ControllerError } from '../error.ts'

/** A server that listens. */
export interface Listening {
  readonly port: number
  /** Takes no new requests and resolves when those in progress have been answered. */
  close(): Promise<void>
}

/** Where and how long a server listens. */
export interface ListenOptions {
  /** Go's form: `:8080`, `127.0.0.1:8080`, `[::1]:8080`. Port 0 takes a free one. */
  readonly address: string
  /** Milliseconds for a whole request to arrive. */
  readonly readTimeout?: number
  /** Milliseconds of silence before a connection is dropped. */
  readonly writeTimeout?: number
}

/** Serves HTTP. @throws {ControllerError} `LISTEN_FAILED` when the address is no address or is taken */
export async function listen(options: ListenOptions, listener: RequestListener): Promise<Listening> {
  const { readTimeout = 120_000, writeTimeout = 120_000 } = options
  const server = createServer({ requestTimeout: readTimeout, headersTimeout: readTimeout }, listener)
  server.setTimeout(writeTimeout)
  const { host, port } = splitAddress(options.address)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailed(options.address, error.code ?? '')))
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

/** The path of a request, without its query; whatever a client sends is a text and never an error. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

/** Host and port of an address in Go's form. @throws {ControllerError} `LISTEN_FAILED` */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw listenFailed(address, 'no address')
  return { host: match[1] ?? match[2] ?? '', port }
}

function listenFailed(address: string, reason: string): ControllerError {
  return new ControllerError('LISTEN_FAILED', `cannot listen on ${address} (${reason})`, {
    hint: 'use an address such as :8080 whose port nothing else listens on',
  })
}
