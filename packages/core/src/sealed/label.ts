import { CoreError } from '../error.ts'
import { type Scope, scopes } from './scope.ts'

/**
 * The OAEP label that binds an item to its scope (upstream's `EncryptionLabel`).
 *
 * Upstream's README calls the strict label a concatenation; the slash is real.
 *
 * @throws UNSUPPORTED_VALUE for what is no scope, for which an empty label would be the widest there is
 */
export function label(scope: Scope, namespace: string, name: string): Uint8Array {
  const row = scopes.find((candidate) => candidate.name === scope)
  if (row === undefined) throw new CoreError('UNSUPPORTED_VALUE', 'unknown scope')
  return new TextEncoder().encode(row.label(namespace, name))
}
