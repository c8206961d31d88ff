import type { Manifest } from '@sealkit/core/manifest'
import { clusterExternalSecretCrd } from './cluster-external-secret.ts'
import { clusterPushSecretCrd } from './cluster-push-secret.ts'
import { externalSecretCrd } from './external-secret.ts'
import { generatorCrds } from './generators.ts'
import { pushSecretCrd } from './push-secret.ts'
import { sealedSecretCrd } from './sealed-secret.ts'
import { clusterSecretStoreCrd, secretStoreCrd } from './secret-store.ts'
import { sopsSecretCrd } from './sops-secret.ts'

/** The upstreams whose kinds are defined here. */
export const crdFamilies = ['sealed-secrets', 'external-secrets', 'sops-secrets'] as const

/** Which upstream's kinds are wanted. */
export type CrdFamily = (typeof crdFamilies)[number]

const families: Readonly<Record<CrdFamily, () => Manifest[]>> = {
  'sealed-secrets': () => [sealedSecretCrd()],
  'external-secrets': () => [
    externalSecretCrd(),
    secretStoreCrd(),
    clusterSecretStoreCrd(),
    clusterExternalSecretCrd(),
    pushSecretCrd(),
    clusterPushSecretCrd(),
    ...generatorCrds(),
  ],
  'sops-secrets': () => [sopsSecretCrd()],
}

/** The CustomResourceDefinitions of some families, or of all: what `controller crds` prints and a cluster needs first. */
export function crds(...wanted: readonly CrdFamily[]): Manifest[] {
  return crdFamilies.flatMap((family) => (wanted.length === 0 || wanted.includes(family) ? families[family]() : []))
}
