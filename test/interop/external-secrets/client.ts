import { Agent, request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import type { Answer, ControlPlane } from '../../servers/controlplane.ts'
import { dryRunPath, placed } from './manifests.ts'

/** Where definitions are. */
export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Asks the API server as its administrator over connections that stay open: hundreds of small requests. */
export interface Client {
  /** A text is sent as YAML. */
  send(method: string, path: string, body?: object | string): Promise<Answer>
  /** Creates or replaces definitions and waits until each is served as it is now. */
  define(definitions: readonly (Manifest | string)[]): Promise<void>
  close(): void
}

/** A client for one control plane. */
export function openClient({ adminConfig: { server, ca, cert, key } }: ControlPlane): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca, cert, key })
  const send = (method: string, path: string, body?: object | string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'application/yaml' : 'application/json'
      const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) }
      const sent = request(new URL(path, server), { method, agent, headers, timeout: 120_000 }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => void chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          const body: unknown = answer.startsWith('{') ? JSON.parse(answer) : answer
          resolve({ status: response.statusCode ?? 0, body })
        })
      })
      sent.on('timeout', () => sent.destroy(new Error('timed out')))
      sent.on('error', reject)
      sent.end(text)
    })
  return {
    send,
    async define(definitions) {
      await Promise.all(definitions.map((definition) => define(send, definition)))
    },
    close: () => agent.destroy(),
  }
}

async function define(send: Client['send'], definition: Manifest | string): Promise<void> {
  let answer = await send('POST', definitionsPath, definition)
  if (answer.status === 409 && typeof definition !== 'string') {
    const path = `${definitionsPath}/${definition.metadata?.name}`
    const { metadata } = (await send('GET', path)).body as { metadata: { resourceVersion: string } }
    const { resourceVersion } = metadata
    answer = await send('PUT', path, { ...definition, metadata: { ...definition.metadata, resourceVersion } })
  }
  if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.body).slice(0, 2000)}`)
  await served(send, answer.body as Definition)
}

interface Definition {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly spec: {
    readonly group: string
    readonly names: { readonly plural: string }
    readonly versions: readonly { readonly name: string; readonly served: boolean }[]
  }
}

/** Waits until the stored definition is what answers: its versions are served, and a moment later its schema is the new one. */
async function served(send: Client['send'], { spec }: Definition): Promise<void> {
  const { group, names, versions } = spec
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await delay(50)) {
    const answers = await Promise.all(
      versions.map(({ name }) => send('GET', `/apis/${group}/${name}/${names.plural}?limit=1`)),
    )
    if (versions.every(({ served }, index) => (answers[index]?.status === 200) === served)) return
  }
  throw new Error(`${names.plural}.${group} is not served in time`)
}

/** What one set of definitions makes of each object: how it would be stored, or the answer's status. */
export async function answers(client: Client, objects: readonly Manifest[]): Promise<unknown[]> {
  const out: unknown[] = []
  const queue = objects.entries()
  const work = async (): Promise<void> => {
    for (const [index, object] of queue) {
      const { status, body } = await client.send('POST', dryRunPath(object), placed(object))
      out[index] = status === 201 ? (body as Manifest)['spec'] : status
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return out
}
