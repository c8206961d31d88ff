import type { PublicKey } from '@sealkit/core/platform'
import { parseCertificate, sealingPublicKey } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { readCertificate } from './certificate.ts'

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
  const service = {
    namespace: values['controller-namespace'] ?? 'kube-system',
    name: values['controller-name'] ?? 'sealed-secrets-controller',
  }
  const { kubeconfig, context } = values
  const connection = {
    env: { ...io.env },
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { overrides: { context } }),
  }
  return fetchCertificate(connection, service)
}

/**
 * The key to seal with: of the certificate in `cert`, a file or URL, else of the cluster's controller.
 *
 * @throws FILE_UNREADABLE, INVALID_CERTIFICATE, CERTIFICATE_EXPIRED, and the cluster's errors
 */
export async function sealingKeyFor(values: ControllerValues & { readonly cert?: string }, io: Io): Promise<PublicKey> {
  const pem = values.cert === undefined ? await controllerCertificate(values, io) : await certificate(values.cert, io)
  return sealingPublicKey(parseCertificate(pem), io.now())
}

async function certificate(source: string, io: Io): Promise<Uint8Array> {
  try {
    return await readCertificate(source, io)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('FILE_UNREADABLE', `the certificate ${source} cannot be read`, {
      cause,
      hint: 'fetch it with: sealkit keys fetch > cert.pem',
    })
  }
}
