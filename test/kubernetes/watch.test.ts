import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { type ApiServer, apiserverCluster, resources, type WatchEvent } from '@sealkit/kubernetes'
import { type Answer, code, type Double, reply, startDouble, status } from './double.ts'

let double: Double
let cluster: ApiServer
before(async () => {
  double = await startDouble()
})
after(() => double.stop())
afterEach(() => cluster.close())

function connect(): ApiServer {
  cluster = apiserverCluster(double.config, { retries: 0 })
  return cluster
}

const line = (type: string, version: string): string =>
  `${JSON.stringify({ type, object: { metadata: { name: 'é', resourceVersion: version } } })}\n`

async function watch(...answer: Answer[]): Promise<{ versions: string[]; end: string }> {
  double.answer(...answer)
  const versions: string[] = []
  const events = async (): Promise<void> => {
    const options = { resourceVersion: '1', signal: new AbortController().signal }
    for await (const event of connect().watch(resources.secret, options)) versions.push(version(event))
  }
  return { versions, end: await code(events()) }
}

const version = (event: WatchEvent): string =>
  event.type === 'bookmark'
    ? `bookmark ${event.resourceVersion}`
    : `${event.object.metadata.name} ${event.object.metadata.resourceVersion}`

/** Sends what is given, then breaks the connection. */
function breaks(...chunks: string[]): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
    // The connection breaks when the last of it has been sent.
    response.write(chunks.join(''), () => response.socket?.destroy())
  }
}

/** Sends a text in pieces that end at these bytes. */
const split =
  (text: string, ...at: number[]): Answer =>
  (_, response) => {
    const bytes = Buffer.from(text)
    response.writeHead(200, { 'content-type': 'application/json' })
    let start = 0
    const write = async (): Promise<void> => {
      for (const end of [...at, bytes.length]) {
        response.write(bytes.subarray(start, end))
        start = end
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      response.end()
    }
    void write()
  }

const whole = line('ADDED', '5') + line('BOOKMARK', '6') + line('DELETED', '7')
const seen = ['é 5', 'bookmark 6', 'é 7']
const watches: readonly (readonly [string, Answer, string[], string])[] = [
  ['comes whole', split(whole), seen, 'no error'],
  ['comes byte by byte', split(whole, ...Array.from({ length: 60 }, (_, n) => n + 1)), seen, 'no error'],
  ['is cut between lines', split(whole, line('ADDED', '5').length + 1), seen, 'no error'],
  ['breaks in a line', breaks(line('ADDED', '5'), line('ADDED', '6').slice(0, 20)), ['é 5'], 'UNAVAILABLE'],
  ['ends in a line', split(line('ADDED', '5') + line('ADDED', '6').slice(0, 20)), ['é 5'], 'no error'],
  ['says garbage', split(`${line('ADDED', '5')}garbage\n`), ['é 5'], 'RESPONSE_INVALID'],
  ['says a type that does not exist', split(line('STRANGE', '5')), [], 'RESPONSE_INVALID'],
  ['says 410', split(`${JSON.stringify({ type: 'ERROR', object: status('Expired', 410) })}\n`), [], 'GONE'],
  [
    'says 500',
    split(`${JSON.stringify({ type: 'ERROR', object: status('InternalError', 500) })}\n`),
    [],
    'SERVER_ERROR',
  ],
  ['is refused with 410', reply(410, status('Gone', 410)), [], 'GONE'],
  ['is refused with 403', reply(403, status('Forbidden', 403)), [], 'FORBIDDEN'],
  ['is empty', split('\n\n'), [], 'no error'],
]

for (const [name, answer, versions, end] of watches) {
  test(`a watch that ${name}`, async () => {
    assert.deepEqual(await watch(answer), { versions, end })
  })
}

test('leaving a watch closes its connection', async () => {
  const closed = Promise.withResolvers<void>()
  double.answer((request, response) => {
    request.socket.on('close', () => closed.resolve())
    response.writeHead(200).write(line('ADDED', '5'))
  })
  const options = { resourceVersion: '1', signal: new AbortController().signal }
  for await (const event of connect().watch(resources.secret, options)) if (event.type === 'added') break
  await closed.promise
})
