import { CoreError } from '../../error.ts'
import { formatFloat } from '../../go/float.ts'
import { marshalJson } from '../../go/json.ts'
import { decodeFirst } from './decoder.ts'
import { GoMap, type GoValue, goSyntax, isUint, typeName } from './value.ts'

/** What JSON can hold, with exact integers. */
type JsonValue = null | boolean | bigint | number | string | JsonValue[] | Map<string, JsonValue>

/**
 * The first document of a YAML text as JSON, as `YAMLToJSON` of sigs.k8s.io/yaml writes it: YAML 1.1 booleans and
 * octals, timestamps as strings, merge keys merged, keys sorted bytewise, integers exact, floats as Go's encoding/json.
 *
 * @throws CoreError YAML_SYNTAX, or UNSUPPORTED_VALUE for a key or a number that JSON cannot hold.
 */
export function yamlToJson(input: string | Uint8Array): string {
  return marshalJson(convert(decodeFirst(input)))
}

/**
 * The first document of a YAML text as a plain JavaScript value, as `Unmarshal` of sigs.k8s.io/yaml reads it into `any`:
 * {@link yamlToJson}, with numbers as doubles. Keys keep the order of the text.
 *
 * @throws CoreError as {@link yamlToJson}
 */
export function parseYaml(input: string | Uint8Array): unknown {
  try {
    const root = convert(decodeFirst(input))
    return plain(root, root)
  } catch (error) {
    throw prefixed('error converting YAML to JSON', error)
  }
}

/** The same error, with Go's prefix before Go's text. */
export function prefixed(prefix: string, error: unknown): unknown {
  if (!(error instanceof CoreError) || error.upstream === undefined) return error
  return new CoreError(error.code, error.message, { cause: error, upstream: `${prefix}: ${error.upstream}` })
}

function convert(value: GoValue): JsonValue {
  if (Array.isArray(value)) return value.map(convert)
  if (!(value instanceof GoMap)) return value
  const object = new Map<string, JsonValue>()
  for (const [key, member] of value.values()) object.set(keyText(key, member), convert(member))
  return object
}

/** A key as JSON has it. Go writes floats as if they were 32-bit ones here. */
function keyText(key: GoValue, member: GoValue): string {
  if (typeof key === 'string') return key
  if (typeof key === 'boolean') return String(key)
  if (typeof key === 'bigint' && !isUint(key)) return String(key)
  if (typeof key === 'number') return floatKeyText(key)
  const text = `unsupported map key of type: ${typeName(key)}, key: ${goSyntax(key)}, value: ${goSyntax(member)}`
  throw new CoreError('UNSUPPORTED_VALUE', 'a map key is null or too large an integer', { upstream: text })
}

function floatKeyText(key: number): string {
  const single = Math.fround(key)
  if (Number.isNaN(single)) return '.nan'
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf'
  for (let digits = 1; digits < 9; digits++) {
    const shortest = Number(single.toPrecision(digits))
    if (Math.fround(shortest) === single) return formatFloat(shortest, 'g')
  }
  return formatFloat(Number(single.toPrecision(9)), 'g')
}

/** A part of `root` without bigints and Maps. */
function plain(value: JsonValue, root: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map((item) => plain(item, root))
  if (typeof value === 'string') return value.toWellFormed()
  // Go goes through JSON, which refuses such numbers, the first one in the order of its keys.
  if (typeof value === 'number' && !Number.isFinite(value)) marshalJson(root)
  if (!(value instanceof Map)) return value
  // Own properties, also for `__proto__`.
  return Object.fromEntries([...value].map(([key, member]) => [key.toWellFormed(), plain(member, root)]))
}
