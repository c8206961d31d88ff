import type { AssumeRoleCommandInput, STSClient, Credentials as StsCredentials } from '@aws-sdk/client-sts'
import { bare, ResolverError } from '../../error.ts'
import type { Environment, OpenOptions } from '../../provider.ts'
import { type Json, object, optionalObject, text } from '../../view.ts'
import { answerTimeout } from '../transport.ts'
import { type AwsCredentials, clientConfig, serviceFailure } from './client.ts'
import type { AwsSpec } from './spec.ts'

/** Name of sessions that External Secrets makes, which policies may ask for. */
const sessionName = 'external-secrets-provider-aws'
const roleAnnotation = 'eks.amazonaws.com/role-arn'
const audienceAnnotation = 'eks.amazonaws.com/audience'
const defaultAudience = 'sts.amazonaws.com'
const tokenSeconds = 600

/**
 * The store's credentials: static keys, a ServiceAccount's web identity, or, where the caller allows that, the
 * environment that it lends; then the roles of the store, one after the other.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING`, `ACCESS_DENIED`, `POLICY_DENIED`
 */
export async function storeCredentials(spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  let credentials = await baseCredentials(spec, options)
  for (const role of spec.roles) credentials = await assumeRole(role, credentials, spec, options)
  return credentials
}

/** The credentials of one open store, kept for their lifetime. */
export interface HeldCredentials {
  /** As the SDK takes them: it asks before each request, as what it is given has ended already. */
  get(): Promise<AwsCredentials>
  /** What was given last; undefined before. */
  current(): Promise<AwsCredentials> | undefined
  /** Gets others next time, unless somebody has done so already. */
  discard(refused: Promise<AwsCredentials> | undefined): void
}

/** Milliseconds before their end at which credentials are renewed. */
const early = 300_000
/**
 * Milliseconds for which new credentials are used at least: a clock that is ahead must not make each request log in
 * again.
 */
const shortest = 60_000

/** Holds the credentials that `load` gives, by the environment's clock. */
export function holdCredentials(
  load: () => Promise<AwsCredentials>,
  { now }: Pick<Environment, 'now'>,
): HeldCredentials {
  let held: Promise<AwsCredentials> | undefined
  let until = Number.POSITIVE_INFINITY
  const renew = async (): Promise<AwsCredentials> => {
    const credentials = await load()
    const end = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY
    until = Math.max(end - early, now() + shortest)
    return { ...credentials, expiration: new Date(0) }
  }
  const discard: HeldCredentials['discard'] = (refused) => {
    if (held === refused) held = undefined
  }
  return {
    get(): Promise<AwsCredentials> {
      if (held !== undefined && now() < until) return held
      until = Number.POSITIVE_INFINITY
      const renewed = renew()
      held = renewed
      renewed.catch(() => discard(renewed))
      return renewed
    },
    current: () => held,
    discard,
  }
}

async function baseCredentials(spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const secretRef = optionalObject(spec.auth?.['secretRef'])
  if (secretRef !== null) return staticCredentials(secretRef, options)
  const account = optionalObject(object(spec.auth?.['jwt'])['serviceAccountRef'])
  if (account !== null) return webIdentity(account, spec, options)
  return ambientCredentials(spec, options)
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

/**
 * The pod's own credentials, from the variables that EKS and the SDKs use: keys, then a web identity, then Pod
 * Identity.
 */
async function ambientCredentials(spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const { store, environment } = options
  const { ambient } = environment
  if (ambient === undefined) {
    throw new ResolverError(
      'POLICY_DENIED',
      `store "${store.name}" names no credentials, and ambient ones are not allowed`,
      { hint: 'set spec.provider.aws.auth' },
    )
  }
  const accessKeyId = ambient['AWS_ACCESS_KEY_ID'] ?? ''
  const secretAccessKey = ambient['AWS_SECRET_ACCESS_KEY'] ?? ''
  const sessionToken = ambient['AWS_SESSION_TOKEN'] ?? ''
  if (accessKeyId !== '' && secretAccessKey !== '') {
    return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
  }
  const role = ambient['AWS_ROLE_ARN'] ?? ''
  const tokenFile = ambient['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? ''
  if (role !== '' && tokenFile !== '') {
    return assumeWithToken(role, (await readAmbientFile(tokenFile, environment)).trim(), spec, options)
  }
  const endpoint = ambient['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? ''
  if (endpoint !== '') return containerCredentials(endpoint, environment)
  throw missing('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set')
}

async function readAmbientFile(path: string, { readFile }: Environment): Promise<string> {
  if (readFile === undefined) throw missing('the AWS token file cannot be read here')
  try {
    return await readFile(path)
  } catch (cause) {
    throw new ResolverError('CREDENTIAL_MISSING', 'the AWS token file cannot be read', { cause })
  }
}

/** Where EKS Pod Identity answers; nobody else is sent the pod's token over plain http. */
const containerHosts: ReadonlySet<string> = new Set(['169.254.170.23', '[fd00:ec2::23]', '127.0.0.1', 'localhost'])

async function containerCredentials(endpoint: string, environment: Environment): Promise<AwsCredentials> {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || (url.protocol !== 'https:' && !containerHosts.has(url.hostname))) {
    throw new ResolverError('POLICY_DENIED', 'AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is not allowed')
  }
  const { ambient = {} } = environment
  const tokenFile = ambient['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? ''
  const token = tokenFile === '' ? '' : (await readAmbientFile(tokenFile, environment)).trim()
  const headers = token === '' ? {} : { authorization: token }
  const signal = AbortSignal.timeout(answerTimeout)
  const response = await fetch(url, { headers, signal }).catch(unanswered)
  if (!response.ok) throw missing(`the endpoint of the pod's credentials answers ${response.status}`)
  const answer = object(await response.json().catch(unanswered))
  return toCredentials({
    AccessKeyId: text(answer['AccessKeyId']) || undefined,
    SecretAccessKey: text(answer['SecretAccessKey']) || undefined,
    SessionToken: text(answer['Token']) || undefined,
    Expiration: answer['Expiration'] === undefined ? undefined : new Date(text(answer['Expiration'])),
  })
}

/** A parser's message would hold a part of the credentials. */
function unanswered(error: unknown): never {
  const cause = error instanceof Error ? bare(error) : error
  throw new ResolverError('PROVIDER_UNAVAILABLE', "the endpoint of the pod's credentials gives no answer", { cause })
}

async function webIdentity(account: Json, spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
  const annotations = await options.credentials.serviceAccountAnnotations(account)
  const role = annotations[roleAnnotation]
  if (role === undefined) {
    throw missing(`an IAM role must be associated with service account ${text(account['name'])}`)
  }
  const audience = annotations[audienceAnnotation] ?? defaultAudience
  const token = await options.credentials.serviceAccountToken(account, [audience], tokenSeconds)
  return assumeWithToken(role, token, spec, options)
}

function assumeWithToken(role: string, token: string, spec: AwsSpec, options: OpenOptions): Promise<AwsCredentials> {
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

type GivenCredentials = { readonly [K in keyof StsCredentials]: StsCredentials[K] | undefined }

function toCredentials(credentials: GivenCredentials | undefined): AwsCredentials {
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
