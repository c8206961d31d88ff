import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small Google Cloud KMS: encrypt and decrypt of the REST API v1, and a token endpoint. */
export interface CloudKms {
  readonly url: string
  /** The token that it takes. */
  readonly token: string
  /** Every request that it took: method, path, and who asked. */
  readonly taken: string[]
  stop(): Promise<void>
}

const path = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/:]+):(encrypt|decrypt)$/

/** Starts one on 127.0.0.1. Requests that the API's documentation does not have are refused as the API does. */
export async function startCloudKms(): Promise<CloudKms> {
  const token = randomBytes(12).toString('hex')
  const secret = randomBytes(32)
  const taken: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { pathname, search } = new URL(request.url ?? '', 'http://x')
    const [, name = '', verb] = path.exec(decodeURIComponent(pathname)) ?? []
    taken.push(`${request.method} ${request.url}`)
    const answer = ((): { status: number; body: unknown } => {
      if (pathname === '/token') return tokenFor(text, token)
      if (request.headers.authorization !== `Bearer ${token}`)
        return refusal(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
      // The REST client of Go asks for the answer's form by a parameter.
      if (
        verb === undefined ||
        request.method !== 'POST' ||
        !['', '?$alt=json;enum-encoding=int', '?%24alt=json%3Benum-encoding%3Dint'].includes(search)
      )
        return refusal(404, 'NOT_FOUND', 'no such method')
      if (!/^application\/json/.test(request.headers['content-type'] ?? ''))
        return refusal(400, 'INVALID_ARGUMENT', 'content type')
      if (name.endsWith('/forbidden'))
        return refusal(403, 'PERMISSION_DENIED', `Permission '${verb}' denied on resource '${name}'.`)
      return operate(secret, { name, verb, text })
    })()
    response.writeHead(answer.status, { 'content-type': 'application/json; charset=UTF-8' })
    response.end(JSON.stringify(answer.body))
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    taken,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function refusal(code: number, status: string, message: string): { status: number; body: unknown } {
  return { status: code, body: { error: { code, message, status } } }
}

/** RFC 8693, as workload identity federation uses it: a token of somewhere else for one of Google. */
function tokenFor(text: string, token: string): { status: number; body: unknown } {
  const form = new URLSearchParams(text)
  const wanted = 'urn:ietf:params:oauth:grant-type:token-exchange'
  if (form.get('grant_type') !== wanted || form.get('subject_token') !== 'a token of this machine') {
    return { status: 400, body: { error: 'invalid_grant' } }
  }
  const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token'
  return { status: 200, body: { access_token: token, issued_token_type, token_type: 'Bearer', expires_in: 3600 } }
}

function operate(
  secret: Buffer,
  { name, verb, text }: { name: string; verb: string; text: string },
): { status: number; body: unknown } {
  const body: Record<string, unknown> = JSON.parse(text)
  const field = verb === 'encrypt' ? 'plaintext' : 'ciphertext'
  const value = body[field]
  const bytes = Buffer.from(String(value), 'base64')
  if (typeof value !== 'string' || bytes.toString('base64') !== value)
    return refusal(400, 'INVALID_ARGUMENT', `${field} is no base64`)
  const key = createHash('sha256').update(secret).update(name).digest()
  if (verb === 'encrypt') {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const sealed = Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    return { status: 200, body: { name: `${name}/cryptoKeyVersions/1`, ciphertext: sealed.toString('base64') } }
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(-16))
    const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
    return { status: 200, body: { plaintext: plain.toString('base64') } }
  } catch {
    return refusal(400, 'INVALID_ARGUMENT', 'Decryption failed: the ciphertext is invalid.')
  }
}
