import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small Azure Key Vault with one key: get, encrypt and decrypt of the REST API 7.4, after a challenge. */
export interface KeyVault {
  /** Where it listens; its own name is `https://test.vault.azure.net`. */
  readonly url: string
  readonly token: string
  /** The version of its key `dev`. */
  readonly version: string
  /** Every request: method, path, and whether it had a token. */
  readonly taken: string[]
  /** What the challenge states; for a server that asks for what is not its own. */
  resource: string
  stop(): Promise<void>
}

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const

/** Starts one on 127.0.0.1. */
export async function startKeyVault(): Promise<KeyVault> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const [token, version] = [randomBytes(12).toString('hex'), randomBytes(16).toString('hex')]
  const taken: string[] = []
  const vault = { resource: 'https://vault.azure.net', token, version, taken }
  const kid = `https://test.vault.azure.net/keys/dev/${version}`
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    taken.push(`${request.method} ${pathname}${request.headers.authorization === undefined ? '' : ' with a token'}`)
    const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      response.end(JSON.stringify(body))
    }
    const refuse = (status: number, code: string, message: string): void => send(status, { error: { code, message } })
    if (request.headers.authorization !== `Bearer ${token}`) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", resource="${vault.resource}"`
      return send(
        401,
        { error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a Bearer or PoP token.' } },
        { 'www-authenticate': challenge },
      )
    }
    if (searchParams.get('api-version') !== '7.4') return refuse(400, 'BadParameter', 'api-version')
    if (request.method === 'GET' && pathname === '/keys/dev')
      return send(200, { key: { kid, kty: 'RSA' }, attributes: { enabled: true } })
    const [, name, wanted, verb] = /^\/keys\/([^/]+)\/([^/]+)\/(encrypt|decrypt)$/.exec(pathname) ?? []
    if (request.method !== 'POST' || name !== 'dev' || wanted !== version)
      return refuse(404, 'KeyNotFound', 'A key with that name was not found in this key vault.')
    const { alg, value } = JSON.parse(text)
    const bytes = Buffer.from(String(value), 'base64url')
    if (alg !== 'RSA-OAEP-256' || bytes.toString('base64url') !== value)
      return refuse(400, 'BadParameter', 'alg or value')
    try {
      const done =
        verb === 'encrypt'
          ? publicEncrypt({ key: publicKey, ...oaep }, bytes)
          : privateDecrypt({ key: privateKey, ...oaep }, bytes)
      return send(200, { kid, value: done.toString('base64url') })
    } catch {
      return refuse(400, 'BadParameter', 'The parameter is incorrect.')
    }
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(vault, {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}
