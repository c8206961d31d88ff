import type { Resource } from '../cluster.ts'
import { KubernetesError } from '../error.ts'
import { resourceName } from '../path.ts'

type Refused = 'ALREADY_EXISTS' | 'CONFLICT' | 'INVALID' | 'NOT_FOUND'

/** The API's words for each refusal of a write. */
const words: Readonly<Record<Refused, (what: string) => string>> = {
  ALREADY_EXISTS: (what) => `${what} already exists`,
  CONFLICT: (what) =>
    `Operation cannot be fulfilled on ${what}: the object has been modified; please apply your changes to the latest version and try again`,
  INVALID: (what) => `${what} is invalid: field is immutable when \`immutable\` is set`,
  NOT_FOUND: (what) => `${what} not found`,
}

/** The error that the API server would give for an object. */
export function refusal(code: Refused, resource: Resource, name: string): KubernetesError {
  return new KubernetesError(code, words[code](`${resourceName(resource)} ${JSON.stringify(name)}`))
}
