import { bare, ResolverError, ThrottledError } from '../../error.ts'
import type { Environment } from '../../provider.ts'
import { retryAfter } from '../transport.ts'
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
  }
}

/** What an SDK error tells. */
interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: { readonly throttling?: boolean }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
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
  const { $metadata, $retryable, $response } = error as ServiceError
  const status = $metadata?.httpStatusCode
  const text = quote && status !== undefined ? `: ${error.message}` : ''
  const code = denied.has(error.name)
    ? 'ACCESS_DENIED'
    : status === undefined || status >= 500 || status === 429 || $retryable?.throttling === true
      ? 'PROVIDER_UNAVAILABLE'
      : 'PROVIDER_FAILED'
  const message = `${operation}: ${error.name}${text}`
  const options = { cause: quote ? error : bare(error) }
  const statusCode = $retryable?.throttling === true ? 429 : (status ?? 0)
  const wait = retryAfter({ statusCode, headers: $response?.headers ?? {} })
  return code === 'PROVIDER_UNAVAILABLE' && wait !== undefined
    ? new ThrottledError(message, wait, options)
    : new ResolverError(code, message, options)
}

/** A call whose failure is told without the service's own text: the request may hold the value. */
export async function quiet<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    throw serviceFailure(operation, error, false)
  }
}
