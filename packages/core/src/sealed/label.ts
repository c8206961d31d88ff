import { type Scope, scopes } from './scope.ts'

/**
 * The OAEP label that binds an item to its scope (upstream's `EncryptionLabel`).
 *
 * Upstream's README calls the strict label a concatenation; the slash is real.
 */
export function label(scope: Scope, namespace: string, name: string): Uint8Array {
  const row = scopes.find((candidate) => candidate.name === scope)
  return new TextEncoder().encode(row?.label(namespace, name))
}
