import { compareUtf8, decodeUtf8, encodeUtf8 } from '@sealkit/core/go'
import { convertKeys } from '../convert.ts'
import { prefixed, ResolverError } from '../error.ts'
import type { FindQuery } from '../externalsecret.ts'
import { nameMatcher } from '../find.ts'
import { get } from '../gjson/index.ts'
import type { Location, OpenOptions, Provider, PushRequest, PushTarget, RemoteSecret } from '../provider.ts'
import { rawValues } from '../value.ts'
import { list, object } from '../view.ts'

interface FakeValue {
  readonly key: string
  readonly version: string
  readonly value: Uint8Array
  readonly pushed: boolean
}

/**
 * External Secrets' fake provider: data in the store itself, for tests and demonstrations.
 *
 * What is pushed lives as long as the session and belongs to this store, whatever another namespace calls its own.
 */
export function open({ store }: OpenOptions): Provider {
  const spec = store.provider.spec
  const values = new Map<string, FakeValue>()
  const put = (value: FakeValue): void => void values.set(JSON.stringify([value.key, value.version]), value)
  for (const item of list(spec['data'])) {
    const { key, value = '', version = '' } = object(item)
    put({ key: String(key ?? ''), version: String(version), value: encodeUtf8(String(value)), pushed: false })
  }
  const at = (key: string, version = ''): FakeValue | undefined => values.get(JSON.stringify([key, version]))
  return {
    async get({ key, version }: Location): Promise<RemoteSecret | null> {
      const found = at(key, version)
      return found === undefined ? null : remoteSecret(found.value)
    },
    find: async (query) => findByName(query, [...values.values()]),
    async push({ key, value }: PushRequest): Promise<void> {
      if (at(key)?.pushed === false) throw new ResolverError('PROVIDER_FAILED', 'key already exists')
      put({ key, version: '', value, pushed: true })
    },
    // External Secrets' fake keeps what was pushed.
    delete: async () => undefined,
    exists: async ({ key }: PushTarget) => at(key) !== undefined,
    async validate(): Promise<'ready' | 'unknown'> {
      // 0 is ready, 1 unknown, 2 an error.
      const result = spec['validationResult'] ?? 0
      if (result !== 0 && result !== 1) throw new ResolverError('PROVIDER_FAILED', 'unable to validate')
      return result === 1 ? 'unknown' : 'ready'
    },
  }
}

/** A missing property is a missing secret here, and in no other provider. */
function remoteSecret(value: Uint8Array): RemoteSecret {
  const property = (path: string): Uint8Array | null => {
    if (path === '') return value
    const found = get(decodeUtf8(value), path)
    return found.exists ? encodeUtf8(found.string()) : null
  }
  return {
    value: property,
    entries(path): ReadonlyMap<string, Uint8Array> | null {
      const part = property(path)
      if (part === null) return null
      try {
        return rawValues(part)
      } catch (error) {
        throw prefixed('unable to unmarshal secret: ', error)
      }
    },
  }
}

/** Names are converted here, before any rewrite sees them; the other providers leave them as they are. */
function findByName(query: FindQuery, values: readonly FakeValue[]): Map<string, Uint8Array> {
  const { name, conversionStrategy } = query
  if (name === null) throw unsupportedFind(query)
  const matcher = nameMatcher(name)
  const newest = new Map<string, FakeValue>()
  for (const value of values) {
    const before = newest.get(value.key)
    const newer = before === undefined || compareUtf8(before.version, value.version) < 0
    if (newer && matcher(value.key)) newest.set(value.key, value)
  }
  return convertKeys(conversionStrategy, new Map([...newest].map(([key, { value }]) => [key, value])))
}

/** The text of External Secrets, which prints the Go struct; a path would be printed as an address. */
function unsupportedFind({ path, tags, conversionStrategy }: FindQuery): ResolverError {
  const pairs = Object.entries(tags ?? {}).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  const fields = [
    `Path:(*string)(${path === null ? 'nil' : 'set'})`,
    'Name:(*v1.FindName)(nil)',
    `Tags:map[string]string{${pairs.join(', ')}}`,
    `ConversionStrategy:"${conversionStrategy}"`,
    'DecodingStrategy:""',
    'NullBytePolicy:""',
  ]
  const message = `unsupported find operator: v1.ExternalSecretFind{${fields.join(', ')}}`
  return new ResolverError('NOT_SUPPORTED', message, { hint: 'the fake provider finds by name only' })
}
