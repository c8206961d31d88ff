import { Client, credentials, logVerbosity, type ServiceError, setLogVerbosity, status } from '@grpc/grpc-js'
import type { KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from '../error.ts'
import type { MasterKeys } from '../masterkey.ts'
import { decodeResponse, encodeRequest } from './message.ts'

/** Where a key service listens. */
export interface ServiceAddress {
  /** `tcp` or `unix`; any other is refused when it is used, as sops does. */
  readonly network: string
  /** `HOST:PORT`, or the path of a socket. */
  readonly address: string
}

const socketOptions = {
  // Go's client, too, goes straight to the address: no proxy, no look-up of a configuration.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
}

/**
 * The keys of a key service of sops in another process, over gRPC without TLS. Every kind goes there as it is.
 *
 * The service is trusted with the data keys: it sees each one in plain text.
 */
export function remoteKeys(service: ServiceAddress, now: () => Date = () => new Date()): MasterKeys {
  return {
    async wrap(part, key, { signal } = {}) {
      const enc = await call(service, 'Encrypt', { key, data: part, signal })
      const createdAt = key.kind === 'age' ? '' : `${now().toISOString().slice(0, 19)}Z`
      return { ...key, enc: Buffer.from(enc).toString(), createdAt }
    },
    unwrap: (key, { signal } = {}) => call(service, 'Decrypt', { key, data: Buffer.from(key.enc), signal }),
  }
}

interface Call {
  readonly key: KeyEntry
  readonly data: Uint8Array
  readonly signal: AbortSignal | undefined
}

async function call(
  service: ServiceAddress,
  method: 'Encrypt' | 'Decrypt',
  { key, data, signal }: Call,
): Promise<Uint8Array> {
  const { network, address } = service
  setLogVerbosity(logVerbosity.NONE)
  if (address === '') throw failed('Unavailable', 'dns resolver: missing address')
  if (network !== 'tcp' && network !== 'unix') throw unavailable(`dial ${network}: unknown network ${network}`)
  const client = new Client(
    network === 'unix' ? `unix:${address}` : `dns:${address}`,
    credentials.createInsecure(),
    socketOptions,
  )
  const stop = new Promise<never>((_, fail) => {
    if (signal?.aborted === true) fail(signal.reason)
    else signal?.addEventListener('abort', () => fail(signal.reason), { once: true })
  })
  // Without a signal, or after the answer, nobody waits for it.
  stop.catch(() => undefined)
  try {
    return await Promise.race([send(client, method, { key, data }), stop])
  } catch (error) {
    throw isServiceError(error) ? failure(service, error) : error
  } finally {
    client.close()
  }
}

function send(client: Client, method: string, request: { key: KeyEntry; data: Uint8Array }): Promise<Uint8Array> {
  return new Promise((done, fail) => {
    const serialize = (): Buffer => encodeRequest(request)
    client.makeUnaryRequest(`/KeyService/${method}`, serialize, decodeResponse, request, (error, answer) => {
      if (error !== null) fail(error)
      else done(answer ?? new Uint8Array())
    })
  })
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
}

function failure({ network, address }: ServiceAddress, { code, details }: ServiceError): KeyserviceError {
  const system = code === status.UNAVAILABLE ? /\b(E[A-Z]+)\b/.exec(details)?.[1] : undefined
  const reason = system === undefined ? undefined : reasons[system]
  if (reason !== undefined) return unavailable(`dial ${network} ${address}: connect: ${reason}`)
  return failed(codeName(code), details)
}

function failed(code: string, desc: string): KeyserviceError {
  return new KeyserviceError('SERVICE_FAILED', 'the key service refused or failed', {
    hint: 'see what the key service itself printed',
    upstream: `rpc error: code = ${code} desc = ${desc}`,
  })
}

function unavailable(reason: string): KeyserviceError {
  const desc = `connection error: desc = "transport: Error while dialing: ${reason}"`
  return new KeyserviceError('SERVICE_FAILED', 'the key service cannot be reached', {
    hint: 'start it with sops keyservice, and see that --keyservice names its address',
    upstream: `rpc error: code = Unavailable desc = ${desc}`,
  })
}

/** Go's name of a code: `DEADLINE_EXCEEDED` is `DeadlineExceeded`. */
function codeName(code: status): string {
  if (code === status.CANCELLED) return 'Canceled'
  const words = (status[code] ?? String(code)).toLowerCase().split('_')
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
}
