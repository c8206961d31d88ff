import { field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import { reasonOf } from './identities.ts'
import { type KeyIo, readText } from './io.ts'
import type { KeyContext, MasterKey } from './kind.ts'
import { createdAt, fromBase64, jsonObject, online, requestReason, sdk } from './sdk.ts'

const resourcePattern = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/
const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/cloudkms']

/** What is used of `google-auth-library`. */
interface GoogleAuthLibrary {
  readonly GoogleAuth: new (options: {
    readonly credentials?: unknown
    readonly scopes: readonly string[]
  }) => GoogleAuth
}
interface GoogleAuth {
  getRequestHeaders(url: string): Promise<Iterable<readonly [string, string]> | Record<string, string>>
}

/**
 * A key of Google Cloud KMS, named by its resource. Credentials are `GOOGLE_CREDENTIALS` (a file or its content), then
 * `GOOGLE_OAUTH_ACCESS_TOKEN`, then Google's default ones; `google-auth-library` signs in, the rest is two calls of
 * the REST API (cloudkms v1). `SOPS_GCP_KMS_ENDPOINT` and `SOPS_GCP_KMS_UNIVERSE_DOMAIN` say where it is.
 */
export function gcpKmsKey({ io: machine, now }: KeyContext): MasterKey {
  const signer = googleSigner()
  const call = (entry: KeyEntry, request: Call): Promise<Readonly<Record<string, unknown>>> => {
    const io = online(machine, 'Google Cloud KMS')
    return send({ io, url: `${endpoint(io)}/v1/${resourcePath(entry)}:${request.verb}`, signer }, request)
  }
  return {
    async wrap(part, entry, options) {
      const body = { plaintext: Buffer.from(part).toString('base64') }
      const { ciphertext } = await call(entry, { verb: 'encrypt', body, signal: options?.signal })
      return { ...entry, enc: String(ciphertext ?? ''), createdAt: createdAt(now) }
    },
    async unwrap(entry, options) {
      const ciphertext = fromBase64(entry.enc)?.toString('base64')
      if (ciphertext === undefined) throw failed('decrypt', 'illegal base64 data')
      const { plaintext } = await call(entry, {
        verb: 'decrypt',
        body: { ciphertext },
        signal: options?.signal,
      })
      return Buffer.from(String(plaintext ?? ''), 'base64')
    },
  }
}

type Verb = 'encrypt' | 'decrypt'

interface Call {
  readonly verb: Verb
  readonly body: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

interface Place {
  readonly io: KeyIo & Required<Pick<KeyIo, 'request'>>
  readonly url: string
  readonly signer: GoogleSigner
}

async function send(
  { io, url, signer }: Place,
  { verb, body, signal }: Call,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json', ...(await signer(io, url)) }
  let answer: Awaited<ReturnType<typeof io.request>>
  try {
    answer = await io.request(url, { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) })
  } catch (error) {
    throw failed(verb, requestReason({ method: 'POST', url }, error))
  }
  const result = jsonObject(answer.text)
  if (answer.status < 400) return result
  throw failed(verb, refusal(answer.status, result['error']))
}

function resourcePath(entry: KeyEntry): string {
  const resource = field(entry, 'resource_id')
  if (resourcePattern.test(resource)) return resource.split('/').map(encodeURIComponent).join('/')
  throw new KeyserviceError('MASTER_KEY_UNSUPPORTED', 'the resource of a Google Cloud KMS key is malformed', {
    hint: 'write projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY',
    upstream: `cannot create GCP KMS service: no valid resource ID found in ${JSON.stringify(resource)}`,
  })
}

function endpoint({ env }: KeyIo): string {
  const { SOPS_GCP_KMS_ENDPOINT: named, SOPS_GCP_KMS_UNIVERSE_DOMAIN: universe } = env
  if (named) return `${named.includes('://') ? '' : 'https://'}${named}`.replace(/\/+$/, '')
  return `https://cloudkms.${universe || 'googleapis.com'}`
}

/**
 * What signs a request to Google Cloud.
 *
 * @throws `SDK_MISSING`, `IDENTITY_MISSING`
 */
export type GoogleSigner = (io: KeyIo, url: string) => Promise<Record<string, string>>

/** Signs in when it is first asked; the token serves for its lifetime. */
export function googleSigner(): GoogleSigner {
  let auth: Promise<GoogleAuth> | undefined
  return async (io, url) => {
    const { GOOGLE_CREDENTIALS: named, GOOGLE_OAUTH_ACCESS_TOKEN: token } = io.env
    if (!named && token) return { authorization: `Bearer ${token}` }
    auth ??= openAuth(io, named)
    try {
      const headers = await (await auth).getRequestHeaders(url)
      return Object.fromEntries(Symbol.iterator in headers ? headers : Object.entries(headers))
    } catch (cause) {
      // What was missing may be there the next time.
      auth = undefined
      if (cause instanceof KeyserviceError) throw cause
      throw new KeyserviceError('IDENTITY_MISSING', 'Google Cloud gave no token for the credentials at hand', {
        cause,
        hint: 'sign in with gcloud auth application-default login, or set GOOGLE_CREDENTIALS',
        upstream: `cannot create GCP KMS service: ${reasonOf(cause)}`,
      })
    }
  }
}

async function openAuth(io: KeyIo, named: string | undefined): Promise<GoogleAuth> {
  const credentials = named ? { credentials: await readCredentials(io, named) } : {}
  const { GoogleAuth } = await sdk<GoogleAuthLibrary>(io, 'google-auth-library')
  return new GoogleAuth({ ...credentials, scopes })
}

/** A path to a file, or else the content itself. */
async function readCredentials(io: KeyIo, named: string): Promise<Readonly<Record<string, unknown>>> {
  const isContent = named.trimStart().startsWith('{')
  const text = isContent ? named : await readText(io, named).catch(() => null)
  const credentials = jsonObject(text ?? named)
  if (Object.keys(credentials).length > 0) return credentials
  throw new KeyserviceError('IDENTITY_MISSING', 'GOOGLE_CREDENTIALS names no credentials', {
    hint: 'set it to the path or to the content of a JSON key file',
    upstream: 'cannot create GCP KMS service: credentials: invalid character in GOOGLE_CREDENTIALS',
  })
}

/** What Go's client prints of an error of the API (google.rpc.Status). */
function refusal(status: number, error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : ''
  return `googleapi: Error ${status}: ${message}`
}

function failed(verb: Verb, reason: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', `Google Cloud KMS did not ${verb} the data key`, {
    hint: 'see that the credentials are valid and may use the key',
    upstream: `failed to ${verb} sops data key with GCP KMS key: ${reason}`,
  })
}
