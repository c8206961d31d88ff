import type { KMSClient } from '@aws-sdk/client-kms'
import { field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import type { KeyIo } from './io.ts'
import type { KeyContext, MasterKey } from './masterkey.ts'

const arnPattern = /^arn:aws[\w-]*:kms:(.+):[0-9]+:(?:key|alias)\/.+$/
const sessionNameLength = 64

/**
 * A key of AWS KMS, named by its ARN: with the entry's encryption context, profile and role. Credentials are those of
 * the environment, else the SDK's default chain.
 *
 * The file names the key, so nothing is asked without a `request` in the context.
 */
export function awsKmsKey(context: KeyContext): MasterKey {
  return {
    async wrap(part, entry) {
      const { EncryptCommand } = await import('@aws-sdk/client-kms')
      const input = { KeyId: field(entry, 'arn'), Plaintext: part, EncryptionContext: encryptionContext(entry) }
      const client = await kmsClient(context.io, entry)
      const { CiphertextBlob } = await asked('encrypt', () => client.send(new EncryptCommand(input)))
      const createdAt = `${(context.now?.() ?? new Date()).toISOString().slice(0, 19)}Z`
      return { ...entry, enc: Buffer.from(CiphertextBlob ?? []).toString('base64'), createdAt }
    },
    async unwrap(entry) {
      const { DecryptCommand } = await import('@aws-sdk/client-kms')
      const CiphertextBlob = Buffer.from(entry.enc, 'base64')
      const input = { KeyId: field(entry, 'arn'), CiphertextBlob, EncryptionContext: encryptionContext(entry) }
      const client = await kmsClient(context.io, entry)
      const { Plaintext } = await asked('decrypt', () => client.send(new DecryptCommand(input)))
      return Plaintext ?? new Uint8Array()
    },
  }
}

function encryptionContext(entry: KeyEntry): Record<string, string> {
  const pairs = Object.entries(entry.context ?? {}).flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
  return Object.fromEntries(pairs)
}

async function kmsClient(io: KeyIo | undefined, entry: KeyEntry): Promise<KMSClient> {
  if (io?.request === undefined) {
    throw new KeyserviceError(
      'MASTER_KEY_UNSUPPORTED',
      'keys of AWS KMS are not used here: nothing may be sent from here',
    )
  }
  const arn = field(entry, 'arn')
  const region = arnPattern.exec(arn)?.[1]
  if (region === undefined) {
    throw new KeyserviceError('MASTER_KEY_UNSUPPORTED', 'the ARN of an AWS KMS key is malformed', {
      hint: 'write arn:aws:kms:REGION:ACCOUNT:key/ID',
      upstream: `no valid ARN found in ${JSON.stringify(arn)}`,
    })
  }
  const { KMSClient } = await import('@aws-sdk/client-kms')
  const base = { region, ...endpoint(io, 'KMS'), ...credentials(io, field(entry, 'aws_profile')) }
  const role = field(entry, 'role')
  return new KMSClient(
    role === '' ? base : { ...base, credentials: await assumeRole(io, role, { ...base, ...endpoint(io, 'STS') }) },
  )
}

function endpoint(io: KeyIo, service: 'KMS' | 'STS'): { endpoint?: string } {
  const url = io.env[`AWS_ENDPOINT_URL_${service}`] ?? io.env['AWS_ENDPOINT_URL']
  return url === undefined ? {} : { endpoint: url }
}

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

async function assumeRole(io: KeyIo, role: string, config: { region: string; endpoint?: string }): Promise<Keys> {
  const { STSClient, AssumeRoleCommand } = await import('@aws-sdk/client-sts')
  const input = { RoleArn: role, RoleSessionName: sessionName((await io.hostname?.()) ?? '') }
  const { Credentials } = await asked('assume role', () => new STSClient(config).send(new AssumeRoleCommand(input)))
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

async function asked<T>(verb: 'encrypt' | 'decrypt' | 'assume role', call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new KeyserviceError('IDENTITY_MISSING', `AWS did not ${verb} for the data key`, {
      hint: 'see that the credentials are valid and may use the key',
      upstream: `failed to ${verb} sops data key with AWS KMS: ${reason}`,
    })
  }
}
