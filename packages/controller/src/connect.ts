import { readFile } from 'node:fs/promises'
import { type ApiServer, connect, isKubernetesError, type LoadOptions, type RateLimit } from '@sealkit/kubernetes'
import type { MintToken } from './external-secret/access.ts'
import type { Discover } from './external-secret/generic.ts'
import type { ControllerIo } from './io.ts'

/** Connects to the cluster that flags, `KUBECONFIG` or the pod name; its requests wait for each other where limited. */
export function connectCluster(
  { env }: ControllerIo,
  flags: { readonly kubeconfig: string; readonly context: string },
  rateLimit?: RateLimit,
): Promise<ApiServer> {
  const options: LoadOptions = {
    env: env as NodeJS.ProcessEnv,
    ...(flags.kubeconfig === '' ? {} : { kubeconfig: flags.kubeconfig }),
    ...(flags.context === '' ? {} : { overrides: { context: flags.context } }),
  }
  return connect({ ...options, userAgent: 'sealkit-controller', ...(rateLimit === undefined ? {} : { rateLimit }) })
}

/** The namespace that the controller runs in: `POD_NAMESPACE`, else the ServiceAccount's, else `default`. */
export async function ownNamespace({ env }: ControllerIo): Promise<string> {
  const named = env['POD_NAMESPACE']
  if (named !== undefined && named !== '') return named
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim() || 'default'
}

/** ServiceAccount tokens of a real cluster. */
export function tokens(cluster: ApiServer): MintToken {
  return async (account, options) => {
    try {
      return (await cluster.createToken(account, options)).token
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return null
      throw error
    }
  }
}

/** Kinds as the API server tells of them. */
export function discovery(cluster: ApiServer): Discover {
  return async (apiVersion, kind) => {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    if (!/^\/apis?(\/[a-z0-9.-]+){1,2}$/.test(path)) return null
    try {
      const { body } = await cluster.request('GET', path)
      const { resources = [] } = JSON.parse(body.toString('utf8')) as { resources?: readonly DiscoveredResource[] }
      const found = resources.find(({ name, ...rest }) => rest.kind === kind && rest.namespaced && !name.includes('/'))
      if (found === undefined) return null
      return { group: group ?? '', version: version ?? '', plural: found.name, kind, namespaced: true }
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return null
      throw error
    }
  }
}

interface DiscoveredResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}
