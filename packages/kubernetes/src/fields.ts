import type { ClusterObject } from './cluster.ts'
import { KubernetesError } from './error.ts'
import type { Predicate } from './labels.ts'

/** Fields that a selector may name, for every kind and for Secrets. */
const fields: Readonly<Record<string, (object: ClusterObject) => unknown>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? '',
  type: (object) => object['type'] ?? '',
}

/**
 * A field selector over `metadata.name`, `metadata.namespace` and `type`.
 *
 * @throws BAD_REQUEST
 */
export function fieldPredicate(selector: string): Predicate {
  const terms = selector.split(',').filter((term) => term !== '')
  const predicates = terms.map((term): Predicate => {
    const [, field = '', operator = '', value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? []
    const read = fields[field]
    if (read === undefined) {
      throw new KubernetesError('BAD_REQUEST', `field selector is not supported: ${field || term}`)
    }
    return (object) => (read(object) === value) === (operator !== '!=')
  })
  return (object) => predicates.every((holds) => holds(object))
}
