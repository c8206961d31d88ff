import type { Render as RenderSealed } from '@sealkit/core/sealed'
import type { Render as RenderExternal } from '@sealkit/resolver'
import { type ExecuteOptions, execute, functionTable, parse } from '@sealkit/template'

/** Renders `spec.template.data` of SealedSecrets: sprig without its functions of the environment, Go's options. */
export function sealedSecretRender(options: ExecuteOptions = {}): RenderSealed {
  return (name, text, data) =>
    execute(parse(text, { name, functions: functionTable('sealed-secrets') }), new Map(Object.entries(data)), options)
}

/** Renders `spec.target.template` of ExternalSecrets: sprig and External Secrets' own functions. */
export function externalSecretRender(options: ExecuteOptions = {}): RenderExternal {
  return (text, data, { name, missingKey }) =>
    execute(parse(text, { name, missingKey, functions: functionTable('external-secrets') }), data, options)
}
