import { field, type KeyEntry, keyName } from '@sealkit/core/sops'
import { type AzureTokens, azureTokens } from './azure-credentials.ts'
import { KeyserviceError } from './error.ts'
import { reasonOf } from './identities.ts'
import type { KeyIo, Response } from './io.ts'
import type { KeyContext, MasterKey } from './kind.ts'
import { createdAt, fromBase64, jsonObject, online } from './sdk.ts'

const apiVersion = '7.4'
const algorithm = 'RSA-OAEP-256'

/**
 * A key of Azure Key Vault: RSA-OAEP-256 by its REST API. `@azure/identity` signs in, with the context's
 * credentials or else with Azure's default ones.
 *
 * The file names the vault. A token is asked for the audience that the vault states, and only where the vault's own
 * name is below it, so that a foreign server gets none that is good elsewhere.
 */
export function azureKeyVaultKey(context: KeyContext): MasterKey {
  const vaults = new Vaults(context)
  return {
    async wrap(part, entry, options) {
      const named = await versioned(vaults, entry, options?.signal)
      const value = Buffer.from(part).toString('base64url')
      const enc = await operate(vaults, named, { verb: 'encrypt', value, signal: options?.signal })
      return { ...named, enc, createdAt: createdAt(context.now) }
    },
    async unwrap(entry, options) {
      if (fromBase64(entry.enc, 'base64url') === null) {
        throw refused('decrypt', 'failed to base64 decode Azure Key Vault encrypted key: illegal base64 data')
      }
      const value = await operate(vaults, entry, { verb: 'decrypt', value: entry.enc, signal: options?.signal })
      return Buffer.from(value, 'base64url')
    },
  }
}

type Verb = 'encrypt' | 'decrypt'

interface Operation {
  readonly verb: Verb
  readonly value: string
  readonly signal: AbortSignal | undefined
}

async function operate(vaults: Vaults, entry: KeyEntry, { verb, value, signal }: Operation): Promise<string> {
  const prefix = `failed to ${verb} sops data key with Azure Key Vault key '${keyName(entry)}': `
  const body = JSON.stringify({ alg: algorithm, value })
  const answer = await vaults.send(keyUrl(entry, `/${verb}`), { method: 'POST', body, signal }, (reason) =>
    refused(verb, prefix + reason),
  )
  const result = jsonObject(answer.text)['value']
  if (typeof result === 'string') return result
  throw refused(verb, `${prefix}the answer holds no value`)
}

/** The entry with the key's newest version where it names none. */
async function versioned(vaults: Vaults, entry: KeyEntry, signal: AbortSignal | undefined): Promise<KeyEntry> {
  if (field(entry, 'version') !== '') return entry
  const fail = (reason: string): KeyserviceError =>
    refused('encrypt', `failed to fetch Azure Key to retrieve key version: ${reason}`)
  const answer = await vaults.send(keyUrl(entry, ''), { method: 'GET', body: '', signal }, fail)
  const key = jsonObject(answer.text)['key']
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? String(key.kid) : ''
  const version = /\/keys\/[^/]+\/([^/]+)$/.exec(kid)?.[1]
  if (version === undefined) throw fail('the answer holds no version')
  return { ...entry, fields: { ...entry.fields, version } }
}

function keyUrl(entry: KeyEntry, operation: string): string {
  const [vault = '', name = '', version = ''] = ['vault_url', 'name', 'version'].map((part) => field(entry, part))
  if (!/^https:\/\/[^/?#@]+\/?$/.test(vault)) {
    throw new KeyserviceError('MASTER_KEY_UNSUPPORTED', 'the address of an Azure Key Vault is malformed', {
      hint: 'write https://VAULT.vault.azure.net/keys/NAME/VERSION',
      upstream: `failed to construct Azure Key Vault client: invalid vault URL ${JSON.stringify(vault)}`,
    })
  }
  const path = ['keys', name, ...(version === '' ? [] : [version])].map(encodeURIComponent).join('/')
  return `${vault.replace(/\/$/, '')}/${path}${operation}?api-version=${apiVersion}`
}

interface Sending {
  readonly method: string
  readonly body: string
  readonly signal: AbortSignal | undefined
}

/** Requests to vaults, with a token for each audience. */
class Vaults {
  readonly #context: KeyContext
  #credential: Promise<AzureTokens> | undefined
  /** Headers that a vault's host has accepted. */
  readonly #tokens = new Map<string, string>()

  constructor(context: KeyContext) {
    this.#context = context
  }

  async send(url: string, sending: Sending, fail: (reason: string) => KeyserviceError): Promise<Response> {
    const io = online(this.#context.io, 'Azure Key Vault')
    try {
      const known = this.#tokens.get(new URL(url).host)
      const first = await this.#request(io, url, { ...sending, ...(known === undefined && { body: '' }) }, known)
      const answer = first.status === 401 ? await this.#answerChallenge(io, url, sending, first) : first
      if (answer.status < 400) return answer
      throw fail(refusal(answer))
    } catch (error) {
      throw error instanceof KeyserviceError ? error : fail(reasonOf(error))
    }
  }

  #request(
    io: ReturnType<typeof online>,
    url: string,
    { method, body, signal }: Sending,
    token?: string,
  ): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    }
    return io.request(url, { method, headers, body, ...(signal && { signal }) })
  }

  async #answerChallenge(
    io: ReturnType<typeof online>,
    url: string,
    sending: Sending,
    challenged: Response,
  ): Promise<Response> {
    const { host, hostname } = new URL(url)
    const { tenant, scope } = readChallenge(challenged, hostname)
    const token = await this.#token(io, scope, {
      ...(tenant !== undefined && { tenantId: tenant }),
      ...(sending.signal && { abortSignal: sending.signal }),
    })
    this.#tokens.set(host, token)
    return this.#request(io, url, sending, token)
  }

  async #token(io: KeyIo, scope: string, options: Parameters<AzureTokens['getToken']>[1]): Promise<string> {
    try {
      this.#credential ??= azureTokens(io, this.#context.azure)
      return (await (await this.#credential).getToken(scope, options)).token
    } catch (cause) {
      // What was missing may be there the next time.
      this.#credential = undefined
      if (cause instanceof KeyserviceError) throw cause
      throw new KeyserviceError('IDENTITY_MISSING', 'Azure gave no token for the credentials at hand', {
        cause,
        hint: 'sign in with az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
        upstream: `failed to get Azure token credential: ${reasonOf(cause)}`,
      })
    }
  }
}

/** What a vault asks for (challenge authentication): `Bearer authorization="https://login/TENANT", resource="..."`. */
function readChallenge({ headers }: Response, hostname: string): { tenant: string | undefined; scope: string } {
  const text = [headers?.['www-authenticate'] ?? ''].flat().join(' ')
  const fields = Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  const audience = fields['scope'] ?? (fields['resource'] === undefined ? undefined : `${fields['resource']}/.default`)
  const domain = audience !== undefined && URL.canParse(audience) ? new URL(audience).hostname : undefined
  if (audience === undefined || domain === undefined || !`.${hostname}`.endsWith(`.${domain}`)) {
    throw new KeyserviceError('IDENTITY_MISSING', 'the vault asks for a token that is not for itself', {
      hint: 'look at vault_url in the file: a token is not sent there',
      upstream: `challenge resource ${JSON.stringify(domain ?? '')} doesn't match the requested domain`,
    })
  }
  return { tenant: /^https:\/\/[^/]+\/([^/]+)/.exec(fields['authorization'] ?? '')?.[1], scope: audience }
}

function refusal({ status, text }: Response): string {
  const error = jsonObject(text)['error']
  const { code = '', message = '' } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >
  return `RESPONSE ${status}: ERROR CODE: ${String(code)}: ${String(message)}`
}

function refused(verb: Verb, upstream: string): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', `Azure Key Vault did not ${verb} the data key`, {
    hint: 'see that the credentials are valid and may use the key',
    upstream,
  })
}
