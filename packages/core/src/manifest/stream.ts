import { CoreError } from '../error.ts'
import { type JsonNode, readJson } from '../go/index.ts'
import { decode } from './decode.ts'
import type { Manifest } from './object.ts'
import type { ObjectType } from './schema.ts'

/** How {@link readManifests} reads. */
export interface ReadOptions {
  /**
   * Refuses what upstream changes in silence: numbers and booleans where text must be, and field names in another case.
   */
  readonly strict?: boolean
}

/**
 * Reads every object of a stream of YAML documents or JSON objects, as apimachinery's `YAMLOrJSONDecoder` splits it: a
 * stream that starts with `{` is JSON objects one after the other, anything else YAML documents between `---` lines;
 * the members of a `List` are read as if they stood alone. Documents without a single known field are skipped.
 *
 * Upstream drops documents that it cannot read, in silence; here they are an error, whose `upstream` is what upstream
 * says when nothing else was in the stream.
 *
 * @throws INVALID_MANIFEST, INVALID_BASE64 with Go's text in `upstream`
 */
export async function readManifests(
  type: ObjectType,
  input: Uint8Array | string,
  options: ReadOptions = {},
): Promise<Manifest[]> {
  const reader = new StreamReader(type, options.strict ?? false)
  const text = typeof input === 'string' ? input : decodeText(input)
  const rest = text === null || !isJson(text) ? text : reader.readJson(text)
  if (rest !== '') await reader.readYaml(rest ?? input)
  return reader.finish()
}

/** Whether apimachinery takes a text for JSON: its first character that is no space is a brace. */
export function isJson(text: string): boolean {
  const brace = text.indexOf('{')
  const before = text.slice(0, Math.max(brace, 0))
  // JavaScript counts the byte order mark among the spaces, Go does not.
  return brace >= 0 && before.trim() === '' && !before.includes('\ufeff')
}

/** UTF-8 text; null when it is none and only the YAML reader, which knows UTF-16, can say more. */
function decodeText(input: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
  } catch {
    const lossy = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)
    return isJson(lossy) ? lossy : null
  }
}

class StreamReader {
  readonly #type: ObjectType
  readonly #strict: boolean
  readonly #manifests: Manifest[] = []
  #documents = 0
  #broken: { readonly number: number; readonly cause: unknown } | undefined
  /** What was wrong with the JSON text that is now being read as YAML. */
  #jsonError: CoreError | undefined

  constructor(type: ObjectType, strict: boolean) {
    this.#type = type
    this.#strict = strict
  }

  /** Reads JSON objects; what is left when the text turns out to be no JSON is for {@link readYaml}. */
  readJson(text: string): string {
    let from = 0
    let at = skipSpace(text, 0)
    while (at < text.length) {
      const end = endOfValue(text, at)
      const error = this.#readObject(text.slice(at, end))
      if (error !== undefined) {
        // After two objects there is no doubt any more that the stream is JSON.
        if (this.#documents > 1) throw error
        this.#jsonError = error
        return text.slice(spaceEnd(text, from))
      }
      this.#documents++
      from = end
      at = skipSpace(text, end)
    }
    return ''
  }

  #readObject(text: string): CoreError | undefined {
    try {
      return this.#add(readJson(text), (error) => error)
    } catch (error) {
      if (error instanceof CoreError && error.code === 'JSON_SYNTAX') return error
      throw error
    }
  }

  async readYaml(input: string | Uint8Array): Promise<void> {
    const { readDocument, splitDocuments } = await import('./yaml.ts')
    for (const document of splitDocuments(input)) {
      // What was wrong with the text as JSON counts for its first document only.
      const jsonError = this.#jsonError
      this.#jsonError = undefined
      if (typeof document === 'string' && isBlank(document)) continue
      try {
        if (document instanceof CoreError) throw document
        const node = readDocument(document, this.#strict ? undefined : this.#type)
        const error = this.#add(node, (cause) => jsonError ?? unmarshalError(cause))
        if (error !== undefined) throw error
      } catch (error) {
        if (!(error instanceof CoreError) || error.code === 'INVALID_MANIFEST' || error.code === 'INVALID_BASE64')
          throw error
        if (jsonError !== undefined && jsonError.code !== 'JSON_SYNTAX') throw jsonError
        this.#broken ??= { number: this.#documents + 1, cause: error }
      }
      this.#documents++
    }
  }

  /** Keeps what a document holds; gives the error that ends the reading, if there is one. */
  #add(node: JsonNode, upstream: (error: CoreError) => CoreError): CoreError | undefined {
    for (const item of members(node)) {
      const { manifest, error } = decode(this.#type, item, { caseSensitive: this.#strict })
      if (error === undefined) {
        if (!isZero(this.#type, manifest)) this.#manifests.push(manifest)
      } else if (isZero(this.#type, manifest)) this.#broken ??= { number: this.#documents + 1, cause: error }
      else return upstream(error)
    }
    return undefined
  }

  finish(): Manifest[] {
    if (this.#broken === undefined) return this.#manifests
    const { number, cause } = this.#broken
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    const message = `document ${number} of the input cannot be read${reason}`
    throw new CoreError('INVALID_MANIFEST', message, {
      cause,
      hint: 'correct the document, or remove it from the input',
      upstream: this.#manifests.length > 0 ? message : noSecrets,
    })
  }
}

const noSecrets = 'no secrets found. Ensure the input is valid and UTF-8 encoded'

/** sigs.k8s.io/yaml's words around an error of encoding/json. */
function unmarshalError(error: CoreError): CoreError {
  return new CoreError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    upstream: `error unmarshaling JSON: while decoding JSON: ${error.upstream ?? error.message}`,
  })
}

/** The objects of a list (`kind: List`, `SecretList`, ...), or the object itself. */
function members(node: JsonNode): readonly JsonNode[] {
  if (node.kind !== 'object') return [node]
  const kind = node.members.find(({ key }) => key === 'kind')?.value
  const items = node.members.find(({ key }) => key === 'items')?.value
  const isList = kind === undefined || (kind.kind === 'string' && kind.value.endsWith('List'))
  return isList && items?.kind === 'array' ? items.items : [node]
}

/** Whether a struct is Go's zero value; an empty map or list is not, for it was allocated. */
function isZero(type: ObjectType, object: Readonly<Record<string, unknown>>): boolean {
  return type.fields.every((field) => {
    const value = object[field.name]
    if (value === undefined || value === null) return true
    if (field.pointer === true) return false
    if (field.type.kind === 'object') return isZero(field.type, value as Record<string, unknown>)
    return value === '' || value === 0 || value === false
  })
}

/** Comments, directives and end marks alone: upstream cannot read them, and drops them as it drops what is broken. */
function isBlank(document: string): boolean {
  return /^(?:[ \t]*(?:#.*)?\n|%.*\n|\.\.\.[ \t]*\n)*$/.test(document)
}

/** White space up to the first line break, which is all that upstream skips when it goes on with YAML. */
function spaceEnd(text: string, from: number): number {
  return from + (/^[^\S\n]*\n?/.exec(text.slice(from))?.[0].length ?? 0)
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++
  return at
}

/** End of the JSON value that starts at `from`, by its brackets and quotes alone. */
function endOfValue(text: string, from: number): number {
  let depth = 0
  let at = from
  do {
    const character = text[at]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character === '"') at = endOfString(text, at) - 1
    else if (depth === 0) return endOfScalar(text, at)
    at++
  } while (depth > 0 && at < text.length)
  return Math.min(at, text.length)
}

/** Offset after the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number {
  let at = from
  for (;;) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let escapes = 0
    while (text[at - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return at + 1
  }
}

function endOfScalar(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && !' \t\r\n,:{}[]"'.includes(text.charAt(at))) at++
  return at
}
