import { encodeUtf8, formatFloat, marshalJson, parseJson } from '@sealkit/core/go'
import { prefixed, ResolverError } from '../../error.ts'
import type { RemoteSecret } from '../../provider.ts'
import { byteValue } from '../../value.ts'
import { jsonPath } from './jsonpath.ts'

/**
 * A webhook's answer; `path` is where the value stands in it, empty = the answer is the value. The property is in the
 * request already.
 */
export function webhookSecret(body: string, path: string): RemoteSecret {
  return {
    value: () => (path === '' ? encodeUtf8(body) : singleValue(at(path, parsed(body)))),
    entries: () => {
      const value = path === '' ? parsed(body) : at(path, parsed(body))
      const members = typeof value === 'string' ? parsed(value, ' from jsonpath') : value
      if (typeof members !== 'object' || members === null || Array.isArray(members)) {
        throw new ResolverError('VALUE_INVALID', `failed to get response (wrong type: ${goType(members)})`)
      }
      return new Map(Object.entries(members).map(([key, member]) => [key, byteValue(member)]))
    },
  }
}

function parsed(text: string, from = ''): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw prefixed(`failed to parse response json${from}: `, error, 'VALUE_INVALID')
  }
}

/** What Go's `encoding/json` makes of a value that is no object. */
function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  return { number: 'float64', boolean: 'bool' }[typeof value as string] ?? 'string'
}

function at(path: string, value: unknown): unknown {
  try {
    return jsonPath(path, value)
  } catch (error) {
    throw prefixed(`failed to get response path ${path}: `, error)
  }
}

/**
 * The first of a list, numbers without decimals, objects as JSON: as External Secrets has it here, and nowhere else.
 */
function singleValue(value: unknown): Uint8Array {
  if (Array.isArray(value)) {
    if (value.length === 0) throw new ResolverError('PROPERTY_NOT_FOUND', "filter worked but didn't get any result")
    return singleValue(value[0])
  }
  if (typeof value === 'number') return encodeUtf8(formatFloat(value, 'f', 0))
  if (typeof value === 'object' && value !== null) return encodeUtf8(marshalJson(value))
  return byteValue(value)
}
