import { ResolverError } from '../../error.ts'
import type { Location, OpenOptions, Provider } from '../../provider.ts'
import type { Json } from '../../view.ts'
import { type ClientConfig, clientConfig } from './client.ts'
import { storeCredentials } from './credentials.ts'
import { hostNames, isReferent, readSpec } from './spec.ts'

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

/** AWS Secrets Manager and Parameter Store. */
export function open(options: OpenOptions): Provider {
  const spec = readSpec(options.store, options.namespace)
  const row = Object.hasOwn(services, spec.service) ? services[spec.service] : undefined
  if (row === undefined) {
    throw new ResolverError('NOT_SUPPORTED', `store "${options.store.name}": aws.service is not supported`, {
      hint: `the services are ${Object.keys(services).join(', ')}`,
    })
  }
  const credentials = (): Promise<Awaited<ReturnType<typeof storeCredentials>>> => storeCredentials(spec, options)
  let opened: Promise<AwsService> | undefined
  const service = (): Promise<AwsService> => {
    const config = clientConfig(hostNames[spec.service] ?? '', spec, options.environment, credentials)
    opened ??= row.load().then((module) => module.openService({ config, prefix: spec.prefix, deletion: spec.deletion }))
    return opened
  }
  return {
    get: async (location, signal) => (await service()).get(location, signal),
    getMany: async (locations: readonly Location[], signal) => (await service()).getMany(locations, signal),
    find: async (query, signal) => (await service()).find(query, signal),
    push: async (request, signal) => (await service()).push(request, signal),
    delete: async (target, signal) => (await service()).delete(target, signal),
    exists: async ({ key }, signal) =>
      (await (await service()).get({ key, version: '', metadataPolicy: 'None' }, signal)) !== null,
    async validate(): Promise<'ready' | 'unknown'> {
      if (options.namespace === '' && isReferent(options.store)) return 'unknown'
      await credentials()
      return 'ready'
    },
    close: async () => (await opened)?.close(),
  }
}
