import type { Render } from '@sealkit/core/sealed'
import { sealedSecretRender } from 'sealkit'

/** Renders `spec.template.data` with the functions that Sealed Secrets has, at the time of the call. */
export const render: Render = (name, text, data) =>
  sealedSecretRender({ now: () => BigInt(Date.now()) * 1_000_000n })(name, text, data)
