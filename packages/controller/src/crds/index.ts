import type { Manifest } from '@sealkit/core/manifest'
import { clusterExternalSecretCrd } from './cluster-external-secret.ts'
import { externalSecretCrd } from './external-secret.ts'
import { generatorCrds } from './generators.ts'
import { pushSecretCrd } from './push-secret.ts'
import { sealedSecretCrd } from './sealed-secret.ts'
import { clusterSecretStoreCrd, secretStoreCrd } from './secret-store.ts'

/** Which upstream's kinds are wanted. */
export type CrdFamily = 'sealed-secrets' | 'external-secrets'

/** The CustomResourceDefinitions of a family, or of both: what `controller crds` prints and a cluster needs first. */
export function crds(...families: readonly CrdFamily[]): Manifest[] {
  const wanted = (family: CrdFamily): boolean => families.length === 0 || families.includes(family)
  return [
    ...(wanted('sealed-secrets') ? [sealedSecretCrd()] : []),
    ...(wanted('external-secrets')
      ? [
          externalSecretCrd(),
          secretStoreCrd(),
          clusterSecretStoreCrd(),
          clusterExternalSecretCrd(),
          pushSecretCrd(),
          ...generatorCrds(),
        ]
      : []),
  ]
}
