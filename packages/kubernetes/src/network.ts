import type { ConnectionConfig } from './config/load.ts'
import { KubernetesError, type KubernetesErrorCode } from './error.ts'

interface Cause {
  readonly code: KubernetesErrorCode
  /** What happened, without values. */
  readonly message: string
  /** Go's text for it; `%a` is host:port, `%h` the host. */
  readonly go: string
}

const refused = 'the server cannot be reached'
const untrusted = "the server's certificate is not trusted"
const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority'

/** What Node's and Bun's error codes mean, and what Go says in their place. */
const causes: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: {
    code: 'UNAVAILABLE',
    message: `${refused}: connection refused`,
    go: 'dial tcp %a: connect: connection refused',
  },
  ConnectionRefused: {
    code: 'UNAVAILABLE',
    message: `${refused}: connection refused`,
    go: 'dial tcp %a: connect: connection refused',
  },
  ENOTFOUND: {
    code: 'UNAVAILABLE',
    message: `${refused}: its name is unknown`,
    go: 'dial tcp: lookup %h: no such host',
  },
  EAI_AGAIN: {
    code: 'UNAVAILABLE',
    message: `${refused}: its name cannot be looked up`,
    go: 'dial tcp: lookup %h: server misbehaving',
  },
  FailedToOpenSocket: {
    code: 'UNAVAILABLE',
    message: `${refused}: its name is unknown`,
    go: 'dial tcp: lookup %h: no such host',
  },
  EHOSTUNREACH: { code: 'UNAVAILABLE', message: `${refused}: no route`, go: 'dial tcp %a: connect: no route to host' },
  ENETUNREACH: {
    code: 'UNAVAILABLE',
    message: `${refused}: no network`,
    go: 'dial tcp %a: connect: network is unreachable',
  },
  ETIMEDOUT: { code: 'UNAVAILABLE', message: `${refused}: it does not answer`, go: 'dial tcp %a: i/o timeout' },
  ECONNRESET: { code: 'UNAVAILABLE', message: 'the connection broke', go: 'read tcp: connection reset by peer' },
  EPIPE: { code: 'UNAVAILABLE', message: 'the connection broke', go: 'write tcp: broken pipe' },
  ConnectionClosed: { code: 'UNAVAILABLE', message: 'the connection broke', go: 'EOF' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: 'TLS_FAILED', message: untrusted, go: unknownAuthority },
  SELF_SIGNED_CERT_IN_CHAIN: { code: 'TLS_FAILED', message: untrusted, go: unknownAuthority },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 'TLS_FAILED', message: untrusted, go: unknownAuthority },
  UNABLE_TO_GET_ISSUER_CERT: { code: 'TLS_FAILED', message: untrusted, go: unknownAuthority },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: 'TLS_FAILED', message: untrusted, go: unknownAuthority },
  CERT_HAS_EXPIRED: {
    code: 'TLS_FAILED',
    message: "the server's certificate has expired",
    go: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'TLS_FAILED',
    message: "the server's certificate is for another name",
    go: 'tls: failed to verify certificate: x509: certificate is not valid for %h',
  },
  EPROTO: {
    code: 'TLS_FAILED',
    message: 'the server does not speak TLS',
    go: 'http: server gave HTTP response to HTTPS client',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    code: 'TLS_FAILED',
    message: 'the server does not speak TLS',
    go: 'http: server gave HTTP response to HTTPS client',
  },
}

const other: Cause = { code: 'UNAVAILABLE', message: 'the request failed', go: 'unexpected EOF' }

/** The {@link KubernetesError} of a request that got no answer. Errors of ours pass through as they are. */
export function connectionError(
  error: unknown,
  config: ConnectionConfig,
  request: { readonly method: string; readonly path: string; readonly signal?: AbortSignal },
): KubernetesError {
  const call = `${request.method[0] ?? ''}${request.method.slice(1).toLowerCase()} "${config.server}${request.path}"`
  if (error instanceof KubernetesError) return error.code === 'CREDENTIALS_FAILED' ? about(error, call) : error
  if (request.signal?.aborted) return abortError(request.signal, call)
  const url = new URL(config.server)
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  const cause = causes[code] ?? (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') ? tlsFault(code) : other)
  const { proxy, message } = error as { proxy?: string; message?: string }
  const address = proxy ?? `${url.hostname}:${url.port || (url.protocol === 'http:' ? '80' : '443')}`
  const own = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? nameFault(error, url.hostname) : undefined
  // A server that closes the connection before it has said a word.
  const silent = /^socket hang up$|closed unexpectedly/.test(message ?? '') ? 'EOF' : undefined
  const text = (own ?? silent ?? cause.go).replace('%a', address).replace('%h', url.hostname)
  const go = proxy === undefined ? text : `proxyconnect tcp: ${text}`
  return new KubernetesError(cause.code, cause.message, {
    cause: error,
    upstream: `${call}: ${go}`,
    hint:
      cause.code === 'TLS_FAILED'
        ? "check the kubeconfig's certificate-authority and server"
        : "check that the API server runs and that the kubeconfig's server is right",
  })
}

/** Go's text for a certificate of other names; undefined where the runtime does not show them. */
function nameFault(error: unknown, host: string): string | undefined {
  const names = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname
  if (names === undefined) return undefined
  const isAddress = /^[\d.]+$|:/.test(host)
  const kind = isAddress ? 'IP Address:' : 'DNS:'
  const own = names.split(', ').flatMap((name) => (name.startsWith(kind) ? [name.slice(kind.length)] : []))
  const fault = 'tls: failed to verify certificate: x509: '
  if (own.length > 0) return `${fault}certificate is valid for ${own.join(', ')}, not ${host}`
  return isAddress
    ? `${fault}cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `${fault}certificate is not valid for any names, but wanted to match ${host}`
}

/** client-go runs plugins within a request, and says so; files it reads before the first one. */
function about(error: KubernetesError, call: string): KubernetesError {
  const { message, upstream = message, cause, hint } = error
  if (upstream.startsWith('open ')) return error
  return new KubernetesError('CREDENTIALS_FAILED', message, {
    cause,
    upstream: `${call}: ${upstream}`,
    ...(hint !== undefined && { hint }),
  })
}

function tlsFault(code: string): Cause {
  return { code: 'TLS_FAILED', message: `TLS failed: ${code}`, go: 'remote error: tls: handshake failure' }
}

function abortError(signal: AbortSignal, call: string): KubernetesError {
  const reason: unknown = signal.reason
  if (reason instanceof KubernetesError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    const upstream = `${call}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
    return new KubernetesError('TIMEOUT', 'the request took too long', { cause: reason, upstream })
  }
  return new KubernetesError('ABORTED', 'the request was aborted', { upstream: `${call}: context canceled` })
}
