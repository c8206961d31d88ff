import { bare, ResolverError, ThrottledError } from '../../error.ts'
import type { Environment } from '../../provider.ts'
import { answerTimeout, retryAfter } from '../transport.ts'
import { type AwsSpec, serviceHost } from './spec.ts'

/** Credentials as the SDK takes them. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/**
 * The configuration of an SDK client, whole: what is not set here, the SDK would look up in the environment and in
 * files.
 */
export interface ClientConfig {
  readonly region: string
  readonly endpoint: string
  readonly credentials: AwsCredentials | (() => Promise<AwsCredentials>)
  readonly maxAttempts: number
  readonly retryMode: 'standard'
  readonly defaultsMode: 'standard'
  readonly useDualstackEndpoint: false
  readonly useFipsEndpoint: false
  readonly userAgentAppId: string
  /** The SDK itself waits for ever. */
  readonly requestHandler: {
    /** Milliseconds until the answer begins. */
    readonly requestTimeout: number
    readonly throwOnRequestTimeout: true
    /** Milliseconds for which an answer that began may stand still. */
    readonly socketTimeout: number
  }
}

/** The configuration for a service of the store's region, or at the address that the caller gives for it. */
export function clientConfig(
  service: string,
  spec: Pick<AwsSpec, 'region' | 'maxAttempts'>,
  { endpoints = {} }: Pick<Environment, 'endpoints'>,
  credentials: ClientConfig['credentials'],
): ClientConfig {
  return {
    region: spec.region,
    endpoint: endpoints[service] ?? `https://${serviceHost(service, spec.region)}`,
    credentials,
    maxAttempts: spec.maxAttempts,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'sealkit',
    requestHandler: { requestTimeout: answerTimeout, throwOnRequestTimeout: true, socketTimeout: answerTimeout },
  }
}

/** What an SDK error tells. */
interface ServiceError extends Error {
  /** Set where the service itself refused; not where its answer could not be read. */
  readonly $fault?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: { readonly throttling?: boolean }
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> }
}

/** The server says that the credentials have ended. Its code is `ACCESS_DENIED`. */
export class ExpiredError extends ResolverError {}

/** Whether credentials have ended, wherever in the causes of an error it says so. */
export function isExpired(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof ExpiredError) return true
  return false
}

const expired: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException'])

/** How AWS refuses a request whose time is not its own. */
function isSkewed(error: Error): boolean {
  if (['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed'].includes(error.name)) return true
  return error.name === 'InvalidSignatureException' && /^Signature (expired|not yet current)/.test(error.message)
}

/** How AWS says that it gets too many requests, with the status 400 as often as 429. */
const throttling: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
])

function isThrottled(error: ServiceError): boolean {
  const { $metadata, $retryable } = error
  return throttling.has(error.name) || $retryable?.throttling === true || $metadata?.httpStatusCode === 429
}

/** Whether the service was reached and had no answer that could be used for now; what cannot be read stays so. */
function isAway(error: ServiceError): boolean {
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode
  if (status === undefined) return !(error instanceof TypeError || error instanceof SyntaxError)
  return status >= 500 && status !== 501
}

const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
])

/** Whether the SDK's error has one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name)
}

/**
 * An SDK's error as ours. `quote` lets the service's own message through, which names users and resources: only for
 * calls that send no value.
 */
export function serviceFailure(operation: string, error: unknown, quote: boolean): unknown {
  if (error instanceof ResolverError || !(error instanceof Error) || error.name === 'AbortError') return error
  const { $fault, $metadata, $response } = error as ServiceError
  const status = $metadata?.httpStatusCode
  // A parser's message holds a part of the answer.
  const quotable = quote && $fault !== undefined
  const text = quotable && status !== undefined ? `: ${error.message}` : ''
  const options = { cause: quotable ? error : bare(error) }
  if (isSkewed(error)) return skewed(operation, options)
  if (error.name === 'TimeoutError') {
    const text = `${operation}: no answer within ${answerTimeout / 1000} seconds`
    return new ResolverError('PROVIDER_UNAVAILABLE', text, options)
  }
  if (expired.has(error.name)) return new ExpiredError('ACCESS_DENIED', `${operation}: ${error.name}${text}`, options)
  const code = denied.has(error.name)
    ? 'ACCESS_DENIED'
    : isThrottled(error) || isAway(error)
      ? 'PROVIDER_UNAVAILABLE'
      : 'PROVIDER_FAILED'
  const message = `${operation}: ${error.name}${text}`
  const statusCode = isThrottled(error) ? 429 : (status ?? 0)
  const wait = retryAfter({ statusCode, headers: $response?.headers ?? {} })
  return code === 'PROVIDER_UNAVAILABLE' && wait !== undefined
    ? new ThrottledError(message, wait, options)
    : new ResolverError(code, message, options)
}

/** The clock may be set right without any change to a manifest: it is worth another try. */
function skewed(operation: string, options: { readonly cause: Error }): ResolverError {
  return new ResolverError('PROVIDER_UNAVAILABLE', `${operation}: the clock here and that of AWS differ too much`, {
    ...options,
    hint: 'set the clock of this machine',
  })
}

/**
 * Follows the tokens of an answer in pages. @throws {ResolverError} `PROVIDER_FAILED` where one comes again: such a
 * list would never end
 */
export function pageTokens(operation: string): (token: string | undefined) => string | undefined {
  const seen = new Set<string>()
  return (token) => {
    if (token !== undefined && seen.has(token)) {
      throw new ResolverError('PROVIDER_FAILED', `${operation}: the pages of the answer go round in a circle`)
    }
    if (token !== undefined) seen.add(token)
    return token
  }
}

/** A call whose failure is told without the service's own text: the request may hold the value. */
export async function quiet<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    throw serviceFailure(operation, error, false)
  }
}
