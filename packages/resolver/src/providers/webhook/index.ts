import { STATUS_CODES } from 'node:http'
import { connect as dial } from 'node:net'
import { parseDuration } from '@sealkit/core/go'
import { prefixed, ResolverError } from '../../error.ts'
import type { Location, OpenOptions, Provider, PushRequest, RemoteSecret } from '../../provider.ts'
import { type Json, list, object, optionalObject, text, textMap } from '../../view.ts'
import { asText } from '../text.ts'
import { createTransport, refusal, type Transport } from '../transport.ts'
import { queryEscape, type RenderText, textRenderer } from './render.ts'
import { webhookSecret } from './value.ts'

/**
 * A store behind any HTTP API: address, headers and body are templates, and a JSONPath finds the value in the answer.
 */
export function open(options: OpenOptions): Provider {
  const spec = options.store.provider.spec
  let transport: Promise<Transport> | undefined
  const connected = (): Promise<Transport> => {
    transport ??= openTransport(options).catch((error: unknown) => {
      transport = undefined
      throw error
    })
    return transport
  }
  const get = async (location: Location, signal: AbortSignal): Promise<RemoteSecret | null> =>
    getSecret({ options, transport: await connected(), signal }, location)
  return {
    get,
    exists: async ({ key }, signal) => (await get({ key, version: '', metadataPolicy: 'None' }, signal)) !== null,
    find: async () => refuse('find'),
    push: async (request, signal) => pushSecret({ options, transport: await connected(), signal }, request),
    delete: async () => refuse('delete'),
    async validate(signal): Promise<'ready'> {
      await reach(text(spec['url']), signal)
      return 'ready'
    },
    close: async () => (await transport)?.close(),
  }
}

/** An API of any shape says neither what it holds nor how it forgets; the message has External Secrets' words for both. */
function refuse(what: 'find' | 'delete'): never {
  throw new ResolverError('NOT_SUPPORTED', 'not implemented', {
    hint: `a webhook store has no ${what}: ${what === 'find' ? 'name the keys' : 'use deletionPolicy None'}`,
  })
}

async function openTransport({ store, credentials, reaches }: OpenOptions): Promise<Transport> {
  const spec = store.provider.spec
  const timeout = text(spec['timeout'])
  return createTransport({
    certificateAuthority: await credentials.certificateAuthority(spec),
    clientCertificate: null,
    reaches,
    maxRetries: store.retry?.maxRetries ?? 0,
    retryDelay: 1000,
    headers: {},
    ...(timeout === '' ? {} : { timeout: Number(parseDuration(timeout) / 1_000_000n) }),
  })
}

/** What templates of a store see: `.remoteRef.key`, `.<secret>.<key>`. */
type TemplateData = ReadonlyMap<string, ReadonlyMap<string, string>>

interface Call {
  readonly options: OpenOptions
  readonly transport: Transport
  readonly signal: AbortSignal
}

async function getSecret(call: Call, location: Location): Promise<RemoteSecret | null> {
  const { key, version, property = '' } = location
  const answer = await request(call, { key, version, property, namespace: call.options.namespace })
  if (answer === null) return null
  return webhookSecret(answer.body, answer.path)
}

/**
 * Sends a value where the store says. Templates see it under the remote key (`.remoteRef.KEY`), which is the whole body
 * unless the store has one.
 */
async function pushSecret(call: Call, { key, property, value }: PushRequest): Promise<void> {
  const pushed = asText(value)
  const ref = { key, remoteKey: key, property, namespace: call.options.namespace, [key]: pushed }
  if ((await request(call, ref, pushed)) === null) throw new ResolverError('PROVIDER_FAILED', 'endpoint gave error 404')
}

/** What templates see as `.remoteRef`. */
type RemoteRefData = Readonly<Record<string, string>>

interface Answer {
  readonly body: string
  /** Where the value is in it, a JSONPath. */
  readonly path: string
}

/** One request of the store, its parts rendered; null for 404. `pushed` is the body where the store has none. */
async function request(
  { options, transport, signal }: Call,
  ref: RemoteRefData,
  pushed: string | null = null,
): Promise<Answer | null> {
  const spec = options.store.provider.spec
  if (optionalObject(spec['auth']) !== null) throw new ResolverError('NOT_SUPPORTED', 'webhook.auth is not supported')
  const secrets = await templateSecrets(spec, options)
  const raw = new Map([['remoteRef', new Map(Object.entries(ref))], ...secrets])
  const escaped = new Map([['remoteRef', escapedRef(ref)], ...secrets])
  const render = textRenderer(options.environment)
  const template = text(spec['body'])
  const body = template === '' && pushed !== null ? pushed : await render('body', template, raw)
  const send = transport.send({
    method: text(spec['method'], pushed === null ? 'GET' : 'POST'),
    uri: requestUrl(await render('url', text(spec['url']), escaped)),
    headers: await requestHeaders(textMap(spec['headers']), raw, render),
    ...(body === '' ? {} : { body }),
    signal,
  })
  const response = await worded('failed to call endpoint: ', send)
  if (response.statusCode === 404) return null
  if (response.statusCode < 200 || response.statusCode >= 300) {
    throw refusal(response, `endpoint gave error ${response.statusCode} ${STATUS_CODES[response.statusCode] ?? ''}`)
  }
  return { body: response.body, path: await render('json path', text(object(spec['result'])['jsonPath']), raw) }
}

/** What something gives; words before what it fails of. */
async function worded<Value>(words: string, value: Promise<Value>): Promise<Value> {
  try {
    return await value
  } catch (error) {
    throw error instanceof ResolverError ? prefixed(words, error) : error
  }
}

/** For an URL: everything that the reference says is escaped but the namespace, which is a name. */
function escapedRef({ namespace = '', ...ref }: RemoteRefData): ReadonlyMap<string, string> {
  const escaped = Object.entries(ref).map(([name, value]): [string, string] => [name, queryEscape(value)])
  return new Map([...escaped, ['namespace', namespace]])
}

/** The label of Secrets that templates of a store may see; those of a generator have one of their own. */
const labels: Readonly<Record<string, string>> = {
  generator: 'generators.external-secrets.io/type',
  store: 'external-secrets.io/type',
}

/** The Secrets that templates see. Only those that are labelled for it may be sent to wherever a store says. */
async function templateSecrets(spec: Json, { store, credentials, use = 'store' }: OpenOptions): Promise<TemplateData> {
  const label = labels[use] ?? ''
  const secrets = new Map<string, ReadonlyMap<string, string>>()
  for (const item of list(spec['secrets']).map(object)) {
    const ref = object(item['secretRef'])
    if (store.kind === 'ClusterSecretStore' && text(ref['namespace']) === '') {
      throw new ResolverError('INVALID_STORE', `no namespace on ClusterScoped webhook secret ${text(ref['name'])}`)
    }
    const name = text(ref['name'])
    const found = await worded(`failed to get clustersecretstore webhook secret ${name}: `, credentials.secret(ref))
    if (found.labels[label] === undefined) {
      throw new ResolverError(
        'STORE_DENIED',
        `secret does not contain needed label '${label}: webhook'. Update secret label to use it with webhook`,
      )
    }
    if (found.labels[label] !== 'webhook') throw new ResolverError('STORE_DENIED', "secret type is not 'webhook'")
    secrets.set(text(item['name']), new Map([...found.data].map(([key, value]) => [key, asText(value)])))
  }
  return secrets
}

/** An URL would be read with `..` resolved: a key must not choose another path. */
function requestUrl(url: string): string {
  const path = url.replace(/[?#].*$/s, '')
  if (/\/\.\.?(\/|$)/.test(path)) throw new ResolverError('INVALID_REFERENCE', 'the key makes a "." or ".." segment')
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new ResolverError('INVALID_STORE', 'webhook.url does not give an http or https URL')
}

async function requestHeaders(
  headers: Readonly<Record<string, string>>,
  data: TemplateData,
  render: RenderText,
): Promise<Record<string, string>> {
  const rendered: Record<string, string> = {}
  for (const [name, template] of Object.entries(headers)) {
    const value = await render(`header ${name}`, template, data)
    if (/[\r\n\0]/.test(value)) throw new ResolverError('VALUE_INVALID', `the header ${name} would have several lines`)
    rendered[name] = value
  }
  return rendered
}

/** Milliseconds that a validation may wait for a connection. */
const dialTimeout = 15_000

/** Opens a connection to the host of an URL, and no more, as External Secrets validates. */
async function reach(url: string, signal: AbortSignal): Promise<void> {
  if (!URL.canParse(url)) throw new ResolverError('INVALID_STORE', 'webhook.url is not an URL')
  const { hostname, port, protocol } = new URL(url)
  const both = AbortSignal.any([signal, AbortSignal.timeout(dialTimeout)])
  await new Promise<void>((resolve, reject) => {
    const socket = dial({ host: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)), signal: both })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (cause) => {
      const message = `error accessing external store: cannot reach ${hostname}`
      reject(new ResolverError('PROVIDER_UNAVAILABLE', message, { cause }))
    })
  })
}
