import { failure } from '../error.ts'
import { quote } from '../quote.ts'
import { addressFault, isIpv4Form } from './ipv6.ts'

/** A URL taken apart as Go's net/url does; texts are unescaped but for the query. */
export interface UrlParts {
  readonly scheme: string
  readonly opaque: string
  readonly user: { readonly name: string; readonly password: string | null } | null
  readonly host: string
  readonly path: string
  readonly rawPath: string
  readonly omitHost: boolean
  readonly forceQuery: boolean
  readonly query: string
  readonly fragment: string
  readonly rawFragment: string
}

/** Bytes that each part of a URL may hold as they are, beside letters and digits. */
const PLAIN = {
  path: '$&+,-./:;=@_~',
  host: '!"$&\'()*+,-.:;<=>[]_~',
  zone: '!"$&\'()*+,-.:;<=>[]_~',
  userPassword: '$&+,-.;=_~',
  fragment: '!$&()*+,-./:;=?@_~',
} as const

type Part = keyof typeof PLAIN

const escapesIn = (part: Part, char: string): boolean => !/[A-Za-z0-9]/.test(char) && !PLAIN[part].includes(char)

const EMPTY: UrlParts = {
  scheme: '',
  opaque: '',
  user: null,
  host: '',
  path: '',
  rawPath: '',
  omitHost: false,
  forceQuery: false,
  query: '',
  fragment: '',
  rawFragment: '',
}

/** The text of an escape that cannot be read, or of another fault. */
class UrlFault extends Error {}

function fault(text: string): never {
  throw new UrlFault(text)
}

/** Go's url.Parse. @throws FunctionFailure `parse "URL": ...` */
export function parseUrl(text: string): UrlParts {
  const hash = text.indexOf('#')
  const before = hash < 0 ? text : text.slice(0, hash)
  const parts = told(before, () => parseParts(before))
  const rawFragment = hash < 0 ? '' : text.slice(hash + 1)
  if (rawFragment === '') return parts
  const fragment = told(text, () => unescapeUrl(rawFragment, 'fragment'))
  return { ...parts, fragment, rawFragment: rawFragment === escapeUrl(fragment, 'fragment') ? '' : rawFragment }
}

function told<T>(url: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof UrlFault) return failure(`parse ${quote(url)}: ${error.message}`)
    throw error
  }
}

function parseParts(url: string): UrlParts {
  if (/[\x00-\x1f\x7f]/.test(url)) fault('net/url: invalid control character in URL')
  if (url === '*') return { ...EMPTY, path: '*' }
  const { scheme, rest: tail } = splitScheme(url)
  const mark = tail.indexOf('?')
  const forceQuery = mark >= 0 && mark === tail.length - 1
  const query = mark < 0 ? '' : tail.slice(mark + 1)
  const rest = mark < 0 ? tail : tail.slice(0, mark)
  const start = { ...EMPTY, scheme, forceQuery, query }
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...start, opaque: rest }
    if ((rest.split('/')[0] ?? '').includes(':')) fault('first path segment in URL cannot contain colon')
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return { ...start, ...pathOf(rest), omitHost: scheme !== '' && rest.startsWith('/') }
  }
  const slash = rest.indexOf('/', 2)
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
  return { ...start, ...parseAuthority(scheme, authority), ...pathOf(slash < 0 ? '' : rest.slice(slash)) }
}

function splitScheme(url: string): { scheme: string; rest: string } {
  if (url.startsWith(':')) fault('missing protocol scheme')
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)
  const scheme = match?.[1] ?? ''
  return { scheme: scheme.toLowerCase(), rest: match === null ? url : url.slice(scheme.length + 1) }
}

function pathOf(raw: string): Pick<UrlParts, 'path' | 'rawPath'> {
  const path = unescapeUrl(raw, 'path')
  return { path, rawPath: raw === escapeUrl(path, 'path') ? '' : raw }
}

function parseAuthority(scheme: string, authority: string): Pick<UrlParts, 'user' | 'host'> {
  const at = authority.lastIndexOf('@')
  const host = parseHost(scheme, authority.slice(at + 1))
  if (at < 0) return { user: null, host }
  const info = authority.slice(0, at)
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(info)) fault('net/url: invalid userinfo')
  const colon = info.indexOf(':')
  if (colon < 0) return { user: { name: unescapeUrl(info, 'userPassword'), password: null }, host }
  const name = unescapeUrl(info.slice(0, colon), 'userPassword')
  return { user: { name, password: unescapeUrl(info.slice(colon + 1), 'userPassword') }, host }
}

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf('[')
  if (open > 0) fault('invalid IP-literal')
  if (open === 0) return parseLiteral(host)
  const first = host.indexOf(':')
  const last = host.lastIndexOf(':')
  if (first >= 0) {
    // A host of http has one colon at most.
    const port = host.slice(scheme === 'http' || scheme === 'https' ? first : last)
    if (!isPort(port)) fault(`invalid port ${quote(port)} after host`)
  }
  return unescapeUrl(host, 'host')
}

function parseLiteral(host: string): string {
  const close = host.lastIndexOf(']')
  if (close < 0) fault("missing ']' in host")
  const port = host.slice(close + 1)
  if (!isPort(port)) fault(`invalid port ${quote(port)} after host`)
  const name = host.slice(1, close)
  const zone = name.indexOf('%25')
  const plain =
    zone < 0
      ? unescapeUrl(name, 'host')
      : unescapeUrl(name.slice(0, zone), 'host') + unescapeUrl(name.slice(zone), 'zone')
  const problem = addressFault(plain)
  if (problem !== null) fault(`invalid host: ${problem}`)
  if (isIpv4Form(plain)) fault('invalid IP-literal')
  return `[${plain}]${unescapeUrl(port, 'host')}`
}

function isPort(text: string): boolean {
  return /^(?::[0-9]*)?$/.test(text)
}

function unescapeUrl(text: string, part: Part): string {
  return text.replace(/%(..?)?|[^%]/gs, (token) => {
    if (token[0] !== '%') {
      const wrong = (part === 'host' || part === 'zone') && token < '\x80' && escapesIn(part, token)
      return wrong ? fault(`invalid character ${quote(token)} in host name`) : token
    }
    if (!/^%[0-9A-Fa-f]{2}$/.test(token)) fault(`invalid URL escape ${quote(token)}`)
    const char = String.fromCharCode(Number.parseInt(token.slice(1), 16))
    if (part === 'host' && char < '\x80' && token !== '%25') fault(`invalid URL escape ${quote(token)}`)
    if (part === 'zone' && token !== '%25' && char !== ' ' && escapesIn('host', char)) {
      fault(`invalid URL escape ${quote(token)}`)
    }
    return char
  })
}

/** Go's escaping of one part of a URL. */
function escapeUrl(text: string, part: Part): string {
  return text.replace(/[^A-Za-z0-9]/g, (char) => {
    return escapesIn(part, char) ? `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : char
  })
}

/** The user information as it stands in a URL. */
export function userText(user: UrlParts['user']): string {
  if (user === null) return ''
  const name = escapeUrl(user.name, 'userPassword')
  return user.password === null ? name : `${name}:${escapeUrl(user.password, 'userPassword')}`
}

/** Go's URL.String. */
export function formatUrl(url: UrlParts): string {
  let out = url.scheme === '' ? '' : `${url.scheme}:`
  if (url.opaque !== '') out += url.opaque
  else {
    const hasAuthority = url.host !== '' || url.user !== null
    if (hasAuthority || (url.scheme !== '' && !url.omitHost && url.path !== '')) out += '//'
    if (url.user !== null) out += `${userText(url.user)}@`
    out += escapeUrl(url.host, 'host')
    const path = url.path === '*' ? '*' : escapeUrl(url.path, 'path')
    if (path !== '' && !path.startsWith('/') && url.host !== '') out += '/'
    if (out === '' && (path.split('/')[0] ?? '').includes(':')) out += './'
    out += path
  }
  if (url.forceQuery || url.query !== '') out += `?${url.query}`
  return url.fragment === '' ? out : `${out}#${escapeUrl(url.fragment, 'fragment')}`
}

/** The host without its port and brackets. */
export function hostname(host: string): string {
  const colon = host.lastIndexOf(':')
  const name = colon >= 0 && isPort(host.slice(colon)) ? host.slice(0, colon) : host
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
}

/** The parts of a URL to be put together. */
export function urlParts(given: Partial<UrlParts>): UrlParts {
  return { ...EMPTY, ...given }
}
