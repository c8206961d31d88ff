import type { Key, Resource } from './cluster.ts'
import { KubernetesError } from './error.ts'

/**
 * The path of a resource: of all in a namespace where the name is empty, of all there are where the namespace is too.
 *
 * @throws BAD_REQUEST for a name that is no single path segment, as client-go refuses it
 */
export function objectPath(resource: Resource, key: Key, subresource?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${segment(resource.group)}`
  const namespace = resource.namespaced && key.namespace !== '' ? `/namespaces/${segment(key.namespace)}` : ''
  if (resource.namespaced && key.namespace === '' && key.name !== '') {
    throw new KubernetesError('BAD_REQUEST', `an empty namespace may not be set when a resource name is provided`)
  }
  const name = key.name === '' ? '' : `/${segment(key.name)}`
  const tail = subresource === undefined ? '' : `/${segment(subresource)}`
  return `${root}/${segment(resource.version)}${namespace}/${segment(resource.plural)}${name}${tail}`
}

/** The path of a Service behind the API server's proxy; an empty port is the only one that the Service has. */
export function serviceProxyPath(
  service: Key,
  target: { readonly scheme?: 'http' | 'https'; readonly port: string; readonly path: string },
): string {
  const name = `${target.scheme ?? 'http'}:${segment(service.name)}:${target.port === '' ? '' : segment(target.port)}`
  return `/api/v1/namespaces/${segment(service.namespace)}/services/${name}/proxy${target.path}`
}

/** `?a=b&c=d`, sorted as Go does; empty values are left out. */
export function queryText(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ''))
  query.sort()
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** `secrets`, or `deployments.apps`: a resource in the texts of errors. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
    throw new KubernetesError('BAD_REQUEST', `${JSON.stringify(text)} is no name of an object`, {
      hint: "a name is not empty, is neither '.' nor '..', and holds neither '/' nor '%'",
    })
  }
  return encodeURIComponent(text)
}
