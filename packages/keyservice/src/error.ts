import { SealkitError } from '@sealkit/core'

/** Codes of {@link KeyserviceError}. */
export type KeyserviceErrorCode = 'COMMAND_FAILED' | 'IDENTITY_MISSING' | 'MASTER_KEY_UNSUPPORTED'

/** The error of everything in `@sealkit/keyservice`. */
export class KeyserviceError extends SealkitError<KeyserviceErrorCode> {}
