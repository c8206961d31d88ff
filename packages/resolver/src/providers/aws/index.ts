import { ResolverError } from '../../error.ts'
import type { Location, OpenOptions, Provider } from '../../provider.ts'
import type { Json } from '../../view.ts'
import { type ClientConfig, clientConfig, isExpired } from './client.ts'
import { holdCredentials, storeCredentials } from './credentials.ts'
import { type AwsSpec, hostNames, isReferent, readSpec } from './spec.ts'

/** What the services of AWS do in their own ways. */
export interface AwsService extends Required<Pick<Provider, 'get' | 'getMany' | 'find' | 'push' | 'delete'>> {
  close(): void
}

/** What a service is opened with. */
export interface ServiceOptions {
  readonly config: ClientConfig
  /** Put before every key. */
  readonly prefix: string
  /** `spec.provider.aws.secretsManager`. */
  readonly deletion: Json
}

interface ServiceRow {
  load(): Promise<{ openService(options: ServiceOptions): Promise<AwsService> }>
}

/** Services by `spec.provider.aws.service`; each SDK is loaded when a store first reads. */
const services: Readonly<Record<string, ServiceRow>> = {
  SecretsManager: { load: () => import('./secretsmanager/index.ts') },
  ParameterStore: { load: () => import('./parameterstore/index.ts') },
}

/** Whether the store's own keys are all that it has. */
function isStatic({ auth, roles }: AwsSpec): boolean {
  return roles.length === 0 && auth?.['secretRef'] !== undefined
}

/** AWS Secrets Manager and Parameter Store. */
export function open(options: OpenOptions): Provider {
  const spec = readSpec(options.store, options.namespace)
  const row = Object.hasOwn(services, spec.service) ? services[spec.service] : undefined
  if (row === undefined) {
    throw new ResolverError('NOT_SUPPORTED', `store "${options.store.name}": aws.service is not supported`, {
      hint: `the services are ${Object.keys(services).join(', ')}`,
    })
  }
  const credentials = holdCredentials(() => storeCredentials(spec, options), options.environment)
  let opened: Promise<AwsService> | undefined
  const service = (): Promise<AwsService> => {
    const config = clientConfig(hostNames[spec.service] ?? '', spec, options.environment, credentials.get)
    opened ??= row.load().then((module) => module.openService({ config, prefix: spec.prefix, deletion: spec.deletion }))
    return opened
  }
  /** Once again with other credentials where AWS says that ours have ended, whatever our clock says. */
  const call = async <Value>(use: (service: AwsService) => Promise<Value>): Promise<Value> => {
    const opened = await service()
    const held = credentials.current()
    try {
      const value = await use(opened)
      if (isStatic(spec) || !Array.isArray(value) || !value.some(isExpired)) return value
    } catch (error) {
      if (isStatic(spec) || !isExpired(error)) throw error
    }
    credentials.discard(held ?? credentials.current())
    return use(opened)
  }
  return {
    get: (location, signal) => call((service) => service.get(location, signal)),
    getMany: (locations: readonly Location[], signal) => call((service) => service.getMany(locations, signal)),
    find: (query, signal) => call((service) => service.find(query, signal)),
    push: (request, signal) => call((service) => service.push(request, signal)),
    delete: (target, signal) => call((service) => service.delete(target, signal)),
    exists: async ({ key }, signal) =>
      (await call((service) => service.get({ key, version: '', metadataPolicy: 'None' }, signal))) !== null,
    async validate(): Promise<'ready' | 'unknown'> {
      if (options.namespace === '' && isReferent(options.store)) return 'unknown'
      await credentials.get()
      return 'ready'
    },
    close: async () => (await opened)?.close(),
  }
}
