import type { ClusterObject } from './cluster.ts'
import { KubernetesError } from './error.ts'

/** Says whether an object is selected. */
export type Predicate = (object: ClusterObject) => boolean

/**
 * A label selector as the API reads it: `a=b,c!=d,e in (f, g),h notin (i),j,!k`.
 *
 * @throws BAD_REQUEST
 */
export function labelPredicate(selector: string): Predicate {
  const requirements = splitRequirements(selector).map(requirement)
  return ({ metadata: { labels = {} } }) => requirements.every((holds) => holds(labels))
}

/**
 * A field selector over `metadata.name`, `metadata.namespace` and `type`.
 *
 * @throws BAD_REQUEST
 */
export function fieldPredicate(selector: string): Predicate {
  const terms = selector.split(',').filter((term) => term !== '')
  const predicates = terms.map((term): Predicate => {
    const [, field = '', operator = '', value = ''] = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(term.trim()) ?? []
    const read = fields[field]
    if (read === undefined)
      throw new KubernetesError('BAD_REQUEST', `field selector is not supported: ${field || term}`)
    return (object) => (read(object) === value) === (operator !== '!=')
  })
  return (object) => predicates.every((holds) => holds(object))
}

const fields: Readonly<Record<string, (object: ClusterObject) => unknown>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? '',
  type: (object) => object['type'] ?? '',
}

type Requirement = (labels: Readonly<Record<string, string>>) => boolean

/** Commas part requirements, but not inside the parentheses of a set. */
function splitRequirements(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

const name = '[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?'
const set = new RegExp(`^(${name})\\s+(in|notin)\\s*\\(([^)]*)\\)$`)
const equality = new RegExp(`^(${name})\\s*(==|=|!=)\\s*([A-Za-z0-9._-]*)$`)
const presence = new RegExp(`^(!?)\\s*(${name})$`)

function requirement(text: string): Requirement {
  const [, setKey, setOperator, list] = set.exec(text) ?? []
  if (setKey !== undefined && list !== undefined) {
    const values = new Set(list.split(',').map((value) => value.trim()))
    return (labels) => values.has(own(labels, setKey) ?? '\0') === (setOperator === 'in')
  }
  const [, equalKey, operator, value] = equality.exec(text) ?? []
  if (equalKey !== undefined) return (labels) => (own(labels, equalKey) === value) === (operator !== '!=')
  const [, absent, key] = presence.exec(text) ?? []
  if (key !== undefined) return (labels) => (own(labels, key) === undefined) === (absent === '!')
  throw new KubernetesError('BAD_REQUEST', `unable to parse requirement: ${JSON.stringify(text)}`)
}

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
