import { type ApiServer, type ApiServerOptions, apiserverCluster } from './apiserver.ts'
import { type LoadOptions, loadConfig } from './config/load.ts'

/**
 * The cluster that the kubeconfig, the flags or the pod that this process runs in point to.
 *
 * @throws KUBECONFIG_INVALID, KUBECONFIG_MISSING
 */
export async function connect(options: LoadOptions & ApiServerOptions = {}): Promise<ApiServer> {
  return apiserverCluster((await loadConfig(options)).connection(), options)
}
