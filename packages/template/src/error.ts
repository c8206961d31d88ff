import { SealkitError } from '@sealkit/core'

/** Codes of {@link TemplateError}; `docs/reference/errors.md` says what each means and what to do about it. */
export type TemplateErrorCode = 'TEMPLATE_EXECUTION' | 'TEMPLATE_LIMIT' | 'TEMPLATE_SYNTAX'

/**
 * The error that everything in `@sealkit/template` throws.
 *
 * `upstream` is Go's exact text. `message` names the template, the line, the column and what was being done; it never
 * holds a value, nor a literal of the template.
 */
export class TemplateError extends SealkitError<TemplateErrorCode> {}

/**
 * What a function throws when it fails: Go's exact text, which may hold values. The executor turns it into a
 * {@link TemplateError} that says where. `safe` marks a text that holds type names and positions only.
 */
export class FunctionFailure extends Error {
  override readonly name: string = 'FunctionFailure'
  readonly safe: boolean

  constructor(text: string, safe = false) {
    super(text)
    this.safe = safe
  }
}

/** Ends a function call with Go's error text. @throws FunctionFailure always */
export function failure(text: string, safe = false): never {
  throw new FunctionFailure(text, safe)
}

/** A render went over its budget: memory, steps or time. @throws TEMPLATE_LIMIT always */
export function overBudget(what: string, upstream?: string): never {
  throw new TemplateError('TEMPLATE_LIMIT', `the template needs more than its ${what} limit`, {
    hint: 'make the template smaller, or raise the limit where the render is configured',
    ...(upstream === undefined ? {} : { upstream }),
  })
}
