import { CoreError } from '../error.ts'

const nameLength = 253
const labelLength = 63

/**
 * Checks the name of a Secret: an RFC 1123 subdomain (Kubernetes' `IsDNS1123Subdomain`).
 *
 * @throws INVALID_MANIFEST
 */
export function checkName(name: string): void {
  if (name.length <= nameLength && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name))
    return
  throw new CoreError('INVALID_MANIFEST', `metadata.name ${shown(name)} is no valid name`, {
    hint: 'use at most 253 lower-case letters, digits, "-" and ".", starting and ending with a letter or digit',
  })
}

/**
 * Checks the name of a namespace: an RFC 1123 label (Kubernetes' `IsDNS1123Label`).
 *
 * @throws INVALID_MANIFEST
 */
export function checkNamespace(namespace: string): void {
  if (namespace.length <= labelLength && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace)) return
  throw new CoreError('INVALID_MANIFEST', `metadata.namespace ${shown(namespace)} is no valid namespace`, {
    hint: 'use at most 63 lower-case letters, digits and "-", starting and ending with a letter or digit',
  })
}

/**
 * Checks a key of a Secret's data (Kubernetes' `IsConfigMapKey`).
 *
 * @throws INVALID_MANIFEST
 */
export function checkDataKey(key: string): void {
  const valid = key.length <= nameLength && /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && !key.startsWith('..')
  if (valid) return
  throw new CoreError('INVALID_MANIFEST', `the key ${shown(key)} cannot be a key of a Secret`, {
    hint: 'use at most 253 letters, digits, "-", "_" and ".", and do not start with ".."',
  })
}

function shown(name: string): string {
  return JSON.stringify(name.length > nameLength ? `${name.slice(0, nameLength)}...` : name)
}
