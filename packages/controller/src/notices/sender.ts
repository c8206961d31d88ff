import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Cluster, type ClusterObject, type Key, resources, type TokenOwner } from '@sealkit/kubernetes'

/** Annotations of a store that say who may report changes to it. A store without them takes no reports. */
export const senderAnnotations = {
  /** `SECRET/KEY`, or `NAMESPACE/SECRET/KEY` for a ClusterSecretStore: the shared secret of an HMAC. */
  hmac: 'refresh.sealkit.dev/hmac',
  /** `NAMESPACE/NAME[,...]`: ServiceAccounts whose tokens for the audience `sealkit-refresh` are taken. */
  serviceAccounts: 'refresh.sealkit.dev/service-accounts',
} as const

/** The audience that tokens must be for. */
export const audience = 'sealkit-refresh'

/** Milliseconds by which the time of a signed report may be off. */
const tolerance = 300_000

/** A report as it came. */
export interface Report {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** Whom a bearer token is of; null for one that is not valid. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenOwner | null>

/** What telling senders needs. */
export interface SenderContext {
  readonly cluster: Cluster
  /** Absent where the cluster knows no tokens: only signatures count then. */
  readonly reviewToken?: ReviewToken
  readonly now: () => Date
}

/**
 * Whether a report comes from somebody whom the store names: signed with its shared secret not long ago, or with a
 * token of one of its ServiceAccounts.
 */
export async function isAllowed(context: SenderContext, store: ClusterObject, report: Report): Promise<boolean> {
  const { annotations = {} } = store.metadata
  const hmac = annotations[senderAnnotations.hmac]
  const accounts = annotations[senderAnnotations.serviceAccounts]
  if (hmac !== undefined && (await isSigned(context, secretRef(store, hmac), report))) return true
  return accounts !== undefined && (await isAccount(context, accounts, report))
}

interface SecretRef {
  readonly secret: Key
  readonly key: string
}

/** A SecretStore's secret is in its own namespace, whatever its annotation says. */
function secretRef({ metadata }: ClusterObject, text: string): SecretRef | null {
  const parts = text.split('/')
  const namespaced = metadata.namespace !== undefined && metadata.namespace !== ''
  if (parts.length !== (namespaced ? 2 : 3) || parts.includes('')) return null
  const [key = '', name = '', namespace = metadata.namespace ?? ''] = parts.reverse()
  return { secret: { namespace, name }, key }
}

async function isSigned({ cluster, now }: SenderContext, ref: SecretRef | null, report: Report): Promise<boolean> {
  const time = report.headers['x-sealkit-timestamp'] ?? ''
  const [, given] = /^sha256=([0-9a-f]{64})$/.exec(report.headers['x-sealkit-signature'] ?? '') ?? []
  if (ref === null || given === undefined || !/^\d{1,12}$/.test(time)) return false
  if (Math.abs(now().getTime() - Number(time) * 1000) > tolerance) return false
  const found = await cluster.get(resources.secret, ref.secret)
  const encoded = ((found?.['data'] ?? {}) as Record<string, string>)[ref.key]
  if (encoded === undefined || encoded === '') return false
  const mac = createHmac('sha256', Buffer.from(encoded, 'base64')).update(`${time}.`).update(report.body).digest()
  return timingSafeEqual(mac, Buffer.from(given, 'hex'))
}

async function isAccount({ reviewToken }: SenderContext, accounts: string, { headers }: Report): Promise<boolean> {
  const [, token] = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '') ?? []
  if (token === undefined || reviewToken === undefined) return false
  const owner = await reviewToken(token, [audience])
  if (owner === null || !owner.audiences.includes(audience)) return false
  const allowed = accounts.split(',').map((account) => `system:serviceaccount:${account.trim().replace('/', ':')}`)
  return allowed.includes(owner.username)
}
