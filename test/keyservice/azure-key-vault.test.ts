import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { entry, type KeyEntry } from '@sealkit/core/sops'
import { type KeyIo, type MasterKeys, masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import { startKeyVault } from '../servers/keyvault.ts'
import { available } from '../servers/programs.ts'

const vault = await startKeyVault()
after(() => vault.stop())
beforeEach(() => {
  vault.taken.length = 0
  vault.resource = 'https://vault.azure.net'
})

/** What the credential was asked for. */
const asked: string[] = []

/** Keys over the vault: all hosts lead to it, and signing in gives its token. */
function keys(more: Partial<KeyIo> = {}): MasterKeys {
  const machine = machineIo({ env: {}, cwd: '/', network: true })
  class DefaultAzureCredential {
    async getToken(scope: string, { tenantId }: { tenantId?: string }): Promise<{ token: string }> {
      asked.push(`${scope} of ${tenantId}`)
      return { token: vault.token }
    }
  }
  const io: KeyIo = {
    ...machine,
    request: (url, options) => {
      assert.match(url, /^https:/)
      return machine.request?.(url.replace(/^https:\/\/[^/]+/, vault.url), options) ?? assert.fail()
    },
    load: async (name) => {
      assert.equal(name, '@azure/identity')
      return { DefaultAzureCredential }
    },
    ...more,
  }
  return masterKeys({ io, now: () => new Date(0) })
}

function key(fields: Partial<Record<'vault_url' | 'name' | 'version', string>> = {}): KeyEntry {
  return entry('azure_kv', {
    vault_url: 'https://test.vault.azure.net',
    name: 'dev',
    version: vault.version,
    ...fields,
  })
}

describe('keys of Azure Key Vault', () => {
  test('wrap and unwrap, after one challenge', async () => {
    asked.length = 0
    const { wrap, unwrap } = keys()
    const wrapped = await wrap(Buffer.from('a data key'), key())
    assert.match(wrapped.enc, /^[A-Za-z0-9_-]{342}$/)
    assert.equal(wrapped.createdAt, '1970-01-01T00:00:00Z')
    assert.equal(Buffer.from(await unwrap(wrapped)).toString(), 'a data key')
    const path = `/keys/dev/${vault.version}`
    assert.deepEqual(vault.taken, [
      `POST ${path}/encrypt`,
      `POST ${path}/encrypt with a token`,
      `POST ${path}/decrypt with a token`,
    ])
    assert.deepEqual(asked, ['https://vault.azure.net/.default of 11111111-2222-3333-4444-555555555555'])
  })

  test('a key without a version gets that of now, which the file keeps', async () => {
    const { wrap, unwrap } = keys()
    const wrapped = await wrap(Buffer.from('a data key'), key({ version: '' }))
    assert.equal(wrapped.fields['version'], vault.version)
    assert.equal(Buffer.from(await unwrap(wrapped)).toString(), 'a data key')
  })

  test('nothing of the data key goes out before the vault is known', async () => {
    const bodies: string[] = []
    const machine = machineIo({ env: {}, cwd: '/', network: true })
    const request: KeyIo['request'] = async (url, options) => {
      bodies.push(String(options.body))
      return machine.request?.(url.replace(/^https:\/\/[^/]+/, vault.url), options) ?? assert.fail()
    }
    await keys({ request }).wrap(Buffer.from('a data key'), key())
    assert.equal(bodies[0], '')
    assert.equal(bodies.length, 2)
  })
})

describe('what is refused', () => {
  const failures: Readonly<Record<string, readonly [key: KeyEntry, code: string, upstream: RegExp]>> = {
    'a key that is not there': [
      key({ name: 'nope' }),
      'IDENTITY_MISSING',
      /^failed to encrypt sops data key with Azure Key Vault key 'https:\/\/test\.vault\.azure\.net\/keys\/nope\/\w+': .*KeyNotFound/,
    ],
    'a key without a version that is not there': [
      key({ name: 'nope', version: '' }),
      'IDENTITY_MISSING',
      /^failed to fetch Azure Key to retrieve key version: /,
    ],
    'an address that is not https': [
      key({ vault_url: 'http://test.vault.azure.net' }),
      'MASTER_KEY_UNSUPPORTED',
      /invalid vault URL/,
    ],
    'an address with a path': [
      key({ vault_url: 'https://test.vault.azure.net/x' }),
      'MASTER_KEY_UNSUPPORTED',
      /invalid vault URL/,
    ],
    'an address with a user': [
      key({ vault_url: 'https://test.vault.azure.net@evil' }),
      'MASTER_KEY_UNSUPPORTED',
      /invalid vault URL/,
    ],
    'a vault of another domain': [
      key({ vault_url: 'https://evil.example' }),
      'IDENTITY_MISSING',
      /doesn't match the requested domain/,
    ],
    'a domain that only ends alike': [
      key({ vault_url: 'https://evilvault.azure.net' }),
      'IDENTITY_MISSING',
      /doesn't match the requested domain/,
    ],
  }
  for (const [name, [wrong, code, upstream]] of Object.entries(failures)) {
    test(name, async () => {
      asked.length = 0
      await assert.rejects(keys().wrap(Buffer.from('a data key'), wrong), { code, upstream })
      if (name.includes('domain')) assert.deepEqual(asked, [], 'no token is asked for')
    })
  }

  test('a vault that states no audience', async () => {
    vault.resource = ''
    await assert.rejects(keys().wrap(Buffer.from('x'), key()), { code: 'IDENTITY_MISSING', upstream: /doesn't match/ })
  })

  test('what is wrapped was damaged', async () => {
    const { unwrap } = keys()
    await assert.rejects(unwrap({ ...key(), enc: 'no base64' }), { code: 'IDENTITY_MISSING', upstream: /base64/ })
    await assert.rejects(unwrap({ ...key(), enc: 'AAAA' }), { code: 'IDENTITY_MISSING', upstream: /BadParameter/ })
  })

  test('nobody is signed in, with Azure’s own library', async (t) => {
    const programs = await available(t, 'cloud-sdks')
    if (programs === null) return
    const env = { SEALKIT_SDK_PATH: programs['cloud-sdks'] }
    const { load } = machineIo({ env, cwd: '/', network: true })
    const identity = (await load?.('@azure/identity')) as {
      DefaultAzureCredential: new () => { getToken: unknown }
      CredentialUnavailableError: new (text: string) => Error
    }
    assert.equal(typeof new identity.DefaultAzureCredential().getToken, 'function')
    // One credential that fails without asking any server stands for all of them.
    class DefaultAzureCredential {
      async getToken(): Promise<never> {
        throw new identity.CredentialUnavailableError('no credential is configured')
      }
    }
    await assert.rejects(keys({ load: async () => ({ DefaultAzureCredential }) }).wrap(Buffer.from('x'), key()), {
      code: 'IDENTITY_MISSING',
      message: 'Azure gave no token for the credentials at hand',
      upstream: 'failed to get Azure token credential: no credential is configured',
    })
  })

  test('the library that signs in is not installed', async () => {
    const { load } = machineIo({ env: { SEALKIT_SDK_PATH: '/nowhere' }, cwd: '/', network: true })
    assert.ok(load !== undefined)
    await assert.rejects(keys({ load }).wrap(Buffer.from('x'), key()), {
      code: 'SDK_MISSING',
      hint: 'run npm install --prefix ~/.sealkit @azure/identity@4 and set SEALKIT_SDK_PATH=~/.sealkit',
    })
  })
})
