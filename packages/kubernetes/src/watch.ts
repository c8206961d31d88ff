import type { ClusterObject, Resource, WatchEvent, WatchOptions } from './cluster.ts'
import { KubernetesError } from './error.ts'
import { objectPath, queryText, resourceName } from './path.ts'
import { apiVersion } from './resources.ts'
import { type ApiStatus, responseError, statusError } from './status.ts'
import type { HttpStream, Transport } from './transport.ts'

const metadataAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/** A watch lasts 5 to 10 minutes, as client-go's do, so that many of them do not come back at the same time. */
const shortestWatch = 300

/** Bookmarks come about once a minute. A watch that says nothing for this long has lost its connection. */
const silence = 150_000

/** Largest event in bytes: an object of etcd's limit (1.5 MB), and its managed fields, escaped. */
const largestLine = 32 * 2 ** 20

/** The events of a watch, as they come. */
export async function* readWatch(
  transport: Transport,
  resource: Resource,
  options: WatchOptions,
  headers: Readonly<Record<string, string>>,
): AsyncGenerator<WatchEvent, void, undefined> {
  const quiet = new AbortController()
  const watched = { timer: setTimeout(() => expire(quiet), silence) }
  try {
    const stream = await open(transport, resource, options, { headers, signal: quiet.signal })
    const [type, transform] = [apiVersion(resource), options.transform]
    for await (const line of lines(stream.body)) {
      watched.timer.refresh()
      const event = parseEvent(line)
      if (event === undefined) continue
      if (event.type === 'bookmark') yield event
      else {
        event.object.apiVersion = type
        event.object.kind = resource.kind
        yield transform === undefined ? event : { type: event.type, object: transform(event.object) }
      }
    }
  } finally {
    clearTimeout(watched.timer)
  }
}

function expire(controller: AbortController): void {
  controller.abort(new KubernetesError('UNAVAILABLE', 'the watch fell silent'))
}

async function open(
  transport: Transport,
  resource: Resource,
  options: WatchOptions,
  request: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<HttpStream> {
  const query = queryText({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: options.resourceVersion,
    timeoutSeconds: String(Math.floor(shortestWatch * (1 + Math.random()))),
    labelSelector: options.labelSelector ?? '',
    fieldSelector: options.fieldSelector ?? '',
  })
  const path = `${objectPath(resource, { namespace: options.namespace ?? '', name: '' })}${query}`
  const accept = options.metadataOnly === true ? metadataAccept : 'application/json'
  const signal = AbortSignal.any([options.signal, request.signal])
  const stream = await transport.stream({ method: 'GET', path, headers: { ...request.headers, accept }, signal })
  if (stream.status === 200) return stream
  const parts: Buffer[] = []
  for await (const part of stream.body) parts.push(part)
  const response = { status: stream.status, headers: stream.headers, body: Buffer.concat(parts) }
  throw responseError(response, { method: 'GET', resource: resourceName(resource) })
}

/** Whole lines of a stream; bytes after the last line end are an event that never came whole, and are dropped. */
async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      if (parts.length === 0) yield chunk.toString('utf8', start, end)
      else {
        parts.push(chunk.subarray(start, end))
        yield Buffer.concat(parts).toString('utf8')
        parts = []
        size = 0
      }
      start = end + 1
    }
    if (start === chunk.length) continue
    parts.push(start === 0 ? chunk : chunk.subarray(start))
    size += chunk.length - start
    if (size > largestLine) throw new KubernetesError('TOO_LARGE', `a watch event is larger than ${largestLine} bytes`)
  }
}

const types: Readonly<Record<string, 'added' | 'modified' | 'deleted'>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
}

/** One line of a watch; undefined for an empty one. */
function parseEvent(line: string): WatchEvent | undefined {
  if (line === '') return undefined
  let event: { type?: unknown; object?: ClusterObject & ApiStatus }
  try {
    event = JSON.parse(line)
  } catch {
    throw unexpected()
  }
  const { object } = event
  if (object === null || typeof object !== 'object') throw unexpected()
  if (event.type === 'ERROR') throw statusError(object)
  if (event.type === 'BOOKMARK') {
    return { type: 'bookmark', resourceVersion: object.metadata?.resourceVersion ?? '' }
  }
  const type = types[String(event.type)]
  if (type === undefined || typeof object.metadata?.name !== 'string') throw unexpected()
  return { type, object }
}

function unexpected(): KubernetesError {
  return new KubernetesError('RESPONSE_INVALID', 'the watch sent something that is no event')
}
