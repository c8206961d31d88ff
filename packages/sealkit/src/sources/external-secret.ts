import { type ResolveContext, resolveExternalSecret } from '@sealkit/resolver'
import type { Source } from '../source.ts'

/** ExternalSecrets of External Secrets Operator (`external-secrets.io`, v1 and v1beta1). */
export const externalSecretSource: Source<ResolveContext> = {
  kind: 'ExternalSecret',
  reads: ({ object }) => object.kind === 'ExternalSecret' && object.apiVersion?.split('/')[0] === 'external-secrets.io',
  desired: async ({ object }, context) => (await resolveExternalSecret(object, context)).secret,
}
