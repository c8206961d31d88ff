import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { ResolverError } from '../../error.ts'
import { type Json, optionalObject, text } from '../../view.ts'
import { type AwsCredentials, clientConfig } from '../aws/client.ts'
import { storeCredentials } from '../aws/credentials.ts'
import type { AwsSpec } from '../aws/spec.ts'
import type { LoginOptions } from './auth.ts'

const body = 'Action=GetCallerIdentity&Version=2011-06-15'

/**
 * What Vault's AWS method is sent: a signed `sts:GetCallerIdentity`, which Vault makes in our place to learn who we are.
 * The credentials are the store's own and go nowhere else: not into the process, and not into another store.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING`, `ACCESS_DENIED`, `POLICY_DENIED`, `INVALID_STORE`
 */
export async function iamData(auth: Json, options: LoginOptions): Promise<Record<string, string>> {
  const spec = awsSpec(auth)
  const credentials = await storeCredentials(spec, options)
  const url = stsUrl(spec, options)
  const headers = await signedHeaders(url, { spec, credentials, server: text(auth['vaultAwsIamServerID']), options })
  const many = Object.entries(headers).map(([name, value]) => [name, [value]] as const)
  return {
    role: text(auth['vaultRole']),
    iam_http_request_method: 'POST',
    iam_request_url: base64(url.href),
    iam_request_body: base64(body),
    iam_request_headers: base64(JSON.stringify(Object.fromEntries(many))),
  }
}

function awsSpec(auth: Json): AwsSpec {
  const region = text(auth['region'], 'us-east-1')
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new ResolverError('INVALID_STORE', 'vault.auth.iam.region must be the name of a region')
  }
  const role = text(auth['role'])
  return {
    service: 'sts',
    region,
    prefix: '',
    auth: optionalObject(auth['secretRef']) === null && optionalObject(auth['jwt']) === null ? null : auth,
    roles: role === '' ? [] : [role],
    externalId: text(auth['externalID']),
    sessionTags: [],
    transitiveTagKeys: [],
    deletion: {},
    maxAttempts: 3,
  }
}

/** Vault's default configuration takes requests to the global endpoint for its region, and regional ones elsewhere. */
function stsUrl(spec: AwsSpec, { environment }: LoginOptions): URL {
  const given = environment.endpoints?.['sts']
  if (given === undefined && spec.region === 'us-east-1') return new URL('https://sts.amazonaws.com/')
  return new URL('/', clientConfig('sts', spec, environment, { accessKeyId: '', secretAccessKey: '' }).endpoint)
}

interface Signing {
  readonly spec: AwsSpec
  readonly credentials: AwsCredentials
  /** Value of `X-Vault-AWS-IAM-Server-ID`, which keeps a request from being replayed at another Vault; empty = none. */
  readonly server: string
  readonly options: LoginOptions
}

async function signedHeaders(
  url: URL,
  { spec, credentials, server, options }: Signing,
): Promise<Readonly<Record<string, string>>> {
  const { SignatureV4 } = await import('@smithy/signature-v4')
  const signer = new SignatureV4({ service: 'sts', region: spec.region, credentials, sha256: Sha256 })
  const request = {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': String(body.length),
      ...(server === '' ? {} : { 'x-vault-aws-iam-server-id': server }),
    },
    body,
  }
  const signed = await signer.sign(request, { signingDate: new Date(options.environment.now()) })
  return signed.headers
}

/** SHA-256, or with a secret its HMAC, as the signer asks for it. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined
  #hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytes(secret)
    this.#hash = this.#start()
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = this.#start()
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret)
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === 'string') return data
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64')
}
