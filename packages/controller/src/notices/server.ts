import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { StoreKind } from '@sealkit/resolver'
import { type Listening, pathOf, splitAddress } from '../api/listen.ts'
import { ControllerError } from '../error.ts'
import type { Report } from './sender.ts'

/** Where reports are taken. */
export interface NoticeAddress {
  /** Go's form: `:8443`. */
  readonly address: string
  /** Files in PEM. They are read again when they change. */
  readonly certificateFile: string
  readonly keyFile: string
}

/** The store that a report is about. */
export interface StoreName {
  readonly kind: StoreKind
  readonly namespace: string
  readonly name: string
}

/** What becomes of reports. */
export interface NoticeServerOptions extends NoticeAddress {
  readonly onReport: (store: StoreName, report: Report) => void
}

const largestBody = 64 * 1024
const rereadEvery = 60_000

/**
 * Takes reports by `POST /stores/NAMESPACE/NAME` and `POST /clusterstores/NAME`, over TLS. Every request is answered
 * with 202 before anybody looks at it: the answer tells nothing about stores, keys or signatures.
 *
 * @throws {ControllerError} `LISTEN_FAILED`
 */
export async function serveNotices(options: NoticeServerOptions): Promise<Listening> {
  const server = createServer({ ...(await identity(options)), requestTimeout: 10_000, headersTimeout: 10_000 })
  server.on('request', (request, response) => {
    const store = request.method === 'POST' ? storeOf(pathOf(request)) : null
    void bodyOf(request).then((body) => {
      response.writeHead(202).end()
      if (store !== null && body !== null) options.onReport(store, { headers: headersOf(request), body })
    })
  })
  // A client that speaks no TLS, or goes away, is its own affair.
  server.on('tlsClientError', () => undefined)
  server.on('clientError', (_, socket) => socket.destroy())
  const { host, port } = splitAddress(options.address)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(failed(options.address, error.code ?? '')))
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
  })
  const reread = setInterval(() => void renew(server, options), rereadEvery)
  reread.unref()
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        clearInterval(reread)
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}

async function identity({ certificateFile, keyFile, address }: NoticeAddress): Promise<Pair> {
  try {
    const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)])
    return { cert, key }
  } catch {
    throw failed(address, 'the certificate or its key cannot be read')
  }
}

/** A pair that is being replaced does not fit for a moment: the one before stays until the next look. */
async function renew(server: Server, options: NoticeAddress): Promise<void> {
  try {
    server.setSecureContext(await identity(options))
  } catch {
    return
  }
}

function storeOf(path: string): StoreName | null {
  const [, kind, ...names] = path.split('/')
  if (names.includes('')) return null
  const [first = '', second = ''] = names
  if (kind === 'stores' && names.length === 2) return { kind: 'SecretStore', namespace: first, name: second }
  return kind === 'clusterstores' && names.length === 1
    ? { kind: 'ClusterSecretStore', namespace: '', name: first }
    : null
}

/** The whole body; null when it is too large or breaks off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += chunk.length
      if (size <= largestBody) chunks.push(chunk)
    }
  } catch {
    return null
  }
  return size > largestBody ? null : Buffer.concat(chunks)
}

function headersOf({ headers }: IncomingMessage): Report['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]))
}

function failed(address: string, reason: string): ControllerError {
  return new ControllerError('LISTEN_FAILED', `cannot listen on ${address} (${reason})`, {
    hint: 'give a free address, and a certificate with its key in PEM',
  })
}
