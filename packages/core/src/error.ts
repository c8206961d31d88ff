/** What every Sealkit error may carry besides its code and message. */
export interface SealkitErrorOptions {
  readonly cause?: unknown
  /** What to do next, in one sentence without a final period. */
  readonly hint?: string
  /**
   * The exact text that the Go program prints in this place. It may hold values, so it is not enumerable (no logger
   * or inspector prints it) and only a personality shows it, and only on the local terminal.
   */
  readonly upstream?: string
}

/**
 * Base of the one error class that each package has.
 *
 * `message` is redacted: it names files, keys, lines and columns, never values.
 */
export class SealkitError<Code extends string = string> extends Error {
  override readonly name: string = 'SealkitError'
  readonly code: Code
  readonly hint: string | undefined
  declare readonly upstream: string | undefined

  constructor(code: Code, message: string, options: SealkitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    Object.defineProperty(this, 'upstream', { value: options.upstream, enumerable: false })
  }
}

/** Codes of {@link CoreError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type CoreErrorCode =
  | 'CERTIFICATE_EXPIRED'
  | 'DATA_KEY_UNAVAILABLE'
  | 'DECRYPTION_FAILED'
  | 'INVALID_BASE64'
  | 'INVALID_CERTIFICATE'
  | 'INVALID_FORMAT'
  | 'INVALID_KEY'
  | 'INVALID_MANIFEST'
  | 'INVALID_NUMBER'
  | 'INVALID_REGEXP'
  | 'INVALID_TIME'
  | 'JSON_SYNTAX'
  | 'KEY_TIMEOUT'
  | 'MAC_MISMATCH'
  | 'METADATA_INVALID'
  | 'METADATA_MISSING'
  | 'NO_CREATION_RULE'
  | 'PLUGIN_FAILED'
  | 'TEMPLATE_FAILED'
  | 'TEMPLATE_REQUIRED'
  | 'UNSUPPORTED_VALUE'
  | 'YAML_SYNTAX'

/** The error that everything in `@sealkit/core` throws. */
export class CoreError extends SealkitError<CoreErrorCode> {
  override readonly name = 'CoreError'
}
