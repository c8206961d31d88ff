import { hash } from './hash.ts'

/** Labels, annotations and finalizers of External Secrets; a cluster that changes hands keeps every one of them. */
export const names = {
  /** Label of every Secret that an ExternalSecret writes. */
  managed: 'reconcile.external-secrets.io/managed',
  /** Label of a Secret that an ExternalSecret owns: the hash of its namespace and name. */
  createdBy: 'reconcile.external-secrets.io/created-by',
  /** Annotation with the hash of the Secret's data. */
  dataHash: 'reconcile.external-secrets.io/data-hash',
  finalizer: 'externalsecrets.external-secrets.io/externalsecret-cleanup',
} as const

const managerPrefix = 'externalsecrets.external-secrets.io/'
const longestManager = 63

/** The value of the `created-by` label for an ExternalSecret. */
export function createdBy(namespace: string, name: string): string {
  return hash(`${namespace}/${name}`)
}

/**
 * The field manager that writes the Secret of an ExternalSecret. Each has its own, so that `managedFields` tells what
 * every ExternalSecret put into a Secret that several merge into.
 */
export function fieldManager(name: string): string {
  const plain = `${managerPrefix}${name}`
  return plain.length > longestManager ? `${managerPrefix}sha3/${hash(name)}` : plain
}
