import type { OpenOptions, Provider } from '../../provider.ts'
import { connect } from './connection.ts'
import { findSecrets } from './find.ts'
import { deleteSecret, existsSecret, pushSecret } from './push.ts'
import { getSecret } from './read.ts'
import { isReferent, readSpec } from './spec.ts'

/** HashiCorp Vault and OpenBao: KV v1 and v2. */
export function open(options: OpenOptions): Provider {
  const vault = connect(readSpec(options.store), options)
  return {
    get: (location, signal) => getSecret(vault, location, signal),
    find: (query, signal) => findSecrets(vault, query, signal),
    push: (request, signal) => pushSecret(vault, request, signal),
    delete: (target, signal) => deleteSecret(vault, target, signal),
    exists: (target, signal) => existsSecret(vault, target, signal),
    async validate(signal): Promise<'ready' | 'unknown'> {
      if (options.namespace === '' && isReferent(options.store)) return 'unknown'
      await vault.lookup(signal)
      return 'ready'
    },
    close: () => vault.close(),
  }
}
