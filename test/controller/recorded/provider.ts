import { createHash } from 'node:crypto'
import type { ControlPlane } from '../../servers/controlplane.ts'
import type { Moto } from '../../servers/moto.ts'
import type { OpenBao } from '../../servers/openbao.ts'

/** State of the providers that a case needs, as the recorder wrote it: see the README of the vectors. */
export interface ProviderState {
  readonly shared?: string
  readonly vault_kv2?: Readonly<Record<string, unknown>>
  readonly vault_kv2_update?: Readonly<Record<string, unknown>>
  readonly vault_kv2_raw?: Readonly<Record<string, string>>
  readonly vault_meta?: Readonly<Record<string, unknown>>
  readonly vault_kv1?: Readonly<Record<string, unknown>>
  readonly vault_kv1_raw?: Readonly<Record<string, string>>
  readonly vault_delete?: readonly string[]
  readonly vault_kv1_delete?: readonly string[]
  readonly vault_soft_delete?: Readonly<Record<string, readonly number[]>>
  readonly vault_destroy?: Readonly<Record<string, readonly number[]>>
  readonly sm?: readonly SecretsManagerSecret[]
  readonly sm_delete?: readonly string[]
  readonly sm_schedule_delete?: readonly string[]
  readonly sm_put?: readonly { readonly name: string; readonly string: string }[]
  readonly ssm?: readonly Parameter[]
  readonly ssm_delete?: readonly string[]
}

interface SecretVersion {
  readonly string?: string
  readonly binary?: string
  readonly stages?: readonly string[]
  readonly token?: string
}

interface SecretsManagerSecret extends SecretVersion {
  readonly name: string
  readonly versions?: readonly SecretVersion[]
  readonly tags?: Readonly<Record<string, string>>
  readonly description?: string
}

interface Parameter {
  readonly name: string
  readonly value?: string
  readonly versions?: readonly string[]
  readonly type?: string
  /** Versions by label. */
  readonly labels?: Readonly<Record<string, number>>
  readonly tags?: Readonly<Record<string, string>>
}

/** Mounts, policies and logins of the OpenBao that the cases were recorded with. */
export async function prepareOpenBao(bao: OpenBao, { url, adminConfig }: ControlPlane): Promise<void> {
  const kv = (version: string): object => ({ type: 'kv', options: { version } })
  const rules = (path: string, capabilities: string): object => ({
    policy: `path "${path}" { capabilities=[${capabilities}] }`,
  })
  const calls: readonly (readonly [string, string, object])[] = [
    ['POST', 'sys/mounts/kv2', kv('2')],
    ['POST', 'sys/mounts/kv1', kv('1')],
    ['POST', 'sys/mounts/nested/kv2', kv('2')],
    ['PUT', 'sys/policies/acl/eso', rules('*', '"create","read","update","delete","list"')],
    ['PUT', 'sys/policies/acl/narrow', rules('kv2/data/allowed/*', '"read"')],
    ['POST', 'sys/auth/approle', { type: 'approle' }],
    ['POST', 'sys/auth/userpass', { type: 'userpass' }],
    ['POST', 'auth/approle/role/eso', { token_policies: 'eso', token_ttl: '1h', secret_id_num_uses: 0 }],
    ['POST', 'auth/approle/role/eso/role-id', { role_id: 'role-id-eso' }],
    ['POST', 'auth/approle/role/eso/custom-secret-id', { secret_id: 'secret-id-eso' }],
    ['POST', 'auth/userpass/users/alice', { password: 'pw-alice', token_policies: 'eso' }],
    ['POST', 'sys/auth/kubernetes', { type: 'kubernetes' }],
    [
      'POST',
      'auth/kubernetes/config',
      {
        kubernetes_host: url,
        kubernetes_ca_cert: adminConfig.ca,
        disable_local_ca_jwt: true,
        disable_iss_validation: true,
      },
    ],
    [
      'POST',
      'auth/kubernetes/role/eso',
      {
        bound_service_account_names: '*',
        bound_service_account_namespaces: '*',
        token_policies: 'eso',
        token_ttl: '1h',
      },
    ],
    ['POST', 'auth/token/create', { id: 'eso-token', policies: ['eso'], ttl: '240h' }],
    ['POST', 'auth/token/create', { id: 'narrow-token', policies: ['narrow'], ttl: '240h' }],
  ]
  for (const [method, path, body] of calls) await bao.request(method, path, body)
}

/** Makes the state of a case. */
export async function applyState(state: ProviderState, { bao, moto }: { bao: OpenBao; moto: Moto }): Promise<void> {
  await applyVault(state, bao)
  await applySecretsManager(state, moto)
  await applyParameters(state, moto)
}

async function applyVault(state: ProviderState, bao: OpenBao): Promise<void> {
  const at = (place: string, part: string): string => place.replace(':', part === '' ? '/' : `/${part}/`)
  const quiet = (path: string): Promise<unknown> => bao.request('DELETE', path).catch(() => null)
  const raw = (path: string, body: string): Promise<unknown> => bao.requestText('POST', path, body)
  for (const [place, versions] of Object.entries(state.vault_kv2 ?? {})) {
    await quiet(at(place, 'metadata'))
    for (const data of Array.isArray(versions) ? versions : [versions]) {
      await bao.request('POST', at(place, 'data'), { data })
    }
  }
  for (const [place, data] of Object.entries(state.vault_kv2_update ?? {})) {
    await bao.request('POST', at(place, 'data'), { data })
  }
  for (const [place, text] of Object.entries(state.vault_kv2_raw ?? {})) {
    await quiet(at(place, 'metadata'))
    await raw(at(place, 'data'), `{"data":${text}}`)
  }
  for (const [place, data] of Object.entries(state.vault_meta ?? {}))
    await bao.request('POST', at(place, 'metadata'), data)
  for (const [place, data] of Object.entries(state.vault_kv1 ?? {})) await bao.request('POST', at(place, ''), data)
  for (const [place, text] of Object.entries(state.vault_kv1_raw ?? {})) await raw(at(place, ''), text)
  for (const place of state.vault_delete ?? []) await quiet(at(place, 'metadata'))
  for (const place of state.vault_kv1_delete ?? []) await quiet(at(place, ''))
  for (const [place, versions] of Object.entries(state.vault_soft_delete ?? {})) {
    await bao.request('POST', at(place, 'delete'), { versions })
  }
  for (const [place, versions] of Object.entries(state.vault_destroy ?? {})) {
    await bao.request('POST', at(place, 'destroy'), { versions })
  }
}

async function applySecretsManager(state: ProviderState, moto: Moto): Promise<void> {
  const call = (action: string, body: object): Promise<unknown> => callAws(moto, `secretsmanager.${action}`, body)
  const forget = (name: string): Promise<unknown> =>
    call('DeleteSecret', { SecretId: name, ForceDeleteWithoutRecovery: true }).catch(() => undefined)
  for (const secret of state.sm ?? []) {
    await forget(secret.name)
    for (const [index, version] of (secret.versions ?? [secret]).entries()) {
      const value = version.string === undefined ? { SecretBinary: version.binary } : { SecretString: version.string }
      const body = { ...value, ClientRequestToken: version.token ?? token(`${secret.name}${index}`) }
      const tags = Object.entries(secret.tags ?? {}).map(([Key, Value]) => ({ Key, Value }))
      if (index === 0)
        await call('CreateSecret', { ...body, Name: secret.name, Description: secret.description, Tags: tags })
      else await call('PutSecretValue', { ...body, SecretId: secret.name, VersionStages: version.stages })
    }
  }
  for (const name of state.sm_delete ?? []) await forget(name)
  for (const name of state.sm_schedule_delete ?? [])
    await call('DeleteSecret', { SecretId: name, RecoveryWindowInDays: 7 })
  for (const { name, string } of state.sm_put ?? [])
    await call('PutSecretValue', { SecretId: name, SecretString: string })
}

async function applyParameters(state: ProviderState, moto: Moto): Promise<void> {
  const call = (action: string, body: object): Promise<unknown> => callAws(moto, `AmazonSSM.${action}`, body)
  const forget = (name: string): Promise<unknown> => call('DeleteParameter', { Name: name }).catch(() => undefined)
  for (const { name, value, versions = [value], type = 'String', labels = {}, tags = {} } of state.ssm ?? []) {
    await forget(name)
    for (const [index, Value] of versions.entries()) {
      const first = index === 0 && Object.keys(tags).length > 0
      const Tags = Object.entries(tags).map(([Key, value]) => ({ Key, Value: value }))
      await call('PutParameter', { Name: name, Value, Type: type, Overwrite: index > 0, ...(first ? { Tags } : {}) })
    }
    for (const [label, ParameterVersion] of Object.entries(labels)) {
      await call('LabelParameterVersion', { Name: name, ParameterVersion, Labels: [label] })
    }
  }
  for (const name of state.ssm_delete ?? []) await forget(name)
}

/** A UUID from a text: version ids in Secrets Manager are such. */
function token(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Calls the emulator as the AWS SDK does, and gives what it answers. */
export async function callAws(moto: Moto, target: string, body: object): Promise<Record<string, unknown>> {
  const service = target.startsWith('secretsmanager') ? 'secretsmanager' : 'ssm'
  const response = await fetch(moto.url, {
    method: 'POST',
    headers: {
      'x-amz-target': target,
      'content-type': 'application/x-amz-json-1.1',
      authorization: `AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=x`,
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`moto ${target}: ${response.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
