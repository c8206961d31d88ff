import { CoreError } from '../error.ts'
import { formatFloat } from '../go/float.ts'
import { NumberError, parseBool, parseInt64 } from '../go/number.ts'
import { type Branch, goType, isBranch, isComment, isList, isTime, type Value } from './tree.ts'

/** A branch on its way into known fields: its values, and where it stands for messages. */
export interface Fields {
  readonly at: string
  readonly values: ReadonlyMap<string, Value>
}

/**
 * Takes fields of known types out of branches of unknown ones, as mapstructure does for sops with weak typing: names
 * match in any case, a scalar stands for a list of one, numbers and booleans become text and the other way round.
 *
 * It gathers what does not fit; {@link Decoder.check} throws it all at once.
 */
export class Decoder {
  readonly #problems: string[] = []

  /** The entries of a branch; comments are skipped, and the last of equal keys counts. */
  fields(from: Branch, at: string): Fields {
    const values = new Map<string, Value>()
    for (const { key, value } of from.items) {
      if (isComment(key)) continue
      if (typeof key === 'string') values.set(key, value)
    }
    return { at, values }
  }

  /** A text; empty where it is absent. */
  text(from: Fields, name: string): string {
    const value = find(from, name)
    if (value === undefined || value === null) return ''
    if (typeof value === 'string') return value
    if (typeof value === 'boolean') return value ? '1' : '0'
    if (typeof value === 'bigint') return String(value)
    if (typeof value === 'number') return formatFloat(value, 'f')
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    this.#unexpected(from, name, { type: 'string', value })
    return ''
  }

  /** A whole number; 0 where it is absent. */
  count(from: Fields, name: string): number {
    const value = find(from, name)
    if (value === undefined || value === null) return 0
    if (typeof value === 'boolean') return value ? 1 : 0
    if (typeof value === 'bigint' || typeof value === 'number') return Math.trunc(Number(value))
    if (typeof value === 'string') return this.#parsedCount(from, name, value)
    this.#unexpected(from, name, { type: 'int', value })
    return 0
  }

  /** A boolean; false where it is absent. */
  flag(from: Fields, name: string): boolean {
    const value = find(from, name)
    if (value === undefined || value === null || value === '') return false
    if (typeof value === 'boolean') return value
    if (typeof value === 'bigint' || typeof value === 'number') return Number(value) !== 0
    if (typeof value === 'string') return this.#parsedFlag(from, name, value)
    this.#unexpected(from, name, { type: 'bool', value })
    return false
  }

  /** A boolean as yaml.v3 reads it into Go's: the words of YAML 1.1 count, other texts do not; false where it is absent. */
  yamlFlag(from: Fields, name: string): boolean {
    const value = find(from, name)
    if (value === undefined || value === null) return false
    if (typeof value === 'boolean') return value
    const word =
      typeof value === 'string' ? /^(?:([yY]|yes|Yes|YES|on|On|ON)|[nN]|no|No|NO|off|Off|OFF)$/.exec(value) : null
    if (word === null) this.#unexpected(from, name, { type: 'bool', value })
    return word?.[1] !== undefined
  }

  /** A list of branches; a single branch stands for a list of one. */
  list(from: Fields, name: string): Fields[] {
    const value = find(from, name)
    if (value === undefined || value === null || value === '') return []
    const at = path(from, name)
    const entries = isList(value) ? value.filter((entry) => !isComment(entry)) : [value]
    if (isBranch(value) && value.items.length === 0) return []
    return entries.map((entry, index) => {
      const entryAt = `${at}[${index}]`
      if (isBranch(entry)) return this.fields(entry, entryAt)
      if (entry !== null) this.#problems.push(`'${entryAt}' expected a map or struct, got "${kind(entry)}"`)
      return { at: entryAt, values: new Map() }
    })
  }

  /** A map of texts; absent where the file has none. */
  map(from: Fields, name: string): Record<string, string | null> | undefined {
    const value = find(from, name)
    if (!isBranch(value)) {
      if (value !== undefined && value !== null && value !== '') this.#unexpected(from, name, { type: 'map', value })
      return undefined
    }
    const fields = this.fields(value, path(from, name))
    return Object.fromEntries(
      [...fields.values].map(([key, entry]) => [key, entry === null ? null : this.text(fields, key)]),
    )
  }

  /** @throws `METADATA_INVALID` with everything that did not fit. */
  check(): void {
    if (this.#problems.length === 0) return
    throw new CoreError('METADATA_INVALID', 'the sops block has fields of a wrong type', {
      hint: 'restore the block from version control; times must be quoted',
      upstream: `decoding failed due to the following error(s):\n\n${this.#problems.join('\n')}`,
    })
  }

  #parsedCount(from: Fields, name: string, text: string): number {
    if (text === '') return 0
    try {
      return Number(parseInt64(text, 0))
    } catch (error) {
      const reason = error instanceof NumberError && error.reason === 'range' ? 'value out of range' : 'invalid syntax'
      this.#problems.push(`'${path(from, name)}' cannot parse value as 'int': strconv.ParseInt: ${reason}`)
      return 0
    }
  }

  #parsedFlag(from: Fields, name: string, text: string): boolean {
    try {
      return parseBool(text)
    } catch {
      this.#problems.push(`'${path(from, name)}' cannot parse value as 'bool': strconv.ParseBool: invalid syntax`)
      return false
    }
  }

  #unexpected(from: Fields, name: string, { type, value }: { type: string; value: Value }): void {
    this.#problems.push(
      `'${path(from, name)}' expected type '${type}', got unconvertible type '${unconvertible(value)}'`,
    )
  }
}

/**
 * Refuses keys that are no texts, known fields or not.
 *
 * @throws `METADATA_INVALID`
 */
export function checkKeys(value: Value): void {
  if (isList(value)) for (const entry of value) checkKeys(entry)
  if (!isBranch(value)) return
  for (const { key, value: entry } of value.items) {
    if (isComment(key)) continue
    if (typeof key !== 'string') {
      throw new CoreError('METADATA_INVALID', `the sops block has a key of type ${key.type}`, {
        hint: 'restore the block from version control',
        upstream: `Unexpected key type ${key.type}`,
      })
    }
    checkKeys(entry)
  }
}

/** The field of this name, else one that differs in case only. */
function find(from: Fields, name: string): Value | undefined {
  const exact = from.values.get(name)
  if (exact !== undefined) return exact
  for (const [key, value] of from.values) if (key.toLowerCase() === name) return value
  return undefined
}

function path(from: Fields, name: string): string {
  return from.at === '' ? name : `${from.at}.${name}`
}

function kind(value: Value): string {
  return isTime(value) ? 'struct' : goType(value)
}

function unconvertible(value: Value): string {
  return isBranch(value) ? 'map[string]interface {}' : goType(value)
}
