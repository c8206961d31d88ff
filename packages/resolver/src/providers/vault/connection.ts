import { ResolverError } from '../../error.ts'
import { createJoiner } from '../../fetch.ts'
import type { OpenOptions } from '../../provider.ts'
import { optionalObject } from '../../view.ts'
import { createTransport, type Transport } from '../transport.ts'
import { type Answer, createApi, type VaultApi } from './api.ts'
import { loginFailed, readLogin, readToken, type Token } from './auth.ts'
import { retryDelay, type VaultSpec } from './spec.ts'

/** One store's connection: its agent, and its token for as long as that lives. */
export interface Connection {
  readonly spec: VaultSpec
  /** Calls with a token that is good; a token that we made and the server refuses is replaced once. */
  call<Value>(request: (api: VaultApi) => Promise<Value>, signal: AbortSignal): Promise<Value>
  /** Logs in if need be and asks the server about the token. */
  lookup(signal: AbortSignal): Promise<void>
  /** Asks for more time for a token that we made. */
  renew(signal: AbortSignal): Promise<void>
  /** Whether the token in use is one that we made. */
  ours(): boolean
  /** Milliseconds since 1970 until which the token is good; `Infinity` for one that we did not make. */
  until(): number
  /** Revokes the token if we made it, unless its leases must live on, and closes the connections. */
  close(options?: { readonly revoke?: boolean }): Promise<void>
}

interface Open {
  readonly api: VaultApi
  readonly transport: Transport
}

/** A connection that is made when it is first used. */
export function connect(spec: VaultSpec, options: OpenOptions): Connection {
  const session = tokenSession(spec, options)
  return {
    spec,
    async call<Value>(request: (api: VaultApi) => Promise<Value>, signal: AbortSignal): Promise<Value> {
      const api = await session.api(signal)
      const used = session.token()
      try {
        return await request(api)
      } catch (error) {
        const replaceable = used?.ours === true && error instanceof ResolverError && error.code === 'ACCESS_DENIED'
        if (!replaceable) throw error
        session.discard(used)
        return request(await session.api(signal))
      }
    },
    async lookup(signal): Promise<void> {
      const api = await session.api(signal)
      if (session.token() !== null) await api.read('auth/token/lookup-self', signal)
    },
    async renew(signal): Promise<void> {
      const api = await session.api(signal)
      if (session.token()?.ours === true) session.extend(await api.write('auth/token/renew-self', {}, signal))
    },
    ours: () => session.token()?.ours === true,
    until: () => session.token()?.until ?? Number.POSITIVE_INFINITY,
    async close({ revoke = true } = {}): Promise<void> {
      const { api, transport } = (await session.opened()) ?? {}
      const token = session.token()
      const revocable = revoke && token?.ours === true && !isBatch(token.value)
      if (revocable) await api?.write('auth/token/revoke-self', {}, AbortSignal.timeout(5_000)).catch(() => undefined)
      transport?.close()
    },
  }
}

/** A batch token ends by itself and cannot be revoked. */
function isBatch(token: string): boolean {
  return token.startsWith('hvb.') || token.startsWith('b.')
}

interface TokenSession {
  /** The API with a token that is good for now. */
  api(signal: AbortSignal): Promise<VaultApi>
  /** The token in use: null where the store has no login, undefined before one. */
  token(): Token | null | undefined
  /** Asks for another token next time, unless somebody did already. */
  discard(refused: Token): void
  /** Takes on the token's new lifetime. */
  extend(answer: Answer): void
  /** What is open; undefined when nothing was ever called. */
  opened(): Promise<Open> | undefined
}

function tokenSession(spec: VaultSpec, options: OpenOptions): TokenSession {
  const logins = createJoiner<Token | null>()
  let opened: Promise<Open> | undefined
  let token: Token | null | undefined
  const openOnce = (): Promise<Open> => {
    // A failure is not kept: the missing object may be there next time.
    opened ??= openApi(spec, options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    token: () => token,
    opened: () => opened,
    discard(refused): void {
      if (token === refused) token = undefined
    },
    extend(answer): void {
      if (token?.ours === true) token = { ...token, until: readToken(answer, options.environment.now()).until }
    },
    async api(signal): Promise<VaultApi> {
      const { api } = await openOnce()
      if (token === undefined || (token !== null && token.until <= options.environment.now())) {
        token = await logins.join('login', signal, (shared) => login(api, spec, options, shared))
        api.token = token?.value ?? ''
      }
      return api
    },
  }
}

async function openApi(spec: VaultSpec, { credentials, reaches }: OpenOptions): Promise<Open> {
  const transport = createTransport({
    certificateAuthority: await credentials.certificateAuthority(spec.trust),
    clientCertificate: await clientCertificate(spec, { credentials }),
    reaches,
    maxRetries: spec.maxRetries,
    retryDelay: retryDelay(spec.retryInterval),
    // Agents and proxies refuse requests without it, so that no page in a browser can make one.
    headers: { ...spec.headers, 'X-Vault-Request': 'true' },
  })
  return { transport, api: await createApi(spec, transport) }
}

/** The client certificate of `tls`, or of the `cert` auth method. */
async function clientCertificate(
  spec: VaultSpec,
  { credentials }: Pick<OpenOptions, 'credentials'>,
): Promise<{ cert: string; key: string } | null> {
  const tls = optionalObject(spec.trust['tls'])
  const auth = optionalObject(spec.auth?.['cert'])
  const [certificate, key] =
    tls === null ? [auth?.['clientCert'], auth?.['secretRef']] : [tls['certSecretRef'], tls['keySecretRef']]
  if (certificate === undefined || key === undefined) return null
  return {
    cert: await credentials.secretText(certificate, 'tls.crt'),
    key: await credentials.secretText(key, 'tls.key'),
  }
}

async function login(api: VaultApi, spec: VaultSpec, options: OpenOptions, signal: AbortSignal): Promise<Token | null> {
  const way = await readLogin(spec.auth, options)
  if (way === null) return null
  if ('token' in way) return { value: way.token, until: Number.POSITIVE_INFINITY, ours: false }
  try {
    return readToken(await api.login(way.path, way.data, signal), options.environment.now())
  } catch (error) {
    throw loginFailed(way.failure, error)
  }
}
