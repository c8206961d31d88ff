import type { Render as SealedRender } from '@sealkit/core/sealed'
import type { Render as ExternalRender } from '@sealkit/resolver'
import { execute, type FunctionTable, functionTable, parse } from '@sealkit/template'

/**
 * Renders `spec.template.data` of SealedSecrets with sprig's functions, as upstream's controller does.
 *
 * @param now the time that templates see
 */
export function sealedSecretRender(now: () => Date): SealedRender {
  const functions = functionTable('sealed-secrets')
  return (name, text, data) =>
    render(text, new Map(Object.entries(data)), { name, functions, missingKey: 'default', now })
}

/** What External Secrets' templates are rendered with. */
export interface ExternalRenderOptions {
  readonly now: () => Date
  /** `{{` unless given. */
  readonly leftDelimiter?: string
  readonly rightDelimiter?: string
}

/** Renders templates of ExternalSecrets with External Secrets' functions. */
export function externalSecretRender({ now, leftDelimiter, rightDelimiter }: ExternalRenderOptions): ExternalRender {
  const functions = functionTable('external-secrets')
  const delimiters = {
    ...(leftDelimiter === undefined ? {} : { leftDelim: leftDelimiter }),
    ...(rightDelimiter === undefined ? {} : { rightDelim: rightDelimiter }),
  }
  return (text, data, { name, missingKey }) => render(text, data, { name, functions, missingKey, now, ...delimiters })
}

interface RenderOptions {
  readonly name: string
  readonly functions: FunctionTable
  readonly missingKey: 'default' | 'error'
  readonly now: () => Date
  readonly leftDelim?: string
  readonly rightDelim?: string
}

function render(text: string, data: ReadonlyMap<string, Uint8Array>, { now, ...options }: RenderOptions): Uint8Array {
  const template = parse(text, options)
  return execute(template, data, { now: () => BigInt(now().getTime()) * 1_000_000n })
}
