import { type KeyRing, type UnsealOptions, unsealSecret } from '@sealkit/core/sealed'
import type { Source } from '../source.ts'

/** What SealedSecrets are unsealed with. */
export interface SealedContext extends UnsealOptions {
  readonly keyRing: KeyRing
}

/** SealedSecrets of Bitnami's controller (`bitnami.com/v1alpha1`). */
export const sealedSecretSource: Source<SealedContext> = {
  kind: 'SealedSecret',
  reads: ({ object }) => object.kind === 'SealedSecret' && object.apiVersion?.split('/')[0] === 'bitnami.com',
  desired: ({ object }, { keyRing, ...options }) => unsealSecret(object, keyRing, options),
}
