import type { KMSClient } from '@aws-sdk/client-kms'
import { type AttemptOptions, field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import type { KeyIo } from './io.ts'
import type { KeyContext, MasterKey } from './kind.ts'
import { createdAt, fromBase64, online } from './sdk.ts'

const arnPattern = /^arn:aws[\w-]*:kms:(.+):[0-9]+:(?:key|alias)\/.+$/
const sessionNameLength = 64

/** Milliseconds until an answer begins, and for which it may stand still; the SDK itself waits for ever. */
const answerTimeout = 60_000
const requestHandler: AwsSettings['requestHandler'] = {
  requestTimeout: answerTimeout,
  throwOnRequestTimeout: true,
  socketTimeout: answerTimeout,
}

/**
 * A key of AWS KMS, named by its ARN: with the entry's encryption context, profile and role. Credentials are those of
 * the environment, else the SDK's default chain.
 *
 * The file names the key, so nothing is asked without a `request` in the context.
 */
export function awsKmsKey(context: KeyContext): MasterKey {
  return {
    async wrap(part, entry, options) {
      const { EncryptCommand } = await import('@aws-sdk/client-kms')
      const input = { KeyId: field(entry, 'arn'), Plaintext: part, EncryptionContext: encryptionContext(entry) }
      const client = await kmsClient(context.io, entry, options)
      const { CiphertextBlob } = await asked('encrypt', () => client.send(new EncryptCommand(input), aborting(options)))
      const enc = Buffer.from(CiphertextBlob ?? []).toString('base64')
      return { ...entry, enc, createdAt: createdAt(context.now) }
    },
    async unwrap(entry, options) {
      const { DecryptCommand } = await import('@aws-sdk/client-kms')
      const CiphertextBlob = fromBase64(entry.enc)
      if (CiphertextBlob === null) throw damaged()
      const input = { KeyId: field(entry, 'arn'), CiphertextBlob, EncryptionContext: encryptionContext(entry) }
      const client = await kmsClient(context.io, entry, options)
      const { Plaintext } = await asked('decrypt', () => client.send(new DecryptCommand(input), aborting(options)))
      return Plaintext ?? new Uint8Array()
    },
  }
}

function encryptionContext(entry: KeyEntry): Record<string, string> {
  const pairs = Object.entries(entry.context ?? {}).flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
  return Object.fromEntries(pairs)
}

function aborting(options: AttemptOptions = {}): { abortSignal?: AbortSignal } {
  return options.signal === undefined ? {} : { abortSignal: options.signal }
}

function damaged(): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'the wrapped data key is no base64', {
    hint: 'restore the enc field of the key from version control',
    upstream: 'error base64-decoding encrypted data key: illegal base64 data',
  })
}

async function kmsClient(machine: KeyIo | undefined, entry: KeyEntry, options?: AttemptOptions): Promise<KMSClient> {
  const io = online(machine, 'AWS KMS')
  const arn = field(entry, 'arn')
  const region = arnPattern.exec(arn)?.[1]
  if (region === undefined) {
    throw new KeyserviceError('MASTER_KEY_UNSUPPORTED', 'the ARN of an AWS KMS key is malformed', {
      hint: 'write arn:aws:kms:REGION:ACCOUNT:key/ID',
      upstream: `no valid ARN found in '${arn}'`,
    })
  }
  const { KMSClient } = await import('@aws-sdk/client-kms')
  const base = { region, requestHandler, ...endpoint(io, 'KMS'), ...credentials(io, field(entry, 'aws_profile')) }
  const role = field(entry, 'role')
  if (role === '') return new KMSClient(base)
  return new KMSClient({
    ...base,
    credentials: await assumeRole(io, role, { ...base, ...endpoint(io, 'STS') }, options),
  })
}

/** How a client of AWS is made. */
export interface AwsSettings {
  readonly requestHandler: {
    readonly requestTimeout: number
    readonly throwOnRequestTimeout: boolean
    readonly socketTimeout: number
  }
  readonly endpoint?: string
  readonly credentials?: Keys
  readonly profile?: string
}

/** How a client of AWS is made where no key says more: the endpoint and the credentials that the environment names. */
export function awsSettings(io: KeyIo, service: 'S3'): AwsSettings {
  return { requestHandler, ...endpoint(io, service), ...credentials(io, '') }
}

function endpoint(io: KeyIo, service: 'KMS' | 'STS' | 'S3'): { endpoint?: string } {
  const url = io.env[`AWS_ENDPOINT_URL_${service}`] ?? io.env['AWS_ENDPOINT_URL']
  return url === undefined ? {} : { endpoint: url }
}

/** Credentials of AWS. */
interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

function credentials(io: KeyIo, profile: string): { credentials?: Keys; profile?: string } {
  if (profile !== '') return { profile }
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = io.env
  if (!id || !secret) return {}
  return { credentials: { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) } }
}

async function assumeRole(
  io: KeyIo,
  role: string,
  config: AwsSettings & { readonly region: string },
  options?: AttemptOptions,
): Promise<Keys> {
  const { STSClient, AssumeRoleCommand } = await import('@aws-sdk/client-sts')
  const command = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: sessionName((await io.hostname?.()) ?? '') })
  const { Credentials } = await asked('assume role', () => new STSClient(config).send(command, aborting(options)), role)
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {}
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken ? { sessionToken: SessionToken } : {}),
  }
}

/** The session's name in CloudTrail: `sops@HOST`. */
function sessionName(hostname: string): string {
  return `sops@${hostname.replace(/[^a-zA-Z0-9=,.@-]+/g, '')}`.slice(0, sessionNameLength)
}

type Verb = 'encrypt' | 'decrypt' | 'assume role'

/** How Go's SDK names the calls. */
const operations: Readonly<Record<Verb, string>> = {
  encrypt: 'KMS: Encrypt',
  decrypt: 'KMS: Decrypt',
  'assume role': 'STS: AssumeRole',
}

async function asked<T>(verb: Verb, call: () => Promise<T>, role = ''): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const what = role === '' ? `failed to ${verb} sops data key with AWS KMS` : `failed to assume role '${role}'`
    const silent = error instanceof Error && error.name === 'TimeoutError'
    const waited = silent ? `: no answer within ${answerTimeout / 1000} seconds` : ''
    throw new KeyserviceError('IDENTITY_MISSING', `AWS did not ${verb} for the data key${waited}`, {
      cause: error,
      hint: silent
        ? 'see that the endpoint of AWS can be reached'
        : 'see that the credentials are valid and may use the key',
      upstream: `${what}: operation error ${operations[verb]}, ${reason(error)}`,
    })
  }
}

/** What Go's SDK says of an answer that is an error. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { httpStatusCode, requestId } = ('$metadata' in error ? error.$metadata : {}) as ResponseMetadata
  const text = `${error.name}: ${error.message}`
  if (httpStatusCode === undefined) return text
  return `https response error StatusCode: ${httpStatusCode}, RequestID: ${requestId ?? ''}, ${text}`
}

interface ResponseMetadata {
  readonly httpStatusCode?: number
  readonly requestId?: string
}
