import { field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import { type KeyIo, type Request, readText } from './io.ts'
import type { KeyContext, MasterKey } from './masterkey.ts'

/**
 * A key of HashiCorp Vault's or OpenBao's transit engine. The token is `VAULT_TOKEN` or that of `~/.vault-token`.
 *
 * The file names the server that the token is sent to. So nothing is sent without a `request` in the context, and
 * `SOPS_HC_VAULT_ALLOWLIST` (`all`, `none` or addresses with commas between) bounds where to.
 */
export function vaultTransitKey(context: KeyContext): MasterKey {
  return {
    async wrap(part, entry) {
      const data = await call(context, entry, {
        verb: 'encrypt',
        body: { plaintext: Buffer.from(part).toString('base64') },
      })
      const createdAt = `${(context.now?.() ?? new Date()).toISOString().slice(0, 19)}Z`
      return { ...entry, enc: data, createdAt }
    },
    async unwrap(entry) {
      const data = await call(context, entry, { verb: 'decrypt', body: { ciphertext: entry.enc } })
      return Buffer.from(data, 'base64')
    },
  }
}

interface Call {
  readonly verb: 'encrypt' | 'decrypt'
  readonly body: Readonly<Record<string, string>>
}

async function call(context: KeyContext, entry: KeyEntry, { verb, body }: Call): Promise<string> {
  const { io } = context
  const request = io?.request
  if (io === undefined || request === undefined) {
    throw new KeyserviceError(
      'MASTER_KEY_UNSUPPORTED',
      'keys of Vault are not used here: nothing may be sent from here',
    )
  }
  const address = field(entry, 'vault_address')
  checkAllowed(io, address)
  const path = `${field(entry, 'engine_path')}/${verb}/${field(entry, 'key_name')}`
  const url = `${address}/v1/${path}`
  try {
    const answer = await request(url, { ...(await settings(io)), method: 'PUT', body: JSON.stringify(body) })
    return dataOf(answer, { url, name: verb === 'encrypt' ? 'ciphertext' : 'plaintext' })
  } catch (error) {
    const direction = verb === 'encrypt' ? 'to' : 'from'
    const reason = error instanceof KeyserviceError ? (error.upstream ?? error.message) : String(error)
    throw new KeyserviceError('IDENTITY_MISSING', `Vault did not ${verb} the data key`, {
      hint: 'see that VAULT_TOKEN is valid and may use the key, and that the server can be reached',
      upstream: `failed to ${verb} sops data key ${direction} Vault transit backend '${path}': ${reason}`,
    })
  }
}

function checkAllowed(io: KeyIo, address: string): void {
  const list = io.env['SOPS_HC_VAULT_ALLOWLIST'] || 'all'
  if (list === 'all') return
  const allowed = list === 'none' ? [] : list.split(',').map((entry) => slashed(entry.trim()))
  if (allowed.includes('/')) throw refused(`SOPS_HC_VAULT_ALLOWLIST's entry ${allowed.indexOf('/') + 1} is empty`)
  if (!allowed.some((prefix) => slashed(address).startsWith(prefix)))
    throw refused(`Allowlist does not allow ${address}`)
}

function slashed(address: string): string {
  return address.endsWith('/') ? address : `${address}/`
}

function refused(upstream: string): KeyserviceError {
  return new KeyserviceError(
    'IDENTITY_MISSING',
    'SOPS_HC_VAULT_ALLOWLIST does not allow the Vault that the file names',
    {
      hint: 'add its address to SOPS_HC_VAULT_ALLOWLIST if you trust it with your token',
      upstream,
    },
  )
}

async function settings(io: KeyIo): Promise<Omit<Request, 'method' | 'body'>> {
  const { VAULT_NAMESPACE: namespace, VAULT_CACERT: ca, VAULT_SKIP_VERIFY: skip } = io.env
  const token = io.env['VAULT_TOKEN'] || (await readText(io, `${io.env['HOME'] ?? ''}/.vault-token`))?.trim()
  const headers = {
    'x-vault-request': 'true',
    ...(token ? { 'x-vault-token': token } : {}),
    ...(namespace ? { 'x-vault-namespace': namespace } : {}),
  }
  const certificates = ca ? await readText(io, ca) : null
  return {
    headers,
    ...(certificates === null ? {} : { ca: certificates }),
    ...(skip !== undefined && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(skip) ? { insecure: true } : {}),
  }
}

function dataOf(answer: { status: number; text: string }, { url, name }: { url: string; name: string }): string {
  const body = parse(answer.text)
  if (answer.status >= 400) {
    const errors = Array.isArray(body['errors']) ? body['errors'].map((text) => `\n* ${String(text)}`).join('') : ''
    throw problem(`Error making API request.\n\nURL: PUT ${url}\nCode: ${answer.status}. Errors:\n${errors}`)
  }
  const data = body['data']
  if (typeof data !== 'object' || data === null) throw problem('transit backend is empty')
  const value = (data as Record<string, unknown>)[name]
  if (typeof value === 'string' && value !== '') return value
  throw problem(name === 'ciphertext' ? 'no encrypted data' : 'no decrypted data')
}

function problem(upstream: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'Vault refused', { upstream })
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
