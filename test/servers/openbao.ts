import { freePort, startServer } from './process.ts'
import { program } from './programs.ts'

/** A real OpenBao (Vault's API) in development mode: unsealed, in memory, KV v2 at `secret/`. */
export interface OpenBao {
  readonly url: string
  /** The root token. */
  readonly token: string
  /** A request as root below `/v1/`; fails on a refusal. */
  request(method: string, path: string, body?: unknown): Promise<unknown>
  /** The same with a body as it is, for numbers that JSON.stringify would change. */
  requestText(method: string, path: string, body: string): Promise<unknown>
  stop(): Promise<void>
}

/** Starts OpenBao on a free port of 127.0.0.1. */
export async function startOpenBao(): Promise<OpenBao> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const token = 'root'
  const server = await startServer({
    name: 'bao',
    command: await program('bao'),
    args: [
      'server',
      '-dev',
      `-dev-root-token-id=${token}`,
      `-dev-listen-address=127.0.0.1:${port}`,
      '-dev-no-store-token',
    ],
    ready: async () => {
      const health = await fetch(`${url}/v1/sys/health`, { signal: AbortSignal.timeout(2_000) })
      await health.arrayBuffer()
      // The mount at secret/ comes after the unsealing that makes the server call itself healthy.
      const mount = await fetch(`${url}/v1/secret/config`, { headers: { 'x-vault-token': token } })
      await mount.arrayBuffer()
      return health.status === 200 && mount.status === 200
    },
  })
  const requestText = async (method: string, path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`OpenBao ${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  return {
    url,
    token,
    request: (method, path, body) => requestText(method, path, body === undefined ? undefined : JSON.stringify(body)),
    requestText,
    stop: () => server.stop(),
  }
}
