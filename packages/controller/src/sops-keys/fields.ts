import { parseYaml } from '@sealkit/core/yaml'
import { ControllerError } from '../error.ts'

/** The fields of a file of credentials. */
export interface Fields {
  /** A field's text, empty where it is not there. @throws {ControllerError} `KEY_SECRET_INVALID` where it is no text */
  text(name: string): string
  /** Whether a field is true. */
  flag(name: string): boolean
}

/**
 * Reads the YAML or JSON of an entry as sigs.k8s.io/yaml reads it into a struct: letters of names may be large or small,
 * and whole numbers and booleans stand for their text.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`
 */
export function readFields(entry: string, text: string): Fields {
  const fields = new Map(Object.entries(parsed(entry, text)).map(([name, value]) => [name.toLowerCase(), value]))
  const get = (name: string): unknown => fields.get(name.toLowerCase()) ?? ''
  return {
    text(name) {
      const value = get(name)
      if (typeof value === 'string') return value
      // Any other number may have been written differently from how it would be read back.
      if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value)
      throw unread(entry, `has a field ${name} that is no text: write it in quotes`)
    },
    flag: (name) => get(name) === true,
  }
}

function parsed(entry: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = parseYaml(text)
  } catch {
    throw unread(entry, 'is no YAML')
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The error of an entry that is not what its name says. */
export function unread(name: string, what: string, hint = ''): ControllerError {
  return new ControllerError('KEY_SECRET_INVALID', `the entry ${name} of a key Secret ${what}`, {
    hint: hint === '' ? 'entries are named and written as for spec.decryption.secretRef of Flux' : hint,
  })
}
