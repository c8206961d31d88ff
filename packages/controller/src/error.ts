import { SealkitError } from '@sealkit/core'

/** Codes of {@link ControllerError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type ControllerErrorCode =
  | 'CONTROLLER_USAGE'
  | 'EXTERNAL_SECRET_OWNED'
  | 'KEY_MISSING'
  | 'KEY_RULES_INVALID'
  | 'KEY_RULE_MISSING'
  | 'KEY_SECRET_INVALID'
  | 'KEY_SECRET_MISSING'
  | 'LISTEN_FAILED'
  | 'MAC_UNDECIDED'
  | 'NODE_TOO_OLD'
  | 'RECONCILE_FAILED'
  | 'SECRET_CONTROLLED'
  | 'SECRET_IMMUTABLE'
  | 'SECRET_OWNED'
  | 'SECRET_TEMPLATE_INVALID'
  | 'SECRET_UNMANAGED'
  | 'UPSTREAM_RUNNING'

/** The error that everything in `@sealkit/controller` throws. */
export class ControllerError extends SealkitError<ControllerErrorCode> {}
