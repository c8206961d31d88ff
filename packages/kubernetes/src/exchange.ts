import type { Key } from './cluster.ts'
import { KubernetesError } from './error.ts'
import type { Call } from './status.ts'
import type { HttpRequest } from './transport.ts'

/** Makes one request and gives the parsed answer; `about` is for errors. */
export type Exchange = (request: HttpRequest, about: Call) => Promise<unknown>

/** Headers of a request with a JSON body. */
export const json = { accept: 'application/json', 'content-type': 'application/json' }

/** Refuses a key without a name, which would address a whole collection. @throws {KubernetesError} `BAD_REQUEST` */
export function named(key: Key): void {
  if (key.name === '') throw new KubernetesError('BAD_REQUEST', 'resource name may not be empty')
}

/** The error for an answer that is not what the API promises. */
export function unexpected(): KubernetesError {
  return new KubernetesError('RESPONSE_INVALID', 'the server answered with something that is no Kubernetes object', {
    hint: 'check that the server of the kubeconfig is a Kubernetes API server',
  })
}
