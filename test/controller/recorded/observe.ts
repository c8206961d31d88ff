import type { Moto } from '../../servers/moto.ts'
import type { OpenBao } from '../../servers/openbao.ts'
import { callAws } from './provider.ts'

/** What of the providers a case's results hold, by the provider's part. */
export interface Observe {
  readonly vault_kv2?: readonly string[]
  readonly vault_kv1?: readonly string[]
  readonly sm?: readonly string[]
}

interface Servers {
  readonly bao: OpenBao
  readonly moto: Moto
}

/** The state of providers in the recorder's form. */
export async function observe(wanted: Observe, servers: Servers): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const place of wanted.vault_kv2 ?? []) found[`vault:${place}`] = await kv2(place, servers)
  for (const place of wanted.vault_kv1 ?? []) found[`vault1:${place}`] = await kv1(place, servers)
  for (const name of wanted.sm ?? []) found[`sm:${name}`] = await secretsManager(name, servers)
  return found
}

const missing = { code: 404 }

interface Answer {
  readonly data: {
    readonly data?: unknown
    readonly metadata?: { readonly version: number }
    readonly custom_metadata?: unknown
  }
}

async function kv2(place: string, { bao }: Servers): Promise<unknown> {
  const [mount, path] = place.split(':')
  const secret = await read(bao, `${mount}/data/${path}`)
  if (secret === null) return missing
  const metadata = await read(bao, `${mount}/metadata/${path}`)
  const { data, metadata: version } = secret.data
  return { data, version: version?.version, custom_metadata: metadata?.data.custom_metadata ?? null }
}

async function kv1(place: string, { bao }: Servers): Promise<unknown> {
  return (await read(bao, place.replace(':', '/')))?.data ?? missing
}

async function read(bao: OpenBao, path: string): Promise<Answer | null> {
  try {
    return (await bao.request('GET', path)) as Answer | null
  } catch (error) {
    if (error instanceof Error && error.message.includes('404')) return null
    throw error
  }
}

async function secretsManager(name: string, { moto }: Servers): Promise<unknown> {
  try {
    const value = await callAws(moto, 'secretsmanager.GetSecretValue', { SecretId: name })
    const described = await callAws(moto, 'secretsmanager.DescribeSecret', { SecretId: name })
    const tags = (described['Tags'] ?? []) as { Key: string; Value: string }[]
    return {
      string: value['SecretString'] ?? null,
      binary: value['SecretBinary'] ?? null,
      tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
      deleted: Boolean(described['DeletedDate']),
    }
  } catch (error) {
    if (error instanceof Error && error.message.includes('ResourceNotFound')) return { code: 400 }
    throw error
  }
}
