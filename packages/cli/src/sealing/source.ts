import { SealkitError } from '@sealkit/core'
import type { PublicKey } from '@sealkit/core/platform'
import { parseCertificate, sealingPublicKey } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { readCertificate } from './certificate.ts'
import type { Connection, ControllerService } from './controller.ts'

/** The flags that say which controller, in which cluster, gives its certificate. */
export interface ControllerValues {
  readonly 'controller-name'?: string
  readonly 'controller-namespace'?: string
  readonly kubeconfig?: string
  readonly context?: string
}

/** The certificate of the cluster's controller, as it serves it. */
export async function controllerCertificate(values: ControllerValues, io: Io): Promise<Uint8Array> {
  const { fetchCertificate } = await import('./controller.ts')
  return fetchCertificate(connectionOf(values, io), serviceOf(values))
}

/** Where the controller's Service is. */
export function serviceOf(values: ControllerValues): ControllerService {
  return {
    namespace: values['controller-namespace'] ?? 'kube-system',
    name: values['controller-name'] ?? 'sealed-secrets-controller',
  }
}

/** How the cluster is reached. */
export function connectionOf({ kubeconfig, context }: ControllerValues, io: Io): Connection {
  return {
    env: { ...io.env },
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { overrides: { context } }),
  }
}

/**
 * The key to seal with: of the certificate in `cert`, a file or URL, else of the cluster's controller. Where a URL or
 * the cluster cannot be reached, the copy of the last time is taken.
 *
 * @throws FILE_UNREADABLE, INVALID_CERTIFICATE, CERTIFICATE_EXPIRED, and the cluster's errors
 */
export async function sealingKeyFor(values: ControllerValues & { readonly cert?: string }, io: Io): Promise<PublicKey> {
  const pem = values.cert === undefined ? await namedByNobody(values, io) : await certificate(values.cert, io)
  return sealingPublicKey(parseCertificate(pem), io.now())
}

async function namedByNobody(values: ControllerValues, io: Io): Promise<Uint8Array> {
  try {
    return await clusterCertificate(values, io)
  } catch (cause) {
    if (!(cause instanceof SealkitError) || cause.code !== 'KUBECONFIG_MISSING') throw cause
    throw new CliError('NO_KEY', 'no certificate is given, and no kubeconfig was found to ask a cluster for one', {
      cause,
      hint: 'pass --cert, or set KUBECONFIG',
    })
  }
}

async function clusterCertificate(values: ControllerValues, io: Io): Promise<Uint8Array> {
  const { clusterServer } = await import('./controller.ts')
  const { cached } = await import('./cache.ts')
  const { namespace, name } = serviceOf(values)
  const source = `the controller ${namespace}/${name} of ${await clusterServer(connectionOf(values, io))}`
  return cached(source, io, () => controllerCertificate(values, io))
}

async function certificate(source: string, io: Io): Promise<Uint8Array> {
  try {
    if (!/^https?:\/\//i.test(source)) return await readCertificate(source, io)
    const { cached } = await import('./cache.ts')
    return await cached(source.replace(/\/\/[^/]*@/, '//'), io, () => readCertificate(source, io))
  } catch (cause) {
    if (cause instanceof SealkitError) throw cause
    throw new CliError('FILE_UNREADABLE', `the certificate ${source} cannot be read`, {
      cause,
      hint: 'fetch it with: sealkit keys fetch > cert.pem',
    })
  }
}
