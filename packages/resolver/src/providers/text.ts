import { decodeUtf8 } from '@sealkit/core/go'

/** Bytes as well-formed text, for an API that takes only text: what is no UTF-8 becomes U+FFFD, as in Go's JSON. */
export function asText(bytes: Uint8Array): string {
  return decodeUtf8(bytes).toWellFormed()
}

/** The host, with its port, of an URL in a store's spec; empty when it is none. */
export function urlHost(value: unknown): string {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value).host : ''
}
