import { SealkitError, type SealkitErrorOptions } from '@sealkit/core'

/** Codes of {@link KubernetesError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type KubernetesErrorCode =
  | 'ABORTED'
  | 'ALREADY_EXISTS'
  | 'BAD_REQUEST'
  | 'CONFLICT'
  | 'CREDENTIALS_FAILED'
  | 'FORBIDDEN'
  | 'GONE'
  | 'INVALID'
  | 'KUBECONFIG_INVALID'
  | 'KUBECONFIG_MISSING'
  | 'LEASE_LOST'
  | 'NOT_FOUND'
  | 'PATH_REFUSED'
  | 'RESPONSE_INVALID'
  | 'SERVER_ERROR'
  | 'TIMEOUT'
  | 'TLS_FAILED'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'UNAUTHORIZED'
  | 'UNAVAILABLE'
  | 'UNSUPPORTED_VERB'

/** What a {@link KubernetesError} carries besides its code and message. */
export interface KubernetesErrorOptions extends SealkitErrorOptions {
  /** HTTP status of the answer; absent where there was none. */
  readonly status?: number
  /** The API's machine-readable `status.reason` (`Conflict`, `Expired`, ...). */
  readonly reason?: string
  /** What the server asked to wait before the next try, in seconds. */
  readonly retryAfter?: number
}

/** The error that everything in `@sealkit/kubernetes` throws. */
export class KubernetesError extends SealkitError<KubernetesErrorCode> {
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly retryAfter: number | undefined

  constructor(code: KubernetesErrorCode, message: string, options: KubernetesErrorOptions = {}) {
    super(code, message, options)
    this.status = options.status
    this.reason = options.reason
    this.retryAfter = options.retryAfter
  }
}

/** True for a {@link KubernetesError} of one of these codes. */
export function isKubernetesError(error: unknown, ...codes: readonly KubernetesErrorCode[]): error is KubernetesError {
  return error instanceof KubernetesError && (codes.length === 0 || codes.includes(error.code))
}
