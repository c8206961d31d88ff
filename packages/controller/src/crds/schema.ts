/** A node of an OpenAPI v3 schema, as CustomResourceDefinitions hold it. */
export interface Schema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array'
  readonly [keyword: string]: unknown
}

/** Any text. */
export function text(more: Readonly<Record<string, unknown>> = {}): Schema {
  return { type: 'string', ...more }
}

/** One of a few words. */
export function word(...words: readonly string[]): Schema {
  return { type: 'string', enum: words }
}

/** The same schema with the value that the API server writes where the field is absent. */
export function withDefault(schema: Schema, value: unknown): Schema {
  return { ...schema, default: value }
}

/** True or false. */
export function flag(): Schema {
  return { type: 'boolean' }
}

/** A whole number. */
export function whole(format?: 'int32' | 'int64'): Schema {
  return format === undefined ? { type: 'integer' } : { type: 'integer', format }
}

/** A list. */
export function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

/** A map with any keys. */
export function mapOf(values: Schema = text()): Schema {
  return { type: 'object', additionalProperties: values }
}

/** An object of known fields; names in `required` must be there. */
export function record(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  more: Readonly<Record<string, unknown>> = {},
): Schema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), ...more }
}

/** An object whose fields are kept and never looked at: parts of upstream's API that Sealkit does not act on. */
export function opaque(): Schema {
  return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
}

/** Standard conditions. `extra` are fields that some kind's conditions have besides. */
export function conditions(extra: Readonly<Record<string, Schema>> = {}): Schema {
  return listOf(
    record(
      {
        type: text(),
        status: text(),
        reason: text(),
        message: text(),
        lastTransitionTime: text({ format: 'date-time' }),
        ...extra,
      },
      ['type', 'status'],
    ),
  )
}

/** The schema of a kind from those of its spec and status. */
export function kindSchema(spec: Schema, status: Schema, required: readonly string[] = []): Schema {
  const properties = {
    apiVersion: text(),
    kind: text(),
    metadata: { type: 'object' } as const,
    spec,
    status,
  }
  return record(properties, required)
}
