import { ServicesError } from './error.ts'
import type { MasterKeys } from './masterkey.ts'

/**
 * Several key services as one: each key is tried with each of them in order, and the first that works counts.
 *
 * @throws `SERVICE_FAILED` as {@link ServicesError} where none works, with what each of them said
 */
export function keyServices(services: readonly MasterKeys[]): MasterKeys {
  const [only] = services
  if (services.length === 1 && only !== undefined) return only
  return {
    wrap: (part, entry, options) => first(services, (service) => service.wrap(part, entry, options)),
    unwrap: (entry, options) => first(services, (service) => service.unwrap(entry, options)),
  }
}

async function first<T>(services: readonly MasterKeys[], work: (service: MasterKeys) => Promise<T>): Promise<T> {
  const errors: unknown[] = []
  for (const service of services) {
    try {
      return await work(service)
    } catch (error) {
      errors.push(error)
    }
  }
  throw new ServicesError(errors)
}
