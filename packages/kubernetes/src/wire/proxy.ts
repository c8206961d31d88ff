import { type Agent, request } from 'node:http'
import { type AgentOptions, Agent as HttpsAgent } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { KubernetesError } from '../error.ts'

/**
 * The proxy for a server by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not, as Go reads them: loopback
 * addresses never go through one; `NO_PROXY` holds names, `.suffixes`, addresses, `*`, each with an optional port.
 */
export function proxyFor(server: URL, env: NodeJS.ProcessEnv): string | undefined {
  const read = (name: string): string => env[name] || env[name.toLowerCase()] || ''
  const proxy = server.protocol === 'https:' ? read('HTTPS_PROXY') : read('HTTP_PROXY')
  if (proxy === '') return undefined
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host === '::1' || /^127\./.test(host)) return undefined
  const port = server.port || (server.protocol === 'https:' ? '443' : '80')
  const excluded = read('NO_PROXY')
    .split(',')
    .some((entry) => excludes(entry.trim().toLowerCase(), host, port))
  if (excluded) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const [name = '', only] = /^(.*):(\d+)$/.exec(entry)?.slice(1) ?? [entry]
  if (only !== undefined && only !== port) return false
  if (name.includes('/')) return inBlock(host, name)
  const suffix = name.replace(/^\*?\./, '')
  return host === suffix ? !name.startsWith('.') : isIP(host) === 0 && host.endsWith(`.${suffix}`)
}

/** True for an IPv4 address in a block such as `10.0.0.0/8`. */
function inBlock(host: string, block: string): boolean {
  const [base = '', bits = ''] = block.split('/')
  if (isIP(host) !== 4 || isIP(base) !== 4) return false
  const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(bits))
  return Math.floor(number(host) / size) === Math.floor(number(base) / size)
}

/**
 * An agent whose connections are tunnels through an HTTP proxy (`CONNECT`), TLS to the server inside.
 *
 * @throws UNSUPPORTED_VERB for a SOCKS proxy
 */
export function tunnelAgent(proxy: string, options: AgentOptions): Agent {
  const url = new URL(proxy)
  if (url.protocol !== 'http:') {
    throw new KubernetesError('UNSUPPORTED_VERB', `a proxy by ${url.protocol.slice(0, -1)} is not supported`, {
      hint: 'use an http:// proxy',
    })
  }
  const agent = new HttpsAgent(options)
  const open = agent as unknown as { createConnection: (options: TunnelTarget, done: Done) => void }
  open.createConnection = (target, done) => {
    tunnel(url, target).then(
      (socket) => {
        const { servername = target.host } = options
        done(null, connect({ ...options, socket, ...(isIP(servername) === 0 && { servername }), host: target.host }))
      },
      (error: Error) => done(error),
    )
  }
  return agent
}

interface TunnelTarget {
  readonly host: string
  readonly port: number
}

type Done = (error: Error | null, socket?: Duplex) => void

function tunnel(proxy: URL, target: TunnelTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
    const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
    const call = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || 80,
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.username && { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }),
      },
    })
    call.on('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new KubernetesError('UNAVAILABLE', `the proxy refused the connection with status ${response.statusCode}`))
    })
    // The error says which of the two was not there.
    call.on('error', (error) => reject(Object.assign(error, { proxy: `${proxy.hostname}:${proxy.port || 80}` })))
    call.end()
  })
}
