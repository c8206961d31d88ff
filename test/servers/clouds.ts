import { createHash, createPublicKey, createVerify, type KeyObject, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from './certificates.ts'
import { type CloudKms, startCloudKms } from './cloudkms.ts'
import { type KeyVault, startKeyVault } from './keyvault.ts'

/** Google Cloud and Azure on this machine, at their own names: what signs in, and where the keys are. */
export interface Clouds {
  readonly kms: CloudKms
  readonly vault: KeyVault
  /** Tokens by the service account that gets them, with the account's public key. */
  readonly google: Map<string, { readonly key: KeyObject; readonly token: string }>
  /** Tokens by `TENANT/CLIENT`, with the client's secret or certificate. */
  readonly azure: Map<string, { readonly secret?: string; readonly certificate?: string; readonly token: string }>
  /** Every request: its host and path. */
  readonly taken: string[]
  /** The environment of a program for which these are the clouds. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

type Answer = { readonly status: number; readonly body: unknown }

const refusal = (error: string): Answer => ({ status: 401, body: { error, error_description: error } })

/** Starts them: a proxy leads every host to one server, which has certificates of an authority of its own. */
export async function startClouds(): Promise<Clouds> {
  const [kms, vault] = await Promise.all([startCloudKms(), startKeyVault()])
  const folder = mkdtempSync(join(tmpdir(), 'clouds-'))
  const clouds: Pick<Clouds, 'google' | 'azure' | 'taken'> = { google: new Map(), azure: new Map(), taken: [] }
  const hosts: Readonly<Record<string, string | ((path: string, form: URLSearchParams) => Answer)>> = {
    'oauth2.googleapis.com': (_, form) => googleToken(clouds.google, form),
    'cloudkms.googleapis.com': kms.url,
    'login.microsoftonline.com': (path, form) =>
      microsoft(clouds.azure, { host: 'login.microsoftonline.com', path, form }),
    'login.example.com': (path, form) => microsoft(clouds.azure, { host: 'login.example.com', path, form }),
    'test.vault.azure.net': vault.url,
  }
  const authority = createAuthority('authority of clouds')
  const { certificate, key } = authority.issue({ name: 'clouds', names: Object.keys(hosts) })
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  const server = createTlsServer({ cert: certificate, key }, async (incoming, response) => {
    const host = incoming.headers.host ?? ''
    clouds.taken.push(`${host}${incoming.url?.replace(/\?.*/, '')}`)
    const to = hosts[host]
    if (typeof to === 'string') forward(incoming, response, to)
    else if (to === undefined) response.writeHead(404).end()
    else send(response, to(incoming.url ?? '', new URLSearchParams(await bodyOf(incoming))))
  })
  await listening(server)
  const sockets = new Set<Socket>()
  const proxy = createServer((_, response) => response.writeHead(404).end())
  proxy.on('connect', (_: IncomingMessage, client: Socket) => {
    const upstream = connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    upstream.on('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
  })
  await listening(proxy)
  return {
    ...clouds,
    kms,
    vault,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await Promise.all([kms.stop(), vault.stop(), closed(server), closed(proxy)])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function listening(server: ReturnType<typeof createServer>): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function closed(server: ReturnType<typeof createServer>): Promise<void> {
  server.close()
  await once(server, 'close')
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function forward(incoming: IncomingMessage, response: ServerResponse, to: string): void {
  const { method, headers } = incoming
  const outgoing = request(`${to}${incoming.url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
}

/** RFC 7523: a service account signs what it is, and gets a token for it. */
function googleToken(accounts: Clouds['google'], form: URLSearchParams): Answer {
  const { claims, isSignedBy } = readJwt(form.get('assertion') ?? '')
  const account = accounts.get(String(claims['iss']))
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  if (form.get('grant_type') !== grant || account === undefined || !isSignedBy(account.key))
    return refusal('invalid_grant')
  return { status: 200, body: { access_token: account.token, token_type: 'Bearer', expires_in: 3600 } }
}

/** The endpoints of Entra ID by which a service principal signs in (OAuth 2.0 client credentials). */
function microsoft(
  clients: Clouds['azure'],
  { host, path, form }: { host: string; path: string; form: URLSearchParams },
): Answer {
  const [, tenant = '', rest = ''] = /^\/([^/]+)\/([^?]*)/.exec(path) ?? []
  const base = `https://${host}/${tenant}`
  if (rest === 'v2.0/.well-known/openid-configuration') {
    const token_endpoint = `${base}/oauth2/v2.0/token`
    const authorization_endpoint = `${base}/oauth2/v2.0/authorize`
    return {
      status: 200,
      body: { token_endpoint, authorization_endpoint, issuer: `${base}/v2.0`, jwks_uri: `${base}/keys` },
    }
  }
  const client = clients.get(`${tenant}/${form.get('client_id')}`)
  const scope = form.get('scope') ?? ''
  if (rest !== 'oauth2/v2.0/token' || client === undefined || !scope.includes('https://vault.azure.net/.default')) {
    return refusal('invalid_client')
  }
  const isKnown =
    client.certificate === undefined
      ? form.get('client_secret') === client.secret
      : isOwnAssertion(form.get('client_assertion') ?? '', client.certificate)
  if (form.get('grant_type') !== 'client_credentials' || !isKnown) return refusal('invalid_client')
  return {
    status: 200,
    body: { access_token: client.token, token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 },
  }
}

function isOwnAssertion(assertion: string, certificate: string): boolean {
  const { header, isSignedBy } = readJwt(assertion)
  const { publicKey, raw } = new X509Certificate(certificate)
  const thumbprints = [['x5t', 'sha1'] as const, ['x5t#S256', 'sha256'] as const]
  const names = thumbprints.some(([name, hash]) => header[name] === createHash(hash).update(raw).digest('base64url'))
  return names && isSignedBy(publicKey)
}

function readJwt(text: string): {
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
  readonly isSignedBy: (key: KeyObject) => boolean
} {
  const [header = '', claims = '', signature = ''] = text.split('.')
  const read = (part: string): Record<string, unknown> =>
    part === '' ? {} : JSON.parse(Buffer.from(part, 'base64url').toString())
  const { alg } = read(header)
  return {
    header: read(header),
    claims: read(claims),
    isSignedBy: (key) => {
      const padding = alg === 'PS256' ? { padding: 6, saltLength: 32 } : {}
      const verify = createVerify('sha256').update(`${header}.${claims}`)
      return verify.verify(
        { key: createPublicKey(key.export({ type: 'spki', format: 'pem' })), ...padding },
        signature,
        'base64url',
      )
    },
  }
}
