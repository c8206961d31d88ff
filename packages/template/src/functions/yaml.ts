import { parseJson } from '@sealkit/core/go'
import { marshalYaml, parseYaml } from '@sealkit/core/yaml'
import { FunctionFailure, failure } from '../error.ts'
import { fromText, toBytes, toText } from '../utf8.ts'
import { ANY, Complex, Dict, dict, List, Sized, type Value } from '../value.ts'
import { type FunctionRow, rows } from './row.ts'
import { parsed } from './time.ts'

/** External Secrets' functions on YAML, which is that of sigs.k8s.io/yaml. */
export function yamlFunctions(): FunctionRow[] {
  return rows('YAML', [
    [
      'toYaml(any) string',
      ([value]) => toYaml(value),
      'The value as YAML without its last newline; an empty text when it cannot be.',
      'toYaml $map',
      'heavy',
    ],
    [
      'fromYaml(string) dict',
      ([text]) => fromYaml(text as string),
      'The map of a YAML text; a map with the key `Error` when it is none.',
      'fromYaml .config',
      'heavy',
    ],
  ])
}

function toYaml(value: Value): string {
  try {
    return parsed(() => fromText(marshalYaml(plain(value)).replace(/\n$/, '')))
  } catch (error) {
    if (error instanceof FunctionFailure) return ''
    throw error
  }
}

/** The JavaScript value that JSON of a Go value stands for, integers exact. */
function plain(value: Value): unknown {
  if (value == null) return null
  if (typeof value === 'string') return toText(value)
  if (typeof value !== 'object') return value
  if (value instanceof List) return plainList(value)
  if (value instanceof Dict) return plainDict(value)
  if (value instanceof Sized) return value.value
  return value instanceof Complex ? failure('json: unsupported type: complex128', true) : parseJson(value.json())
}

function plainList(value: List): unknown {
  if (value.isNil) return null
  if (value.element === 'uint8') return Uint8Array.from(value.items, (item) => Number((item as Sized).value))
  return value.items.map(plain)
}

function plainDict(value: Dict): unknown {
  return value.isNil ? null : new Map(value.sortedKeys().map((key) => [toText(key), plain(value.entries.get(key))]))
}

function fromYaml(text: string): Value {
  try {
    return mapOf(parsed(() => parseYaml(toBytes(text))))
  } catch (error) {
    if (error instanceof FunctionFailure) return dict([['Error', error.message]])
    throw error
  }
}

function mapOf(value: unknown): Value {
  if (value === null) return new Dict(ANY, new Map(), true)
  const result = fromPlain(value)
  if (result instanceof Dict) return result
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return failure(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    true,
  )
}

function fromPlain(value: unknown): Value {
  if (typeof value === 'string') return fromText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return new List(ANY, value.map(fromPlain))
  if (value === null || value === undefined) return null
  return dict(Object.entries(value).map(([key, item]) => [fromText(key), fromPlain(item)] as const))
}
