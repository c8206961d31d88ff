import { STATUS_CODES } from 'node:http'
import { httpTransport, proxyFor } from '@sealkit/kubernetes'
import { CliError } from '../exit.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Go's http.Client follows this many redirects. */
const maxRedirects = 10
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const maxBytes = 16 * 2 ** 20

/** The bytes behind an http, https or file URL, by the proxies and trusted certificates of the environment. */
export async function fetchUrl(source: string, env: Env): Promise<Uint8Array> {
  let url = parseUrl(source)
  for (let hop = 0; hop <= maxRedirects; hop++) {
    if (url.protocol === 'file:') return readFileUrl(source, url)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw failed(`Get "${source}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`)
    }
    const response = await get(url, env)
    const { location } = response.headers
    if (!redirects.has(response.status) || location === undefined) return checked(source, response)
    url = new URL(location, url)
  }
  throw failed(`Get "${source}": stopped after ${maxRedirects} redirects`)
}

function parseUrl(source: string): URL {
  if (URL.canParse(source)) return new URL(source)
  throw failed(`Get ${JSON.stringify(source)}: no Host in request URL`)
}

type Response = Awaited<ReturnType<ReturnType<typeof httpTransport>['request']>>

async function get(url: URL, env: Env): Promise<Response> {
  const proxy = url.protocol === 'http:' ? proxyFor(url, { ...env }) : undefined
  const path = `${url.pathname}${url.search}`
  const own = credentials(url, 'authorization')
  if (proxy === undefined) return request(url.origin, path, own, { ...env })
  // A proxy is asked for the whole URL; only TLS goes through a tunnel, which the transport opens.
  const headers = { host: url.host, ...own, ...credentials(new URL(proxy), 'proxy-authorization') }
  return request(new URL(proxy).origin, `${url.origin}${path}`, headers, {})
}

/** The header of the user and password that a URL holds, if it does. */
function credentials({ username, password }: URL, header: string): Record<string, string> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { [header]: `Basic ${Buffer.from(pair).toString('base64')}` }
}

async function request(
  server: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Promise<Response> {
  const transport = httpTransport({ server, session: async () => ({ headers: {} }) }, { env, maxBytes, retries: 0 })
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
