import type { AssumeRoleCommandInput, STSClient, Credentials as StsCredentials } from '@aws-sdk/client-sts'
import { ResolverError } from '../../error.ts'
import type { OpenOptions } from '../../provider.ts'
import { type Json, object, optionalObject, text } from '../../view.ts'
import { type AwsCredentials, clientConfig, serviceFailure } from './client.ts'
import type { AwsSpec } from './spec.ts'

/** Name of sessions that External Secrets makes, which policies may ask for. */
const sessionName = 'external-secrets-provider-aws'
const roleAnnotation = 'eks.amazonaws.com/role-arn'
const audienceAnnotation = 'eks.amazonaws.com/audience'
const defaultAudience = 'sts.amazonaws.com'
const tokenSeconds = 600

/**
 * The store's credentials: static keys, a ServiceAccount's web identity, or, where the caller allows that, the environment that it lends;
 * then the roles of the store, one after the other. The SDK asks again when they end.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING`, `ACCESS_DENIED`, `POLICY_DENIED`
 */
export async function storeCredentials(spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  let credentials = await baseCredentials(spec, options)
  for (const role of spec.roles) credentials = await assumeRole(role, credentials, spec, options)
  return credentials
}

async function baseCredentials(spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const secretRef = optionalObject(spec.auth?.['secretRef'])
  if (secretRef !== null) return staticCredentials(secretRef, options)
  const account = optionalObject(object(spec.auth?.['jwt'])['serviceAccountRef'])
  if (account !== null) return webIdentity(account, spec, options)
  return ambientCredentials(options)
}

async function staticCredentials(ref: Json, { credentials }: OpenOptions): Promise<AwsCredentials> {
  const sessionRef = ref['sessionTokenSecretRef']
  const accessKeyId = await credentials.secretText(ref['accessKeyIDSecretRef'])
  const secretAccessKey = await credentials.secretText(ref['secretAccessKeySecretRef'])
  if (accessKeyId === '') throw missing('missing AccessKeyID')
  if (secretAccessKey === '') throw missing('missing SecretAccessKey')
  if (optionalObject(sessionRef) === null) return { accessKeyId, secretAccessKey }
  return { accessKeyId, secretAccessKey, sessionToken: await credentials.secretText(sessionRef) }
}

function ambientCredentials({ store, environment: { ambient } }: OpenOptions): AwsCredentials {
  if (ambient === undefined) {
    throw new ResolverError(
      'POLICY_DENIED',
      `store "${store.name}" names no credentials, and ambient ones are not allowed`,
      {
        hint: 'set spec.provider.aws.auth',
      },
    )
  }
  const accessKeyId = ambient['AWS_ACCESS_KEY_ID'] ?? ''
  const secretAccessKey = ambient['AWS_SECRET_ACCESS_KEY'] ?? ''
  const sessionToken = ambient['AWS_SESSION_TOKEN'] ?? ''
  if (accessKeyId === '' || secretAccessKey === '') {
    throw missing('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set')
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
}

async function webIdentity(account: Json, spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const annotations = await options.credentials.serviceAccountAnnotations(account)
  const role = annotations[roleAnnotation]
  if (role === undefined) {
    throw missing(`an IAM role must be associated with service account ${text(account['name'])}`)
  }
  const audience = annotations[audienceAnnotation] ?? defaultAudience
  const token = await options.credentials.serviceAccountToken(account, [audience], tokenSeconds)
  return withSts(spec, options, null, async (client, sts) => {
    const command = new sts.AssumeRoleWithWebIdentityCommand({
      RoleArn: role,
      RoleSessionName: sessionName,
      WebIdentityToken: token,
    })
    return (await client.send(command)).Credentials
  })
}

function assumeRole(role: string, base: AwsCredentials, spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const input: AssumeRoleCommandInput = {
    RoleArn: role,
    RoleSessionName: sessionName,
    ...(spec.externalId === '' ? {} : { ExternalId: spec.externalId }),
    ...(spec.sessionTags.length === 0 ? {} : { Tags: [...spec.sessionTags] }),
    ...(spec.transitiveTagKeys.length === 0 ? {} : { TransitiveTagKeys: [...spec.transitiveTagKeys] }),
  }
  return withSts(spec, options, base, async (client, sts) => {
    return (await client.send(new sts.AssumeRoleCommand(input))).Credentials
  })
}

type Sts = typeof import('@aws-sdk/client-sts')

async function withSts(
  spec: AwsSpec,
  { environment }: OpenOptions,
  base: AwsCredentials | null,
  call: (client: STSClient, sts: Sts) => Promise<StsCredentials | undefined>,
): Promise<AwsCredentials> {
  const sts = await import('@aws-sdk/client-sts')
  const anonymous = { accessKeyId: '', secretAccessKey: '' }
  const client = new sts.STSClient({ ...clientConfig('sts', spec, environment, base ?? anonymous) })
  try {
    return toCredentials(await call(client, sts))
  } catch (error) {
    // The request of a web identity holds a token.
    throw serviceFailure('cannot assume the role', error, base !== null)
  } finally {
    client.destroy()
  }
}

function toCredentials(credentials: StsCredentials | undefined): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {}
  if (AccessKeyId === undefined || SecretAccessKey === undefined) throw missing('STS gave no credentials')
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
    ...(Expiration === undefined ? {} : { expiration: Expiration }),
  }
}

function missing(message: string): ResolverError {
  return new ResolverError('CREDENTIAL_MISSING', message)
}
