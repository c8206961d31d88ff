import { SealkitError } from '@sealkit/core'

/** Codes of {@link SourceError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type SourceErrorCode = 'CONTEXT_REQUIRED' | 'INVALID_OBJECT'

/** The error that `sealkit` throws on its own account; what its sources throw comes from the package that did the work. */
export class SourceError extends SealkitError<SourceErrorCode> {
  override readonly name = 'SourceError'
}
