import { decodeUtf8 } from '@sealkit/core/go'
import { object, text } from '../view.ts'

/** Bytes as well-formed text, for an API that takes only text: what is no UTF-8 becomes U+FFFD, as in Go's JSON. */
export function asText(bytes: Uint8Array): string {
  return decodeUtf8(bytes).toWellFormed()
}

/** The host, with its port, of an URL in a store's spec; empty when it is none. */
export function urlHost(value: unknown): string {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value).host : ''
}

/** The host of a server's URL, with its path where it has one: other servers may be behind other paths. */
export function serverPlace(value: unknown): string {
  if (typeof value !== 'string' || !URL.canParse(value)) return ''
  const { host, pathname } = new URL(value)
  return `${host}${pathname.replace(/\/+$/, '')}`
}

/** The place of a `server` block, whose URL may lack the scheme; the cluster's own where it names none. */
export function serverHost(server: unknown): string {
  const url = text(object(server)['url'], 'kubernetes.default')
  return serverPlace(url.includes('://') ? url : `https://${url}`)
}
