import { SealkitError } from '@sealkit/core'

/** Codes of {@link ControllerError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type ControllerErrorCode =
  | 'CONTROLLER_USAGE'
  | 'EXTERNAL_SECRET_OWNED'
  | 'KEY_MISSING'
  | 'LISTEN_FAILED'
  | 'NODE_TOO_OLD'
  | 'RECONCILE_FAILED'
  | 'SECRET_IMMUTABLE'
  | 'SECRET_OWNED'
  | 'SECRET_UNMANAGED'
  | 'UPSTREAM_RUNNING'

/** The error that everything in `@sealkit/controller` throws. */
export class ControllerError extends SealkitError<ControllerErrorCode> {}
