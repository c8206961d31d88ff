import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js'
import { type KeyEntry, keyName } from '@sealkit/core/sops'
import { KeyserviceError } from '../error.ts'
import { reasonOf } from '../identities.ts'
import type { MasterKeys } from '../masterkey.ts'
import type { ServiceAddress } from './client.ts'
import { decodeRequest, encodeResponse, type KeyRequest } from './message.ts'

/** What a key service does with its requests. */
export interface ServeOptions extends ServiceAddress {
  readonly keys: MasterKeys
  /** Asks whether the answer may go out; throws where it may not. */
  readonly confirm?: (verb: Verb, key: KeyEntry) => Promise<void>
  /** Told of every operation. */
  readonly onDone?: (verb: Verb, key: KeyEntry, failed: boolean) => void
}

/** What is asked of a key. */
export type Verb = 'encrypt' | 'decrypt'

/** A key service at work. */
export interface RunningService {
  /** `HOST:PORT` with the port that the system chose, or the path of the socket. */
  readonly address: string
  close(): Promise<void>
}

/** What {@link ServeOptions.confirm} throws; the client sees the text. */
export class RequestRefused extends KeyserviceError {
  /** Whether a person refused, or could not be asked. */
  readonly reason: 'rejected' | 'failed'

  constructor(text = 'Request rejected by user', reason: 'rejected' | 'failed' = 'rejected') {
    super('SERVICE_FAILED', 'the request was refused', { upstream: text })
    this.reason = reason
  }
}

/**
 * Serves master keys to other processes as `sops keyservice` does: gRPC without TLS and without authentication, so the
 * address must be reachable for those alone who may use the keys.
 *
 * @throws `SERVICE_FAILED` where it cannot listen
 */
export async function serveKeys(options: ServeOptions): Promise<RunningService> {
  const { network, address } = options
  if (network !== 'tcp' && network !== 'unix') throw cannotListen(`listen ${network}: unknown network ${network}`)
  // Its own log would stand between the lines of the program that serves.
  setLogVerbosity(logVerbosity.NONE)
  const server = new Server()
  server.addService(definition, { Encrypt: handler('encrypt', options), Decrypt: handler('decrypt', options) })
  const port = await bind(server, options)
  return {
    address: network === 'unix' ? address : address.replace(/:\d*$/, `:${port}`),
    close: async () => server.forceShutdown(),
  }
}

const identity = (bytes: Buffer): Buffer => bytes
const method = (name: string) =>
  ({
    path: `/KeyService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  }) as const
const definition = { Encrypt: method('Encrypt'), Decrypt: method('Decrypt') }

function bind(server: Server, { network, address }: ServiceAddress): Promise<number> {
  const target = network === 'unix' ? `unix:${address}` : address.replace(/^:/, '[::]:')
  return new Promise((done, fail) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) done(port)
      else fail(cannotListen(`listen ${network} ${address}: bind: ${reason(error)}`))
    })
  })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  ENOENT: 'no such file or directory',
  EADDRNOTAVAIL: 'cannot assign requested address',
}

function reason({ message }: Error): string {
  return reasons[/\b(E[A-Z]+)\b/.exec(message)?.[1] ?? ''] ?? message
}

function cannotListen(upstream: string): KeyserviceError {
  return new KeyserviceError('SERVICE_FAILED', 'the key service cannot listen at its address', {
    hint: 'choose another --address',
    upstream,
  })
}

function handler(verb: Verb, options: ServeOptions) {
  return (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void => {
    answer(verb, call.request, options).then(
      (data) => respond(null, encodeResponse(data)),
      (error: unknown) => respond({ code: codeOf(error), details: reasonOf(error) }),
    )
  }
}

async function answer(verb: Verb, message: Uint8Array, { keys, confirm, onDone }: ServeOptions): Promise<Uint8Array> {
  const { key, data } = named(decodeRequest(message))
  let result: Uint8Array
  try {
    result =
      verb === 'encrypt'
        ? Buffer.from((await keys.wrap(data, key)).enc)
        : await keys.unwrap({ ...key, enc: Buffer.from(data).toString() })
  } catch (error) {
    onDone?.(verb, key, true)
    throw error
  }
  onDone?.(verb, key, false)
  // As in sops the person is asked last: what is refused is the answer.
  await confirm?.(verb, key)
  return result
}

class KeyMissing extends KeyserviceError {
  constructor(text: string) {
    super('MESSAGE_INVALID', 'the request names no key that is known', { upstream: text })
  }
}

function named(request: KeyRequest): { key: KeyEntry; data: Uint8Array } {
  const { key, data } = request
  if (key !== null) return { key, data }
  throw new KeyMissing(request.named ? 'Unknown key type' : 'Must provide a key')
}

function codeOf(error: unknown): status {
  if (error instanceof KeyMissing) return status.NOT_FOUND
  return error instanceof RequestRefused && error.reason === 'rejected' ? status.PERMISSION_DENIED : status.UNKNOWN
}

const titles: Readonly<Partial<Record<KeyEntry['kind'], string>>> = {
  pgp: 'PGP key with fingerprint',
  kms: 'AWS KMS key with ARN',
  gcp_kms: 'GCP KMS key with resource ID',
  azure_kv: 'Azure Key Vault key with URL',
  hc_vault: 'Hashicorp Vault key with URI',
  hckms: 'HuaweiCloud KMS key with ID',
}

/** How sops names a key to the person that it asks; of age keys it says nothing. */
export function keyTitle(key: KeyEntry): string {
  const title = titles[key.kind]
  if (title === undefined) return 'Unknown key type'
  return `${title} ${key.kind === 'kms' ? (key.fields['arn'] ?? '') : keyName(key)}`
}
