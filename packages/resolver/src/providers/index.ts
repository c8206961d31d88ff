import type { ProviderRow } from '../provider.ts'
import { scope as awsScope, isReferent as isAwsReferent, specHost } from './aws/spec.ts'
import { isReferent as isKubernetesReferent, scope as kubernetesScope } from './kubernetes/spec.ts'
import { serverHost, serverPlace, urlHost } from './text.ts'
import { isReferent as isVaultReferent, scope as vaultScope } from './vault/spec.ts'

const vault: ProviderRow = {
  capabilities: 'ReadWrite',
  concurrency: 16,
  isReferent: isVaultReferent,
  hosts: (spec) => [serverPlace(spec['server'])],
  scope: vaultScope,
  load: () => import('./vault/index.ts'),
}

/**
 * Providers by their key in a store's `spec.provider`; each module, and the SDK behind it, is loaded when a store is
 * opened.
 */
export const providers: Readonly<Record<string, ProviderRow>> = {
  fake: { capabilities: 'ReadWrite', unmaintained: true, isReferent: () => false, load: () => import('./fake.ts') },
  aws: {
    capabilities: 'ReadWrite',
    isReferent: isAwsReferent,
    hosts: (spec) => [specHost(spec)],
    scope: awsScope,
    load: () => import('./aws/index.ts'),
  },
  kubernetes: {
    capabilities: 'ReadWrite',
    concurrency: 16,
    isReferent: isKubernetesReferent,
    hosts: (spec) => [serverHost(spec['server'])],
    scope: kubernetesScope,
    load: () => import('./kubernetes/index.ts'),
  },
  openBao: vault,
  vault,
  webhook: {
    capabilities: 'ReadWrite',
    readsProperty: true,
    hosts: (spec) => [urlHost(spec['url'])],
    load: () => import('./webhook/index.ts'),
  },
}
