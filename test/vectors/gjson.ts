import { decodeUtf8, encodeUtf8, validJson } from '@sealkit/core/go'
import { get, type Scan } from '@sealkit/resolver/gjson'
import { compare, type Difference, fieldBytes, type Vector } from './vector.ts'

/** Answers a vector of `gjson.jsonl`: one path in one document, read in either way. */
export function evaluate(vector: Vector): Difference | null {
  return evaluateBy(vector, 'plain') ?? evaluateBy(vector, 'simd')
}

function evaluateBy(vector: Vector, scan: Scan): Difference | null {
  const json = fieldBytes(vector, 'json') ?? new Uint8Array()
  const text = typeof vector['json'] === 'string' ? vector['json'] : json
  const result = get(text, String(vector['path'] ?? ''), scan)
  return compare(
    {
      exists: vector['exists'],
      raw: hex(fieldBytes(vector, 'raw')),
      str: hex(fieldBytes(vector, 'str')),
      type: vector['type'],
      valid: vector['valid'],
    },
    {
      exists: result.exists,
      raw: hex(encodeUtf8(result.raw)),
      str: hex(encodeUtf8(result.string())),
      type: result.type,
      valid: validJson(decodeUtf8(json)),
    },
  )
}

/** Bytes in hexadecimal, or as text where they are printable, so that a difference can be read. */
function hex(bytes: Uint8Array | undefined): string {
  const text = decodeUtf8(bytes ?? new Uint8Array())
  return text.isWellFormed() ? text : Buffer.from(bytes ?? []).toString('hex')
}
