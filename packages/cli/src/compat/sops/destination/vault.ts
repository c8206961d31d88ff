import {
  type Branch,
  type Destination,
  isBranch,
  isComment,
  isList,
  type SopsFile,
  type Value,
} from '@sealkit/core/sops'
import { requestReason, vaultRefusal, vaultSettings } from '@sealkit/keyservice/credentials'
import { SopsExit } from '../exit.ts'
import { vaultAddress, vaultPath } from './path.ts'
import type { Sending } from './sending.ts'

/**
 * Writes the values of a file to a key-value engine of Vault or OpenBao, unless they are there already.
 *
 * @throws SopsExit 1 with what Vault's client prints
 */
export async function sendToVault(
  destination: Extract<Destination, { kind: 'vault' }>,
  documents: SopsFile['documents'],
  { io, name, warn, info }: Sending,
): Promise<void> {
  const path = vaultPath(destination, name)
  const url = `${vaultAddress(destination, io)}/v1/${path.split('/').map(encodeURIComponent).join('/')}`
  const ask = (method: 'GET' | 'PUT', body: string): Promise<Answer> => send({ io, url, method, body })
  const data = jsonOf(documents)
  const found = await ask('GET', '')
  if (found.refusal !== undefined && found.status !== 404) {
    warn(
      `Cannot check if destination secret already exists in ${path}. New version will be created even if the data has not been changed.`,
    )
  } else if (isThere(found.text, data)) {
    info(`Secret in ${path} is already up-to-date.\n`)
    return
  }
  const { refusal } = await ask('PUT', destination.version === 1 ? data : `{"data":${data}}`)
  if (refusal !== undefined) throw new SopsExit(refusal, 1)
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly refusal?: string
}

async function send({
  io,
  url,
  method,
  body,
}: {
  readonly io: Sending['io']
  readonly url: string
  readonly method: 'GET' | 'PUT'
  readonly body: string
}): Promise<Answer> {
  try {
    if (io.request === undefined) throw new Error('nothing may be sent from here')
    const answer = await io.request(url, { ...(await vaultSettings(io)), method, body })
    if (answer.status < 400) return answer
    const namespace = io.env['VAULT_NAMESPACE'] ?? ''
    return { ...answer, refusal: vaultRefusal(answer, { method, url, namespace }) }
  } catch (error) {
    return { status: 0, text: '', refusal: requestReason({ method, url }, error) }
  }
}

/** Sops compares numbers as other types than it reads, so a secret with a number is never what is there already. */
function isThere(text: string, data: string): boolean {
  try {
    const { data: found } = JSON.parse(text) as { data?: { data?: unknown } }
    return !/[:[,]-?\d/.test(withoutTexts(data)) && sortedJson(found?.data) === data
  } catch {
    return false
  }
}

function withoutTexts(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '""')
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return goJson(value)
  return objectJson(Object.entries(value).map(([key, entry]) => [key, sortedJson(entry)]))
}

/** The values of all documents as one JSON object, as Go writes maps: keys sorted, later documents over earlier ones. */
function jsonOf(documents: readonly Branch[]): string {
  return mapJson(documents.flatMap(({ items }) => items))
}

function mapJson(items: Branch['items']): string {
  return objectJson(items.flatMap(({ key, value }) => (isComment(key) ? [] : [[nameOf(key), valueJson(value)]])))
}

function nameOf(key: Branch['items'][number]['key']): string {
  return typeof key === 'string' ? key : key.text
}

function objectJson(entries: readonly (readonly [string, string])[]): string {
  const sorted = [...new Map(entries)].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `{${sorted.map(([key, json]) => `${goJson(key)}:${json}`).join(',')}}`
}

function valueJson(value: Value): string {
  if (isBranch(value)) return mapJson(value.items)
  if (isList(value)) return `[${value.map(itemJson).join(',')}]`
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return goJson(Buffer.from(value).toString())
  if (isComment(value)) return `{"Value":${goJson(value.text)},"Inline":${value.inline}}`
  if (typeof value === 'object' && value !== null) return goJson(value.text)
  return goJson(value)
}

/** In a list sops leaves its own structures: a mapping becomes a list of its entries. */
function itemJson(value: Value): string {
  if (!isBranch(value)) return valueJson(value)
  const entries = value.items.map(({ key, value: inner }) => {
    const name = isComment(key) ? valueJson(key) : goJson(nameOf(key))
    return `{"Key":${name},"Value":${isList(inner) ? valueJson(inner) : itemJson(inner)}}`
  })
  return `[${entries.join(',')}]`
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** A scalar as Go's encoding/json writes it. */
function goJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? '')
}
