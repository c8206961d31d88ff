import { STATUS_CODES } from 'node:http'
import { httpTransport, proxyFor } from '@sealkit/kubernetes'
import { CliError } from '../exit.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Go's http.Client follows this many redirects. */
const maxRedirects = 10
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const maxBytes = 16 * 2 ** 20

/**
 * The bytes behind an http, https or file URL, by the proxies and trusted certificates of the environment.
 *
 * @throws FILE_UNREADABLE with Go's text in `upstream`, and the transport's errors
 */
export async function fetchUrl(source: string, env: Env): Promise<Uint8Array> {
  let url = parseUrl(source)
  let shown = source
  for (let hop = 0; ; hop++) {
    if (url.protocol === 'file:') return readFileUrl(source, url)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw failed(`Get "${shown}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`)
    }
    const response = await get(url, env)
    const { location } = response.headers
    if (!redirects.has(response.status) || location === undefined) return checked(source, response)
    // Go names the place that it no longer went to.
    if (hop >= maxRedirects - 1) throw failed(`Get "${location}": stopped after ${maxRedirects} redirects`)
    url = new URL(location, url)
    shown = url.href
  }
}

/** The URL, unless Go would go nowhere with it, or to another place than JavaScript. */
function parseUrl(source: string): URL {
  const [, slashes = '', authority = ''] = /^https?:(\/*)([^/?#]*)/i.exec(source) ?? []
  if (/^https?:/i.test(source) && (slashes.length !== 2 || authority === '')) {
    throw failed(`Get "${source}": http: no Host in request URL`)
  }
  if (URL.canParse(source)) return new URL(source)
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const port = /:(\d+)$/.exec(host)?.[1]
  if (port !== undefined && Number(port) > 0xffff)
    throw failed(`Get "${source}": dial tcp: address ${port}: invalid port`)
  throw failed(`Get "${source}": dial tcp: lookup ${host.replace(/:\d*$/, '')}: no such host`)
}

type Response = Awaited<ReturnType<ReturnType<typeof httpTransport>['request']>>

async function get(url: URL, env: Env): Promise<Response> {
  const proxy = url.protocol === 'http:' ? proxyFor(url, { ...env }) : undefined
  const path = `${url.pathname}${url.search}`
  const own = credentials(url, 'authorization')
  if (proxy === undefined) return request({ server: url.origin, path, headers: own, env: { ...env } })
  // A proxy is asked for the whole URL; only TLS goes through a tunnel, which the transport opens.
  const headers = { host: url.host, ...own, ...credentials(new URL(proxy), 'proxy-authorization') }
  const whole = { server: new URL(proxy).origin, path: `${url.origin}${path}`, headers, env: {} }
  // A name of its own has node:http carry the request: fetch cannot ask for a whole URL.
  return request({ ...whole, serverName: url.hostname })
}

/** The header of the user and password that a URL holds, if it does. */
function credentials({ username, password }: URL, header: string): Record<string, string> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { [header]: `Basic ${Buffer.from(pair).toString('base64')}` }
}

interface Target {
  readonly server: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly env: NodeJS.ProcessEnv
  readonly serverName?: string
}

async function request({ path, headers, env, ...config }: Target): Promise<Response> {
  const session = async (): Promise<{ headers: Record<string, string> }> => ({ headers: {} })
  const transport = httpTransport({ ...config, session }, { env, maxBytes, retries: 0 })
  try {
    return await transport.request({ method: 'GET', path, headers })
  } finally {
    transport.close()
  }
}

/** Upstream takes 200 only, and calls every other status an error. */
function checked(source: string, response: { readonly status: number; readonly body: Uint8Array }): Uint8Array {
  if (response.status === 200) return response.body
  throw failed(`cannot fetch "${source}": ${response.status} ${STATUS_CODES[response.status] ?? ''}`.trimEnd())
}

/** Upstream serves `file:` from the root of the file system, whatever the host. */
async function readFileUrl(source: string, url: URL): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(decodeURIComponent(url.pathname))
  } catch {
    throw failed(`cannot fetch "${source}": 404 Not Found`)
  }
}

/** An error whose words are kubeseal's; `message` has them without the user and password of a URL. */
function failed(text: string): CliError {
  return new CliError('FILE_UNREADABLE', text.replace(/\/\/[^/@"]*@/, '//'), {
    upstream: text,
    hint: 'check the URL, and that the server answers with a certificate in PEM',
  })
}
