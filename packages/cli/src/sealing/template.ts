import type { Render } from '@sealkit/core/sealed'
import { execute, functionTable, parse } from '@sealkit/template'

/** Renders `spec.template.data` with the functions that Sealed Secrets has. */
export const render: Render = (name, text, data) => {
  const template = parse(text, { name, functions: functionTable('sealed-secrets') })
  return execute(template, new Map(Object.entries(data)), { now: () => BigInt(Date.now()) * 1_000_000n })
}
