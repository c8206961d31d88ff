import { SealkitError, type SealkitErrorOptions } from '@sealkit/core'

/** Codes of {@link ResolverError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type ResolverErrorCode =
  | 'ACCESS_DENIED'
  | 'CREDENTIAL_MISSING'
  | 'DECODE_FAILED'
  | 'INVALID_EXTERNAL_SECRET'
  | 'INVALID_PUSH_SECRET'
  | 'INVALID_REFERENCE'
  | 'INVALID_SECRET_KEY'
  | 'INVALID_STORE'
  | 'KEY_COLLISION'
  | 'NOT_SUPPORTED'
  | 'NULL_BYTE'
  | 'POLICY_DENIED'
  | 'PROPERTY_NOT_FOUND'
  | 'PROVIDER_FAILED'
  | 'PROVIDER_UNAVAILABLE'
  | 'REWRITE_FAILED'
  | 'SECRET_KEY_NOT_FOUND'
  | 'SECRET_NOT_FOUND'
  | 'STORE_DENIED'
  | 'STORE_NOT_FOUND'
  | 'STORE_NOT_READY'
  | 'TEMPLATE_FAILED'
  | 'VALUE_INVALID'

/**
 * The error that everything in `@sealkit/resolver` throws. `message` is External Secrets' own text where that holds no
 * value.
 */
export class ResolverError extends SealkitError<ResolverErrorCode> {}

/** A login that was refused or not answered: External Secrets has no client for the store then. */
export class LoginError extends ResolverError {}

/** A provider that has too much to do and said when it may be asked again. Its code is `PROVIDER_UNAVAILABLE`. */
export class ThrottledError extends ResolverError {
  /** Milliseconds to wait from when it said so. */
  readonly retryAfter: number

  constructor(message: string, retryAfter: number, options?: SealkitErrorOptions) {
    super('PROVIDER_UNAVAILABLE', message, options)
    this.retryAfter = retryAfter
  }
}

/** Milliseconds that a provider asked to wait, wherever in the causes of an error it says so. */
export function retryAfterOf(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ThrottledError) return cause.retryAfter
  }
  return undefined
}

/**
 * Whether trying again without any change may help: the provider was away or throttled us.
 *
 * Everything else stays as it is until a manifest, a credential or the provider's content changes.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof ResolverError && error.code === 'PROVIDER_UNAVAILABLE'
}

/** The same error with words put before its message and before its upstream text. */
export function prefixed(prefix: string, error: unknown, code: ResolverErrorCode = 'PROVIDER_FAILED'): ResolverError {
  const known = error instanceof SealkitError ? error : undefined
  // A library's own message may hold a body or a value: only errors of ours are quoted.
  const message = known?.message ?? 'unexpected failure'
  const cause = known ?? bare(error)
  const options: { -readonly [K in keyof SealkitErrorOptions]: SealkitErrorOptions[K] } = { cause }
  if (known?.hint !== undefined) options.hint = known.hint
  const upstream = known === undefined ? String(error) : (known.upstream ?? known.message)
  options.upstream = `${prefix}${upstream}`
  return new ResolverError(known instanceof ResolverError ? known.code : code, `${prefix}${message}`, options)
}

/**
 * An error of a library by its name and stack alone: its message, which inspectors print with the cause, may hold a
 * body or a value.
 */
export function bare(error: unknown): Error {
  const copy = new Error(error instanceof Error ? error.name : typeof error)
  const frames = error instanceof Error ? (error.stack?.match(/^ {4}at .*$/gm) ?? []) : []
  copy.stack = [copy.message, ...frames].join('\n')
  return copy
}

/** A pattern that does not compile, with Go's text: patterns stand in manifests, so quoting one tells no secret. */
export function patternError(prefix: string, error: unknown, code: ResolverErrorCode): ResolverError {
  const upstream = error instanceof SealkitError ? error.upstream : undefined
  return new ResolverError(code, `${prefix}${upstream ?? 'invalid pattern'}`, { cause: error })
}
