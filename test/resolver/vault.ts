import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, type Provider, ResolverError, readStore } from '@sealkit/resolver'
import { secretStore } from './fixture.ts'

/** A request that was made. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** How a request is answered. */
export type Answer = (seen: Seen, response: ServerResponse) => void

/** How a store is opened: what differs from one with a token at `kv`. */
export interface Opened {
  readonly vault?: Readonly<Record<string, unknown>>
  readonly store?: Readonly<Record<string, unknown>>
  readonly objects?: readonly Manifest[]
  readonly now?: () => number
}

/** A server in the place of Vault, which answers as a test says; only for what a real one does not do on demand. */
export class VaultDouble {
  readonly seen: Seen[] = []
  answer: Answer = () => undefined
  url = ''
  readonly listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString() }
    this.seen.push(seen)
    this.answer(seen, response)
  }

  /** Runs with an opened store; the requests of before are forgotten. */
  async use<Value>(opened: Opened, use: (provider: Provider) => Promise<Value>): Promise<Value> {
    const { vault = {}, store = { retrySettings: {} }, objects = [], now = Date.now } = opened
    this.seen.length = 0
    const sessions = createSessions({ environment: { now } })
    const spec = { server: this.url, path: 'kv', auth: { tokenSecretRef: { name: 'login', key: 'token' } }, ...vault }
    const cluster = manifestAccess([credentials, ...objects])
    const session = await sessions.open(readStore(secretStore({ vault: spec }, store)), 'apps', cluster)
    try {
      return await use(session.provider)
    } finally {
      session.release()
      await sessions.close()
    }
  }
}

const credentials: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'apps' },
  data: Object.fromEntries(
    Object.entries({ token: 'root-token\n', roleId: 'role', secretId: 'secret', password: 'pw' }).map(
      ([key, value]) => [key, Buffer.from(value).toString('base64')],
    ),
  ),
}

/** The double of a test file, for as long as its tests run. */
export function vaultDouble(): VaultDouble {
  const double = new VaultDouble()
  const server = createServer(double.listener)
  before(async () => {
    double.url = `http://${await listen(server)}`
    // Nothing of this may have a say.
    Object.assign(process.env, {
      VAULT_ADDR: 'http://127.0.0.1:1',
      VAULT_TOKEN: 'from-the-environment',
      VAULT_NAMESPACE: 'from-the-environment',
      VAULT_PREFIX: '/from-the-environment',
      VAULT_SKIP_VERIFY: '1',
      DEBUG: 'node-vault',
    })
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return double
}

/** Listens on a free port; gives the address. */
export async function listen(server: Pick<Server, 'listen' | 'address'>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers with a status and a JSON body, or a text as it is. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Every secret is there. */
export const found: Answer = (_seen, response) => send(response, 200, { data: { data: { user: 'u' } } })

/** An AppRole, of the credentials that are there. */
export const roleAuth = {
  appRole: { roleRef: { name: 'login', key: 'roleId' }, secretRef: { name: 'login', key: 'secretId' } },
}

/** A signal that nobody aborts. */
export const signal: AbortSignal = new AbortController().signal

/** The property `user` of a secret; null where it is not there. */
export async function read(provider: Provider, key: string, version = ''): Promise<string | null> {
  const secret = await provider.get({ key, version, metadataPolicy: 'None' }, signal)
  return secret === null ? null : Buffer.from(secret.value('user') ?? []).toString()
}

/** The error that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<ResolverError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ResolverError, String(error))
  return error
}
