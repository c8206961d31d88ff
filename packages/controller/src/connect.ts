import { readFile } from 'node:fs/promises'
import { type ApiServer, connect, isKubernetesError, type LoadOptions, type RateLimit } from '@sealkit/kubernetes'
import type { MintToken } from './external-secret/access.ts'
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
