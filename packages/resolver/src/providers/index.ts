import type { ProviderRow } from '../provider.ts'
import { isReferent as isAwsReferent, specHost } from './aws/spec.ts'
import { isReferent as isKubernetesReferent } from './kubernetes/spec.ts'
import { serverHost, urlHost } from './text.ts'
import { isReferent as isVaultReferent } from './vault/spec.ts'

const vault: ProviderRow = {
  capabilities: 'ReadWrite',
  concurrency: 16,
  isReferent: isVaultReferent,
  hosts: (spec) => [urlHost(spec['server'])],
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
    load: () => import('./aws/index.ts'),
  },
  kubernetes: {
    capabilities: 'ReadWrite',
    concurrency: 16,
    isReferent: isKubernetesReferent,
    hosts: (spec) => [serverHost(spec['server'])],
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
