import { ResolverError } from '../error.ts'

/** One value in one backend, as a person or a manifest writes it. */
export interface Reference {
  /** The backend's name in vals' grammar; `vault` for `<path:...>`, which leaves it to the configuration. */
  readonly backend: string
  readonly path: string
  /** Query parameters of `ref+...`. */
  readonly params: ReadonlyMap<string, string>
  /** Where in the value: the parts of `#/a/b`, or the one key of `<path:...#key>`; null = the whole value. */
  readonly fragment: readonly string[] | null
  /** The version of `<path:...#key#version>`; empty = the newest. */
  readonly version: string
  /** What the value goes through, in order. */
  readonly modifiers: readonly Modifier[]
  readonly form: 'ref' | 'path'
}

/** Changes of a value after `|` in `<path:...>`. */
export type Modifier = 'base64encode' | 'base64decode' | 'sha256sum'

const modifierNames: ReadonlySet<string> = new Set<Modifier>(['base64encode', 'base64decode', 'sha256sum'])

const forms = 'write ref+vault://PATH#/KEY, ref+awssecrets://NAME#/KEY, ref+awsssm://NAME or <path:PATH#KEY#VERSION>'

/**
 * Reads a reference: vals' `ref+BACKEND://PATH?PARAMS#/FRAGMENT` (also `secretref+`, and with vals' closing `+`), or
 * argocd-vault-plugin's `<path:PATH#KEY#VERSION | modifier>`. The whole text is one reference.
 *
 * @throws {ResolverError} `INVALID_REFERENCE`
 */
export function parseReference(text: string): Reference {
  if (text.startsWith('<')) return parsePath(text)
  const match = /^(?:secret)?ref\+([a-z0-9]+):\/\/([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(withoutEnd(text))
  const [, backend = '', path = '', query = '', fragment] = match ?? []
  if (match === null || path === '' || /[\n\0]/.test(text)) throw invalid('this is no reference')
  return {
    backend,
    path,
    params: new Map(new URLSearchParams(query)),
    fragment: fragment === undefined ? null : fragmentParts(fragment),
    version: '',
    modifiers: [],
    form: 'ref',
  }
}

function withoutEnd(text: string): string {
  return text.endsWith('+') ? text.slice(0, -1) : text
}

function fragmentParts(fragment: string): string[] {
  const parts = fragment.replace(/^\//, '').split('/')
  if (parts.includes('')) throw invalid('the fragment has an empty part')
  return parts
}

function parsePath(text: string): Reference {
  const match = /^<path:([^#<>]+)#([^#<>|]+)(?:#([^#<>|]+))?((?:\|[^<>|]*)*)>$/.exec(text)
  const [, path = '', key = '', version = '', modifiers = ''] = match ?? []
  if (match === null) throw invalid('this is no reference')
  return {
    backend: 'vault',
    path: path.trim(),
    params: new Map(),
    fragment: [key.trim()],
    version: version.trim(),
    modifiers: modifiers.split('|').slice(1).map(parseModifier),
    form: 'path',
  }
}

function parseModifier(text: string): Modifier {
  const name = text.trim()
  if (modifierNames.has(name)) return name as Modifier
  throw new ResolverError('NOT_SUPPORTED', 'the reference has a modifier that is not supported', {
    hint: `the modifiers are ${[...modifierNames].join(', ')}`,
  })
}

/** The reference may be a secret that was pasted by mistake, so it is not quoted. */
function invalid(message: string): ResolverError {
  return new ResolverError('INVALID_REFERENCE', message, { hint: forms })
}
