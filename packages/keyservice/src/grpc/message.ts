import { entry, field, type KeyEntry, type KeyKind } from '@sealkit/core/sops'
import { decodeFields, encodeFields, type Fields, lastField } from './wire.ts'

/** How a kind of master key travels: its number in `Key`, and the entry's fields in the order of their numbers. */
interface Row {
  readonly number: number
  /** Null where a number is not a text: the encryption context. */
  readonly fields: readonly (string | null)[]
  /** The number of the encryption context. */
  readonly context?: number
}

/** `keyservice.proto` of sops. */
const rows: Readonly<Record<KeyKind, Row>> = {
  kms: { number: 1, fields: ['arn', 'role', null, 'aws_profile'], context: 3 },
  pgp: { number: 2, fields: ['fp'] },
  gcp_kms: { number: 3, fields: ['resource_id'] },
  azure_kv: { number: 4, fields: ['vault_url', 'name', 'version'] },
  hc_vault: { number: 5, fields: ['vault_address', 'engine_path', 'key_name'] },
  age: { number: 6, fields: ['recipient'] },
  hckms: { number: 7, fields: ['key_id'] },
}

/** What a key service is asked: to wrap or unwrap with a key. */
export interface KeyRequest {
  /** Null where the message names no key, or one of a kind that is not known. */
  readonly key: KeyEntry | null
  /** The plain key to wrap, or the wrapped one: the text of the metadata's `enc`. */
  readonly data: Uint8Array
  /** Whether the message names a key at all. */
  readonly named: boolean
}

/** `EncryptRequest` and `DecryptRequest`: both number their fields alike. */
export function encodeRequest({ key, data }: { key: KeyEntry; data: Uint8Array }): Buffer {
  const { number } = rows[key.kind]
  return encodeFields([[1, encodeFields([[number, encodeKey(key)]])], ...present(2, data)])
}

/** @throws `MESSAGE_INVALID` */
export function decodeRequest(message: Uint8Array): KeyRequest {
  const fields = decodeFields(message)
  const keys = decodeFields(lastField(fields, 1))
  const [number = 0, body = new Uint8Array()] = keys.at(-1) ?? []
  return { key: decodeKey(number, body), data: lastField(fields, 2), named: keys.length > 0 }
}

/** `EncryptResponse` and `DecryptResponse`. */
export function encodeResponse(data: Uint8Array): Buffer {
  return encodeFields(present(1, data))
}

/** @throws `MESSAGE_INVALID` */
export function decodeResponse(message: Uint8Array): Uint8Array {
  return lastField(decodeFields(message), 1)
}

function encodeKey(key: KeyEntry): Buffer {
  const row = rows[key.kind]
  return encodeFields(
    row.fields.flatMap((name, index) =>
      name === null ? context(key, index + 1) : present(index + 1, Buffer.from(field(key, name))),
    ),
  )
}

/** A map is a repeated message of key and value; both are always written. */
function context(key: KeyEntry, number: number): Fields {
  return Object.entries(key.context ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [
      number,
      encodeFields([
        [1, Buffer.from(name)],
        [2, Buffer.from(value ?? '')],
      ]),
    ])
}

/** An empty value is not written. */
function present(number: number, value: Uint8Array): Fields {
  return value.length === 0 ? [] : [[number, value]]
}

function decodeKey(number: number, body: Uint8Array): KeyEntry | null {
  const found = Object.entries(rows).find(([, row]) => row.number === number)
  if (found === undefined) return null
  const [kind, row] = found as [KeyKind, Row]
  const fields = decodeFields(body)
  const texts = row.fields.flatMap((name, index) =>
    name === null ? [] : [[name, Buffer.from(lastField(fields, index + 1)).toString()]],
  )
  const key = entry(kind, Object.fromEntries(texts))
  return row.context === undefined ? key : { ...key, context: decodeContext(fields, row.context) }
}

function decodeContext(fields: Fields, number: number): Record<string, string> {
  const pairs = fields
    .filter(([candidate]) => candidate === number)
    .map(([, body]) => decodeFields(body))
    .map((pair) => [1, 2].map((part) => Buffer.from(lastField(pair, part)).toString()))
  return Object.fromEntries(pairs)
}
