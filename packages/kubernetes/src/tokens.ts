import type { Key } from './cluster.ts'
import { type Exchange, json, named, unexpected } from './exchange.ts'
import { objectPath } from './path.ts'
import { resources } from './resources.ts'

/** A ServiceAccount's token, and when it ends. */
export interface ServiceAccountToken {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** Whom a token is of. */
export interface TokenOwner {
  /** `system:serviceaccount:NAMESPACE:NAME` for a ServiceAccount. */
  readonly username: string
  /** Those of the audiences asked for that the token is for. */
  readonly audiences: readonly string[]
}

/** A token of a ServiceAccount by the API's TokenRequest. */
export async function createToken(
  exchange: Exchange,
  key: Key,
  options: { readonly audiences?: readonly string[]; readonly expirationSeconds?: number },
): Promise<ServiceAccountToken> {
  named(key)
  const spec = { audiences: options.audiences ?? [], expirationSeconds: options.expirationSeconds }
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec })
  const about = { method: 'POST', resource: 'serviceaccounts', name: key.name }
  const answer = (await exchange(
    { method: 'POST', path: objectPath(resources.serviceAccount, key, 'token'), body, headers: json },
    about,
  )) as { status?: { token?: string; expirationTimestamp?: string } }
  const { token, expirationTimestamp } = answer.status ?? {}
  if (token === undefined || expirationTimestamp === undefined) throw unexpected()
  return { token, expires: Date.parse(expirationTimestamp) }
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean
    readonly user?: { readonly username?: string }
    readonly audiences?: readonly string[]
  }
}

/** Whom a token is of, by the API's TokenReview; null for a token that is not valid. */
export async function reviewToken(
  exchange: Exchange,
  token: string,
  audiences: readonly string[],
): Promise<TokenOwner | null> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } }
  const path = '/apis/authentication.k8s.io/v1/tokenreviews'
  const about = { method: 'POST', resource: 'tokenreviews.authentication.k8s.io', name: '' }
  const answer = await exchange({ method: 'POST', path, body: JSON.stringify(review), headers: json }, about)
  const { authenticated = false, user, audiences: granted = [] } = (answer as TokenReview).status ?? {}
  if (!authenticated || user?.username === undefined) return null
  return { username: user.username, audiences: granted }
}
