import { field, type KeyEntry } from '@sealkit/core/sops'
import { KeyserviceError } from './error.ts'
import { type KeyIo, type Request, readText } from './io.ts'
import type { KeyContext, MasterKey } from './kind.ts'
import { createdAt, jsonObject, online, requestReason } from './sdk.ts'

/**
 * A key of HashiCorp Vault's or OpenBao's transit engine. The token is `VAULT_TOKEN` or that of `~/.vault-token`.
 *
 * The file names the server that the token is sent to. So nothing is sent without a `request` in the context, and
 * `SOPS_HC_VAULT_ALLOWLIST` (`all`, `none` or addresses with commas between) bounds where to.
 */
export function vaultTransitKey(context: KeyContext): MasterKey {
  return {
    async wrap(part, entry, options) {
      const data = await call(context, entry, {
        verb: 'encrypt',
        body: { plaintext: Buffer.from(part).toString('base64') },
        signal: options?.signal,
      })
      return { ...entry, enc: data, createdAt: createdAt(context.now) }
    },
    async unwrap(entry, options) {
      const data = await call(context, entry, {
        verb: 'decrypt',
        body: { ciphertext: entry.enc },
        signal: options?.signal,
      })
      return Buffer.from(data, 'base64')
    },
  }
}

interface Call {
  readonly verb: 'encrypt' | 'decrypt'
  readonly body: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

async function call(context: KeyContext, entry: KeyEntry, { verb, body, signal }: Call): Promise<string> {
  const io = online(context.io, 'Vault')
  const address = field(entry, 'vault_address')
  checkAllowed(io, address)
  const path = `${field(entry, 'engine_path')}/${verb}/${field(entry, 'key_name')}`
  const url = `${address}/v1/${path}`
  try {
    const answer = await io.request(url, {
      ...(await vaultSettings(io)),
      method: 'PUT',
      body: JSON.stringify(body),
      ...(signal && { signal }),
    })
    return dataOf(answer, {
      url,
      namespace: io.env['VAULT_NAMESPACE'] ?? '',
      name: verb === 'encrypt' ? 'ciphertext' : 'plaintext',
    })
  } catch (error) {
    const direction = verb === 'encrypt' ? 'to' : 'from'
    const reason =
      error instanceof KeyserviceError
        ? (error.upstream ?? error.message)
        : requestReason({ method: 'PUT', url }, error)
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

/** What every request to Vault or OpenBao has: the token, the namespace, what is trusted; of the environment and `~/.vault-token`. */
export async function vaultSettings(io: KeyIo): Promise<Omit<Request, 'method' | 'body'>> {
  const { VAULT_NAMESPACE: namespace, VAULT_SKIP_VERIFY: skip, VAULT_TLS_SERVER_NAME: serverName } = io.env
  const token = io.env['VAULT_TOKEN'] || (await readText(io, `${io.env['HOME'] ?? ''}/.vault-token`))?.trim()
  const headers = {
    'x-vault-request': 'true',
    ...(token ? { 'x-vault-token': token } : {}),
    ...(namespace ? { 'x-vault-namespace': namespace } : {}),
  }
  const ca = io.env['VAULT_CACERT_BYTES'] || (await pem(io, 'VAULT_CACERT'))
  const [certificate, key] = [await pem(io, 'VAULT_CLIENT_CERT'), await pem(io, 'VAULT_CLIENT_KEY')]
  return {
    headers,
    ...(ca ? { ca } : {}),
    ...(certificate && key ? { client: { certificate, key } } : {}),
    ...(serverName ? { serverName } : {}),
    ...(skip !== undefined && trueWords.includes(skip) ? { insecure: true } : {}),
  }
}

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True']

/** The content of a file that a variable names; a name without a file is an error, not a silent default. */
async function pem(io: KeyIo, variable: string): Promise<string | undefined> {
  const path = io.env[variable]
  if (!path) return undefined
  const text = await readText(io, path).catch(() => null)
  if (text !== null) return text
  throw new KeyserviceError('IDENTITY_MISSING', `the file that ${variable} names cannot be read`, {
    hint: `correct ${variable}`,
    upstream: `cannot create Vault client: error encountered setting up default configuration: open ${path}: no such file or directory`,
  })
}

/** What Vault's client for Go prints of an answer that is a refusal. */
export function vaultRefusal(
  { status, text }: { readonly status: number; readonly text: string },
  { method, url, namespace }: { readonly method: string; readonly url: string; readonly namespace: string },
): string {
  const { errors } = jsonObject(text)
  const list = Array.isArray(errors) ? errors.map((reason) => `\n* ${String(reason)}`).join('') : ''
  const where = namespace === '' ? '' : `Namespace: ${namespace}\n`
  return `Error making API request.\n\n${where}URL: ${method} ${url}\nCode: ${status}. Errors:\n${list}`
}

function dataOf(
  answer: { status: number; text: string },
  { url, namespace, name }: { url: string; namespace: string; name: string },
): string {
  const body = jsonObject(answer.text)
  if (answer.status >= 400) throw problem(vaultRefusal(answer, { method: 'PUT', url, namespace }))
  const data = body['data']
  if (typeof data !== 'object' || data === null) throw problem('transit backend is empty')
  const value = (data as Record<string, unknown>)[name]
  if (typeof value === 'string' && value !== '') return value
  throw problem(name === 'ciphertext' ? 'no encrypted data' : 'no decrypted data')
}

function problem(upstream: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', 'Vault refused', { upstream })
}
