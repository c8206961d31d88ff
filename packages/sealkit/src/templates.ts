import type { Render } from '@sealkit/core/sealed'
import { type ExecuteOptions, execute, functionTable, parse } from '@sealkit/template'

/** Renders `spec.template.data` of SealedSecrets: sprig without its functions of the environment, Go's options. */
export function sealedSecretRender(options: ExecuteOptions = {}): Render {
  const functions = functionTable('sealed-secrets')
  return (name, text, data) => execute(parse(text, { name, functions }), new Map(Object.entries(data)), options)
}
