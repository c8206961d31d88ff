import { loadConfig } from '@sealkit/kubernetes'
import type { Io } from '../../io.ts'
import type { Connection, ControllerService } from '../../sealing/controller.ts'
import type { FlagValues } from './flags.ts'

/**
 * The namespace that the kubeconfig's context or the pod's ServiceAccount says.
 *
 * @throws where there is no usable configuration
 */
export async function contextNamespace(values: FlagValues, io: Io): Promise<string> {
  return (await loadConfig(connection(values, io))).namespace().namespace
}

/** The Service that the flags name. */
export function service(values: FlagValues): ControllerService {
  return { namespace: values.text('controller-namespace'), name: values.text('controller-name') }
}

/** kubectl's flags, as far as they were given. */
export function connection(values: FlagValues, io: Io): Connection {
  const kubeconfig = values.text('kubeconfig')
  const texts = Object.entries(overrideFlags).map(([field, flag]) => [field, values.text(flag)] as const)
  const overrides = {
    ...Object.fromEntries(texts.filter(([, value]) => value !== '')),
    ...(values.bool('insecure-skip-tls-verify') && { insecureSkipTlsVerify: true }),
    ...(values.list('as-group').length > 0 && { asGroups: values.list('as-group') }),
  }
  return { env: { ...io.env }, overrides, ...(kubeconfig !== '' && { kubeconfig }) }
}

const overrideFlags = {
  context: 'context',
  cluster: 'cluster',
  user: 'user',
  namespace: 'namespace',
  server: 'server',
  tlsServerName: 'tls-server-name',
  certificateAuthority: 'certificate-authority',
  proxyUrl: 'proxy-url',
  clientCertificate: 'client-certificate',
  clientKey: 'client-key',
  token: 'token',
  username: 'username',
  password: 'password',
  as: 'as',
  asUid: 'as-uid',
  requestTimeout: 'request-timeout',
} as const
