import { type ExecuteOptions, execute, functionTable, parse } from '@sealkit/template'
import type { Render } from './template.ts'

/** How templates are rendered in this thread. */
export interface RendererOptions extends ExecuteOptions {
  /** Where an action begins and ends; `{{` and `}}` unless given. */
  readonly leftDelim?: string
  readonly rightDelim?: string
}

/**
 * A {@link Render} on `@sealkit/template` with External Secrets' functions. It runs in the caller's thread: for
 * templates of people who are not trusted, put it into a worker.
 */
export function createRenderer(options: RendererOptions = {}): Render {
  const { leftDelim, rightDelim, ...executeOptions } = options
  const functions = functionTable('external-secrets')
  const delimiters = {
    ...(leftDelim === undefined ? {} : { leftDelim }),
    ...(rightDelim === undefined ? {} : { rightDelim }),
  }
  return (text, data, { name, missingKey }) =>
    execute(parse(text, { name, functions, missingKey, ...delimiters }), data, executeOptions)
}
