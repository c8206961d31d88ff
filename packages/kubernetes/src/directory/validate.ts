import type { ClusterObject, Resource } from '../cluster.ts'
import { KubernetesError } from '../error.ts'
import { isLabelKey, isLabelValue } from '../labels.ts'
import { resourceName } from '../path.ts'

/** The API server's limit for all the data of a Secret, in bytes. */
const largestData = 2 ** 20

/**
 * What the API server checks of any object's labels, and of a Secret's data.
 *
 * @throws INVALID; BAD_REQUEST, or what `undecodable` says, for data that is no base64
 */
export function validate(
  resource: Resource,
  object: ClusterObject,
  undecodable: 'BAD_REQUEST' | 'INVALID' = 'BAD_REQUEST',
): void {
  for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
    if (!isLabelKey(key) || !isLabelValue(value))
      throw invalid(resource, object, `metadata.labels: ${JSON.stringify(key)}`)
  }
  if (resource.kind !== 'Secret' || resource.group !== '') return
  let size = 0
  for (const [key, value] of Object.entries((object['data'] ?? {}) as Record<string, unknown>)) {
    if (typeof value !== 'string' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
      throw new KubernetesError(undecodable, `the value of ${JSON.stringify(key)} is no base64`)
    }
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key.startsWith('..') || key === '.') {
      throw invalid(resource, object, `data: ${JSON.stringify(key)} is no key`)
    }
    size += Math.floor((value.length * 3) / 4)
  }
  if (size > largestData) throw invalid(resource, object, `data: more than ${largestData} bytes`)
}

function invalid(resource: Resource, object: ClusterObject, what: string): KubernetesError {
  return new KubernetesError('INVALID', `${resourceName(resource)} "${object.metadata.name}" is invalid: ${what}`)
}
