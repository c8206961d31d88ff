import { SealkitError } from '@sealkit/core'

/** Codes of {@link KeyserviceError}. */
export type KeyserviceErrorCode =
  | 'COMMAND_FAILED'
  | 'IDENTITY_MISSING'
  | 'MASTER_KEY_UNSUPPORTED'
  | 'MESSAGE_INVALID'
  | 'SDK_MISSING'
  | 'SERVICE_FAILED'

/** The error of everything in `@sealkit/keyservice`. */
export class KeyserviceError extends SealkitError<KeyserviceErrorCode> {}

/** What each of several key services said of one key. */
export class ServicesError extends KeyserviceError {
  /** In the order of the services; empty where there are none. */
  readonly errors: readonly unknown[]

  constructor(errors: readonly unknown[]) {
    const reasons = errors.map((error) => (error instanceof Error ? error.message : String(error)))
    super('SERVICE_FAILED', errors.length === 0 ? 'there is no key service to ask' : [...new Set(reasons)].join('; '), {
      hint: 'leave the local key service on, or name one with --keyservice',
    })
    this.errors = errors
  }
}
