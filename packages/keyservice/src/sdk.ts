import { KeyserviceError } from './error.ts'
import type { KeyIo } from './io.ts'

/** The libraries that sign in to clouds, which are only installed where they are wanted, and the versions to install. */
const versions = { 'google-auth-library': '10', '@azure/identity': '4' } as const

/**
 * Loads the library that signs in to a cloud.
 *
 * @throws `SDK_MISSING` where it is not installed
 */
export async function sdk<T>(io: KeyIo, name: keyof typeof versions): Promise<T> {
  try {
    if (io.load !== undefined) return (await io.load(name)) as T
  } catch (cause) {
    throw missing(name, cause)
  }
  throw missing(name)
}

function missing(name: keyof typeof versions, cause?: unknown): KeyserviceError {
  const command = `npm install --prefix ~/.sealkit ${name}@${versions[name]}`
  return new KeyserviceError(
    'SDK_MISSING',
    `signing in to this cloud needs the package ${name}, which is not installed`,
    {
      cause,
      hint: `run ${command} and set SEALKIT_SDK_PATH=~/.sealkit`,
    },
  )
}

/** The machine, where servers that a file names may be asked. @throws `MASTER_KEY_UNSUPPORTED` */
export function online(io: KeyIo | undefined, what: string): KeyIo & Required<Pick<KeyIo, 'request'>> {
  if (io?.request !== undefined) return { ...io, request: io.request }
  throw new KeyserviceError(
    'MASTER_KEY_UNSUPPORTED',
    `keys of ${what} are not used here: nothing may be sent from here`,
  )
}

/** RFC 3339 in seconds, as entries note when they were made. */
export function createdAt(now: (() => Date) | undefined): string {
  return `${(now?.() ?? new Date()).toISOString().slice(0, 19)}Z`
}

/** A JSON object; empty where the text is none. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Bytes of canonical base64; null for anything else. */
export function fromBase64(text: string, encoding: 'base64' | 'base64url' = 'base64'): Buffer | null {
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? bytes : null
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
}

/** Why a request failed before there was an answer, in Go's words. */
export function requestReason({ method, url }: { method: string; url: string }, error: unknown): string {
  const {
    code = '',
    address,
    port,
    hostname,
  } = (error instanceof Error ? error : {}) as Partial<Record<string, string>>
  const known = networkReasons[code]
  const what = error instanceof Error ? error.message : String(error)
  const reason =
    known !== undefined && address !== undefined
      ? `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: connect: ${known}`
      : code === 'ENOTFOUND'
        ? `dial tcp: lookup ${hostname}: no such host`
        : what
  return `${method.slice(0, 1)}${method.slice(1).toLowerCase()} ${JSON.stringify(url)}: ${reason}`
}
