import { checkRules, type ResolveContext, resolveExternalSecret } from '@sealkit/resolver'
import type { Source } from '../source.ts'

/** ExternalSecrets of External Secrets Operator (`external-secrets.io`, v1 and v1beta1). */
export const externalSecretSource: Source<ResolveContext> = {
  kind: 'ExternalSecret',
  reads: ({ object }) => object.kind === 'ExternalSecret' && object.apiVersion?.split('/')[0] === 'external-secrets.io',
  async desired({ object }, context) {
    // No API server has looked at this manifest before.
    checkRules(object)
    return (await resolveExternalSecret(object, context)).secret
  },
}
