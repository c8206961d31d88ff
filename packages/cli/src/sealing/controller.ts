import { SealkitError } from '@sealkit/core'
import { quote } from '@sealkit/core/go'
import { type ApiServer, connect, isKubernetesError, loadConfig, serviceProxyPath } from '@sealkit/kubernetes'
import { CliError } from '../exit.ts'

/** How a cluster is reached: kubeconfig, overrides, environment. */
export type Connection = NonNullable<Parameters<typeof connect>[0]>

/** The Service of a Sealed Secrets controller. */
export interface ControllerService {
  readonly namespace: string
  readonly name: string
}

/** The controller's HTTP API behind the API server. */
export interface Controller {
  get(path: string, accept: string): Promise<Uint8Array>
  /** Sends JSON and gives the answer's body. */
  post(path: string, body: string): Promise<Uint8Array>
}

/**
 * Connects, finds the controller's Service and its port, and closes the connection after the work.
 *
 * @throws KubernetesError of the connection; NOT_SUPPORTED when the Service cannot be read
 */
export async function withController<Result>(
  connection: Connection,
  service: ControllerService,
  work: (controller: Controller) => Promise<Result>,
): Promise<Result> {
  const server = await connect(connection)
  try {
    return await work(await findController(server, service))
  } finally {
    server.close()
  }
}

/**
 * The controller's current certificate, as it serves it.
 *
 * @throws like {@link withController}, and the error of the request, with kubeseal's words in `upstream`
 */
export function fetchCertificate(connection: Connection, service: ControllerService): Promise<Uint8Array> {
  return withController(connection, service, async (controller) => {
    try {
      return await controller.get('/v1/cert.pem', 'application/x-pem-file, */*')
    } catch (error) {
      throw inWords(error, (message) => `cannot fetch certificate: ${message}`)
    }
  })
}

/**
 * The API server that a connection leads to, as text.
 *
 * @throws KubernetesError of the configuration
 */
export async function clusterServer(connection: Connection): Promise<string> {
  return (await loadConfig(connection)).connection().server
}

async function findController(server: ApiServer, service: ControllerService): Promise<Controller> {
  const port = await servicePort(server, service)
  const path = (suffix: string): string => serviceProxyPath(service, { port, path: suffix })
  const about = { resource: 'services', name: `http:${service.name}:${port}` }
  return {
    async get(suffix, accept) {
      return (await server.request('GET', path(suffix), { headers: { accept }, ...about })).body
    },
    async post(suffix, body) {
      const headers = { 'content-type': 'application/json', accept: 'application/json, */*' }
      return (await server.request('POST', path(suffix), { headers, body, ...about })).body
    },
  }
}

interface Service {
  readonly spec?: { readonly ports?: readonly { readonly name?: string }[] }
}

const whereItIs =
  'Please, use the flag --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets controller'

/** The name of the Service's first port; the empty name stands for the only port there is. */
async function servicePort(server: ApiServer, { namespace, name }: ControllerService): Promise<string> {
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const path = `/api/v1${scope}/services/${encodeURIComponent(name)}`
  const fault = serviceFault(namespace, name)
  if (fault !== undefined)
    throw inWords(fault, (message) => `cannot get sealed secret service: ${message}`, `.\n${whereItIs}`)
  try {
    const { body } = await server.request('GET', path, { headers: { accept: 'application/json' } })
    return (JSON.parse(body.toString('utf8')) as Service).spec?.ports?.[0]?.name ?? ''
  } catch (error) {
    if (!isKubernetesError(error)) throw error
    throw inWords(error, (message) => `cannot get sealed secret service: ${message}`, `.\n${whereItIs}`)
  }
}

/** Why a namespace and a name are no place of the API, in client-go's words. */
function serviceFault(namespace: string, name: string): CliError | undefined {
  const wrong =
    segmentFault('namespace', namespace) ??
    (name === '' ? 'resource name may not be empty' : segmentFault('resource name', name))
  return wrong === undefined ? undefined : new CliError('USAGE', wrong)
}

function segmentFault(what: string, name: string): string | undefined {
  const faults = ['/', '%'].filter((character) => name.includes(character)).map((found) => `may not contain '${found}'`)
  const all = name === '.' || name === '..' ? [`may not be '${name}'`] : faults
  return all.length === 0 ? undefined : `invalid ${what} ${quote(name)}: [${all.join(' ')}]`
}

/** The error with kubeseal's words around it. */
function inWords(error: unknown, words: (message: string) => string, end = ''): unknown {
  if (!(error instanceof SealkitError)) return error
  return new CliError('NOT_SUPPORTED', words(error.message), {
    cause: error,
    hint: 'name the controller with --controller-name and --controller-namespace',
    upstream: `${words(error.upstream ?? error.message)}${end}`,
  })
}
