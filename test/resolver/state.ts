import type { OpenBao } from '../servers/openbao.ts'
import type { Case } from './case.ts'

type State = NonNullable<Case['provider']>

/** Mounts, policies, auth methods and roles that the recorded cases use. */
export async function setUpOpenBao(bao: OpenBao): Promise<void> {
  const policy = (text: string): unknown => ({ policy: text })
  const all = 'path "*" { capabilities=["create","read","update","delete","list"] }'
  for (const [path, body] of [
    ['sys/mounts/kv2', { type: 'kv', options: { version: '2' } }],
    ['sys/mounts/kv1', { type: 'kv', options: { version: '1' } }],
    ['sys/mounts/nested/kv2', { type: 'kv', options: { version: '2' } }],
    ['sys/policies/acl/eso', policy(all)],
    ['sys/policies/acl/narrow', policy('path "kv2/data/allowed/*" { capabilities=["read"] }')],
    ['sys/auth/approle', { type: 'approle' }],
    ['sys/auth/userpass', { type: 'userpass' }],
    ['auth/approle/role/eso', { token_policies: 'eso', token_ttl: '1h', secret_id_num_uses: 0 }],
    ['auth/approle/role/eso/role-id', { role_id: 'role-id-eso' }],
    ['auth/approle/role/eso/custom-secret-id', { secret_id: 'secret-id-eso' }],
    ['auth/userpass/users/alice', { password: 'pw-alice', token_policies: 'eso' }],
    ['auth/token/create', { id: 'eso-token', policies: ['eso'], ttl: '240h' }],
    ['auth/token/create', { id: 'narrow-token', policies: ['narrow'], ttl: '240h' }],
  ] as const) {
    await bao.request('POST', path, body)
  }
}

/** Brings OpenBao to a case's state. */
export async function applyVaultState(bao: OpenBao, state: State): Promise<void> {
  const request = async (method: string, path: string, body?: unknown): Promise<void> => {
    await bao.request(method, path, body)
  }
  for (const [path, versions] of entries(state['vault_kv2'])) {
    const [mount, key] = split(path)
    await request('DELETE', `${mount}/metadata/${key}`)
    for (const data of Array.isArray(versions) ? versions : [versions]) {
      await request('POST', `${mount}/data/${key}`, { data })
    }
  }
  for (const [path, text] of entries(state['vault_kv2_raw'])) {
    const [mount, key] = split(path)
    await request('DELETE', `${mount}/metadata/${key}`)
    await raw(bao, `${mount}/data/${key}`, `{"data":${text}}`)
  }
  for (const [path, metadata] of entries(state['vault_meta'])) {
    await request('POST', split(path).join('/metadata/'), metadata)
  }
  for (const [path, data] of entries(state['vault_kv1'])) await request('POST', split(path).join('/'), data)
  for (const [path, text] of entries(state['vault_kv1_raw'])) await raw(bao, split(path).join('/'), String(text))
  for (const path of list(state['vault_delete'])) await request('DELETE', split(path).join('/metadata/'))
  for (const path of list(state['vault_kv1_delete'])) await request('DELETE', split(path).join('/'))
  for (const [path, versions] of entries(state['vault_soft_delete'])) {
    await request('POST', split(path).join('/delete/'), { versions })
  }
}

async function raw(bao: OpenBao, path: string, body: string): Promise<void> {
  const response = await fetch(`${bao.url}/v1/${path}`, {
    method: 'POST',
    headers: { 'x-vault-token': bao.token },
    body,
  })
  if (!response.ok) throw new Error(`OpenBao POST ${path}: ${response.status}`)
}

/** Brings the AWS emulator to a case's state. */
export async function applyAwsState(url: string, state: State): Promise<void> {
  for (const secret of list<SmSecret>(state['sm'])) await putSecret(url, secret)
  for (const SecretId of list(state['sm_delete'])) {
    await aws(url, 'secretsmanager.DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true }).catch(() => undefined)
  }
  for (const SecretId of list(state['sm_schedule_delete'])) {
    await aws(url, 'secretsmanager.DeleteSecret', { SecretId, RecoveryWindowInDays: 7 })
  }
  for (const { name, string } of list<{ name: string; string: string }>(state['sm_put'])) {
    await aws(url, 'secretsmanager.PutSecretValue', { SecretId: name, SecretString: string })
  }
  for (const parameter of list<SsmParameter>(state['ssm'])) await putParameter(url, parameter)
  for (const Name of list(state['ssm_delete'])) {
    await aws(url, 'AmazonSSM.DeleteParameter', { Name }).catch(() => undefined)
  }
}

interface SmVersion {
  readonly string?: string
  readonly binary?: string
  readonly token?: string
  readonly stages?: readonly string[]
}

interface SmSecret extends SmVersion {
  readonly name: string
  readonly versions?: readonly SmVersion[]
  readonly tags?: Readonly<Record<string, string>>
}

async function putSecret(url: string, secret: SmSecret): Promise<void> {
  const { name, versions = [secret], tags = {} } = secret
  await aws(url, 'secretsmanager.DeleteSecret', { SecretId: name, ForceDeleteWithoutRecovery: true }).catch(
    () => undefined,
  )
  for (const [index, version] of versions.entries()) {
    const value = version.string === undefined ? { SecretBinary: version.binary } : { SecretString: version.string }
    const ClientRequestToken = version.token ?? crypto.randomUUID()
    if (index === 0) {
      await aws(url, 'secretsmanager.CreateSecret', { Name: name, ClientRequestToken, Tags: pairs(tags), ...value })
    } else {
      const stages = version.stages === undefined ? {} : { VersionStages: version.stages }
      await aws(url, 'secretsmanager.PutSecretValue', { SecretId: name, ClientRequestToken, ...stages, ...value })
    }
  }
}

interface SsmParameter {
  readonly name: string
  readonly value?: string
  readonly versions?: readonly string[]
  readonly type?: string
  readonly labels?: Readonly<Record<string, number>>
  readonly tags?: Readonly<Record<string, string>>
}

async function putParameter(url: string, parameter: SsmParameter): Promise<void> {
  const { name: Name, value, versions = [value ?? ''], type: Type = 'String', labels = {}, tags = {} } = parameter
  await aws(url, 'AmazonSSM.DeleteParameter', { Name }).catch(() => undefined)
  for (const [index, Value] of versions.entries()) {
    const extra = index === 0 && Object.keys(tags).length > 0 ? { Tags: pairs(tags) } : {}
    await aws(url, 'AmazonSSM.PutParameter', { Name, Value, Type, Overwrite: index > 0, ...extra })
  }
  for (const [label, ParameterVersion] of Object.entries(labels)) {
    await aws(url, 'AmazonSSM.LabelParameterVersion', { Name, ParameterVersion, Labels: [label] })
  }
}

/** One call of an AWS JSON API, as anybody; the emulator checks no signature. */
export async function aws(url: string, target: string, body: unknown): Promise<unknown> {
  const service = target.startsWith('AmazonSSM.') ? 'ssm' : 'secretsmanager'
  const response = await fetch(`${url}/`, {
    method: 'POST',
    headers: {
      'x-amz-target': target,
      'content-type': 'application/x-amz-json-1.1',
      authorization: `AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=x`,
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${target}: ${response.status} ${await response.text()}`)
  return response.json()
}

function pairs(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

function entries(value: unknown): [string, unknown][] {
  return Object.entries(value ?? {})
}

function list<Item = string>(value: unknown): Item[] {
  return Array.isArray(value) ? value : []
}

/** `mount:path`. */
function split(path: string): [string, string] {
  const at = path.indexOf(':')
  return [path.slice(0, at), path.slice(at + 1)]
}
