import { KubernetesError, type KubernetesErrorCode } from './error.ts'
import { type HttpResponse, retryAfter } from './transport.ts'

/** What a request was about, for the texts of errors. */
export interface Call {
  readonly method: string
  /** `secrets`, or `deployments.apps`. */
  readonly resource?: string
  readonly name?: string
}

/** The API's `status.reason` and the code that it has here. */
const reasons: Readonly<Record<string, KubernetesErrorCode>> = {
  AlreadyExists: 'ALREADY_EXISTS',
  BadRequest: 'BAD_REQUEST',
  Conflict: 'CONFLICT',
  Expired: 'GONE',
  Forbidden: 'FORBIDDEN',
  Gone: 'GONE',
  InternalError: 'SERVER_ERROR',
  Invalid: 'INVALID',
  MethodNotAllowed: 'UNSUPPORTED_VERB',
  NotAcceptable: 'BAD_REQUEST',
  NotFound: 'NOT_FOUND',
  RequestEntityTooLarge: 'TOO_LARGE',
  ServerTimeout: 'TIMEOUT',
  ServiceUnavailable: 'UNAVAILABLE',
  Timeout: 'TIMEOUT',
  TooManyRequests: 'TOO_MANY_REQUESTS',
  Unauthorized: 'UNAUTHORIZED',
  UnsupportedMediaType: 'BAD_REQUEST',
}

interface Generic {
  readonly reason: string
  /** Go's text, which the reader may lack the server's words for. */
  readonly text: string
}

/** HTTP statuses that come without a Status object: `errors.NewGenericServerResponse` of apimachinery. */
const generic: Readonly<Record<number, Generic>> = {
  400: { reason: 'BadRequest', text: 'the server rejected our request for an unknown reason' },
  401: { reason: 'Unauthorized', text: 'the server has asked for the client to provide credentials' },
  403: { reason: 'Forbidden', text: 'the server refused the request' },
  404: { reason: 'NotFound', text: 'the server could not find the requested resource' },
  405: { reason: 'MethodNotAllowed', text: 'the server does not allow this method on the requested resource' },
  406: {
    reason: 'NotAcceptable',
    text: 'the server was unable to respond with a content type that the client supports',
  },
  409: { reason: 'Conflict', text: 'the server reported a conflict' },
  410: { reason: 'Expired', text: 'the server responded with the status code 410 but did not return more information' },
  413: {
    reason: 'RequestEntityTooLarge',
    text: 'the server responded with the status code 413 but did not return more information',
  },
  415: { reason: 'UnsupportedMediaType', text: 'the server does not read the format of the request' },
  422: { reason: 'Invalid', text: 'the server rejected our request due to an error in our request' },
  429: {
    reason: 'TooManyRequests',
    text: 'the server has received too many requests and has asked us to try again later',
  },
  503: { reason: 'ServiceUnavailable', text: 'the server is currently unable to handle the request' },
  504: {
    reason: 'Timeout',
    text: 'the server was unable to return a response in the time allotted, but may still be processing the request',
  },
}

/** Statuses whose Go text is the server's own words. */
const serversWords = new Set([403, 406, 415])

/** A Status object of the API, as far as errors need it. */
export interface ApiStatus {
  readonly kind?: unknown
  readonly message?: unknown
  readonly reason?: unknown
  readonly code?: unknown
  readonly details?: {
    readonly name?: unknown
    readonly kind?: unknown
    readonly retryAfterSeconds?: unknown
    readonly causes?: readonly { readonly reason?: unknown }[]
  }
}

/** The error that an answer with an error status means: by its Status object, else by its HTTP status. */
export function responseError(response: HttpResponse, call: Call): KubernetesError {
  const status = parseStatus(response)
  const wait = retryAfter(response.headers)
  return status === undefined ? genericError(response, call, wait) : statusError(status, response.status, wait)
}

/** The error of a Status object, which may also come as an event of a watch. */
export function statusError(status: ApiStatus, httpStatus?: number, wait?: number): KubernetesError {
  const code = typeof status.code === 'number' ? status.code : httpStatus
  const given = typeof status.reason === 'string' ? status.reason : ''
  const terminating = status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true
  const after = status.details?.retryAfterSeconds
  const retryAfter = typeof after === 'number' && after > 0 ? after : wait
  const message = typeof status.message === 'string' && status.message !== '' ? status.message : `HTTP ${code}`
  return new KubernetesError(reasons[given] ?? byStatus(code ?? 0), message, {
    upstream: message,
    reason: terminating ? 'NamespaceTerminating' : given,
    ...(code !== undefined && { status: code }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

function parseStatus(response: HttpResponse): ApiStatus | undefined {
  if (response.body[0] !== 0x7b) return undefined
  try {
    const status = JSON.parse(response.body.toString('utf8')) as ApiStatus
    return status.kind === 'Status' && typeof status.message === 'string' ? status : undefined
  } catch {
    return undefined
  }
}

function genericError(response: HttpResponse, call: Call, wait: number | undefined): KubernetesError {
  const { status } = response
  const type = response.headers['content-type']
  const words =
    type === undefined || type.startsWith('text/') ? response.body.subarray(0, 2048).toString('utf8').trim() : 'unknown'
  const { reason, text } = generic[status] ?? {
    reason: status >= 500 ? 'InternalError' : '',
    text: `the server responded with the status code ${status} but did not return more information`,
  }
  const message = status >= 500 && generic[status] === undefined ? 'an error on the server' : text
  const exact =
    message === text
      ? serversWords.has(status)
        ? words
        : text
      : `an error on the server (${JSON.stringify(words)}) has prevented the request from succeeding`
  const about = [call.method.toLowerCase(), call.resource, call.name].filter((part) => part).join(' ')
  const suffix = call.resource === undefined ? '' : ` (${about})`
  const exists = status === 409 && call.method === 'POST'
  return new KubernetesError(exists ? 'ALREADY_EXISTS' : (reasons[reason] ?? byStatus(status)), `${message}${suffix}`, {
    upstream: `${exact}${suffix}`,
    reason: exists ? 'AlreadyExists' : reason,
    status,
    ...(wait !== undefined && { retryAfter: wait }),
  })
}

function byStatus(status: number): KubernetesErrorCode {
  const known = generic[status]
  return (known && reasons[known.reason]) ?? (status >= 500 ? 'SERVER_ERROR' : 'BAD_REQUEST')
}
