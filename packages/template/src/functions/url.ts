import { FunctionFailure, failure } from '../error.ts'
import { type Dict, dict, kindOf, type Value } from '../value.ts'
import { type FunctionRow, rows } from './row.ts'
import { NIL_POINTER } from './text.ts'
import { formatUrl, hostname, parseUrl, urlParts, userText } from './url-parts.ts'

/** sprig's functions on URLs. */
export function urlFunctions(): FunctionRow[] {
  return rows('URLs', [
    [
      'urlParse(string) dict',
      ([text]) => take(text as string),
      'The parts of a URL as a map.',
      'urlParse "https://user@example.com/a?b=c"',
    ],
    [
      'urlJoin(dict) string',
      ([parts]) => join(parts as Dict),
      'The URL of a map of parts.',
      'urlJoin (dict "scheme" "https" "host" "example.com")',
    ],
  ])
}

function take(text: string): Dict {
  const url = prefixed('unable to parse url', () => parseUrl(text))
  return dict([
    ['scheme', url.scheme],
    ['host', url.host],
    ['hostname', hostname(url.host)],
    ['path', url.path],
    ['query', url.query],
    ['opaque', url.opaque],
    ['fragment', url.fragment],
    ['userinfo', userText(url.user)],
  ])
}

function prefixed<T>(prefix: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof FunctionFailure) return failure(`${prefix}: ${error.message}`)
    throw error
  }
}

function join(parts: Dict): string {
  const text = (key: string): string => textAt(parts, key)
  const given = {
    scheme: text('scheme'),
    host: text('host'),
    path: text('path'),
    query: text('query'),
    opaque: text('opaque'),
    fragment: text('fragment'),
  }
  const info = text('userinfo')
  const user =
    info === '' ? null : prefixed('unable to parse userinfo in dict', () => parseUrl(`proto://${info}@host`)).user
  return formatUrl(urlParts({ ...given, user }))
}

function textAt(parts: Dict, key: string): string {
  if (!parts.entries.has(key)) return ''
  const value: Value = parts.entries.get(key)
  if (typeof value === 'string') return value
  if (value == null) return failure(NIL_POINTER, true)
  return failure(`unable to parse ${key} key, must be of type string, but ${kindOf(value)} found`, true)
}
