import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { entry } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import { createAuthority } from '../../servers/certificates.ts'
import { startClouds } from '../../servers/clouds.ts'
import { available } from '../../servers/programs.ts'
import type { Case, Outcome } from './unwrapping.ts'

const clouds = await startClouds()
const home = mkdtempSync(join(tmpdir(), 'home-'))
after(async () => {
  rmSync(home, { recursive: true, force: true })
  await clouds.stop()
})

const tenant = '11111111-2222-3333-4444-555555555555'
const resource = 'projects/p/locations/global/keyRings/ring/cryptoKeys/dev'

/** A service account of Google, as its JSON key; the KMS takes the token of those that are `known`. */
function account(name: string, known: boolean): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const client_email = `${name}@p.iam.gserviceaccount.com`
  clouds.google.set(client_email, { key: publicKey, token: known ? clouds.kms.token : 'of somebody else' })
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return JSON.stringify({ type: 'service_account', project_id: 'p', private_key_id: 'a', private_key, client_email })
}

function principal(name: string, proof: { secret: string } | { certificate: string }, known = true): void {
  clouds.azure.set(`${tenant}/${name}`, { ...proof, token: known ? clouds.vault.token : 'of somebody else' })
}

const issued = createAuthority('azure').issue({ name: 'principal' })
const pem = `${issued.certificate}${issued.key}`
principal('by-secret', { secret: 'a secret' })
principal('by-number', { secret: '12345678' })
principal('by-certificate', { certificate: issued.certificate })
principal('of-another', { secret: 'a secret' }, false)
const [knownAccount, otherAccount] = [account('known', true), account('other', false)]

/** Data keys that Google's and Azure's wrapped. */
const machine = machineIo({ env: {}, cwd: '/', network: true })
const google = await masterKeys({
  io: { ...machine, env: { SOPS_GCP_KMS_ENDPOINT: clouds.kms.url, GOOGLE_OAUTH_ACCESS_TOKEN: clouds.kms.token } },
}).wrap(Buffer.from('a data key'), entry('gcp_kms', { resource_id: resource }))
const azure = await masterKeys({
  io: {
    ...machine,
    request: (url, options) =>
      machine.request?.(url.replace(/^https:\/\/[^/]+/, clouds.vault.url), options) ?? assert.fail(),
    load: async () => ({
      DefaultAzureCredential: class {
        getToken = async () => ({ token: clouds.vault.token })
      },
    }),
  },
}).wrap(
  Buffer.from('a data key'),
  entry('azure_kv', { vault_url: 'https://test.vault.azure.net', name: 'dev', version: clouds.vault.version }),
)

/** Runs cases in one process that has good credentials of its own for both clouds. */
async function outcomes(
  cases: readonly Case[],
  sdks: string,
  authority = 'https://login.example.net',
): Promise<readonly Outcome[]> {
  writeFileSync(join(home, 'google.json'), knownAccount)
  const env = {
    ...clouds.env,
    PATH: process.env['PATH'],
    HOME: home,
    SEALKIT_SDK_PATH: sdks,
    GOOGLE_APPLICATION_CREDENTIALS: join(home, 'google.json'),
    GOOGLE_OAUTH_ACCESS_TOKEN: clouds.kms.token,
    AZURE_TENANT_ID: tenant,
    AZURE_CLIENT_ID: 'by-secret',
    AZURE_CLIENT_SECRET: 'a secret',
    AZURE_AUTHORITY_HOST: authority,
  }
  const script = join(import.meta.dirname, 'unwrapping.ts')
  const child = spawn(process.execPath, ['--conditions=source', '--no-warnings', script], { env, stdio: 'pipe' })
  try {
    child.stdin.end(JSON.stringify(cases))
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    assert.equal(err, '')
    return JSON.parse(out) as readonly Outcome[]
  } finally {
    child.kill('SIGKILL')
  }
}

const azureFile = (fields: Readonly<Record<string, unknown>>): Case => ({
  entries: { 'sops.azure-kv': JSON.stringify(fields) },
  key: azure,
})
const googleFile = (content: string): Case => ({ entries: { 'sops.gcp-kms': content }, key: google })
const yaml = `tenantId: ${tenant}\nclientId: by-secret\nclientSecret: a secret\n`
const utf16 = (order: 'le' | 'be'): Case => {
  const bytes = Buffer.from(`\ufeff${yaml}`, 'utf16le')
  return { bytes: { 'sops.azure-kv': (order === 'le' ? bytes : bytes.swap16()).toString('base64') }, key: azure }
}

const decrypts: Readonly<Record<string, Case>> = {
  'the key of a service account of Google': googleFile(`\n${knownAccount}\n`),
  'a secret of Azure, in YAML': { entries: { 'sops.azure-kv': yaml }, key: azure },
  'a secret of Azure, in UTF-16, the lower byte first': utf16('le'),
  'a secret of Azure, in UTF-16, the higher byte first': utf16('be'),
  'a secret of Azure that is a number, names in other letters': {
    entries: { 'sops.azure-kv': `TenantID: ${tenant}\nClientID: by-number\nclientsecret: 12345678\n` },
    key: azure,
  },
  'a certificate of Azure': azureFile({ tenantId: tenant, clientId: 'by-certificate', clientCertificate: pem }),
  'a certificate of Azure with its chain': azureFile({
    tenantId: tenant,
    clientId: 'by-certificate',
    clientCertificate: pem,
    clientCertificateSendChain: true,
  }),
  'what az prints': azureFile({ tenant, appId: 'by-secret', password: 'a secret', displayName: 'x' }),
  'a place of its own to sign in': azureFile({
    tenantId: tenant,
    clientId: 'by-secret',
    clientSecret: 'a secret',
    authorityHost: 'https://login.example.com/',
  }),
  'the controller’s own credentials for a key of Google that a rule names': { identity: ['projects/p/*'], key: google },
}

const fails: Readonly<Record<string, readonly [one: Case, message: RegExp]>> = {
  'another tenant’s service account, after one that works': [
    googleFile(otherAccount),
    /Google Cloud KMS did not decrypt/,
  ],
  'another tenant’s principal, after one that works': [
    azureFile({ tenantId: tenant, clientId: 'of-another', clientSecret: 'a secret' }),
    /Azure Key Vault did not decrypt/,
  ],
  'a wrong secret of Azure': [
    azureFile({ tenantId: tenant, clientId: 'by-secret', clientSecret: 'wrong' }),
    /Azure gave no token/,
  ],
  'no entry for Google': [
    { entries: { 'sops.azure-kv': yaml }, key: google },
    /holds nothing for keys of the kind gcp_kms/,
  ],
  'no entry for Azure': [
    { entries: { 'sops.gcp-kms': knownAccount }, key: azure },
    /holds nothing for keys of the kind azure_kv/,
  ],
  'a key of Google that no rule names': [{ identity: ['projects/q/*'], key: google }, /no rule lets the controller/],
  'a key of Google whose path leads out of the rule’s': [
    {
      identity: ['projects/p/*'],
      key: { ...google, fields: { resource_id: 'projects/p/locations/../keyRings/ring/cryptoKeys/dev' } },
    },
    /no rule lets the controller/,
  ],
  'a key of Azure that no rule names': [
    { identity: ['https://other.vault.azure.net/*'], key: azure },
    /no rule lets the controller/,
  ],
}

const elsewhere = { credential_source: { file: '/var/run/secrets/token' }, audience: 'x', token_url: 'x' }
const refused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Google credentials that are no JSON': { 'sops.gcp-kms': 'service_account' },
  'Google credentials without a type': { 'sops.gcp-kms': '{}' },
  'Google credentials in a file of the controller': {
    'sops.gcp-kms': JSON.stringify({ type: 'external_account', ...elsewhere }),
  },
  'Google credentials of another, by a file of the controller': {
    'sops.gcp-kms': JSON.stringify({
      type: 'impersonated_service_account',
      source_credentials: { type: 'external_account', ...elsewhere },
    }),
  },
  'Azure credentials that are none': { 'sops.azure-kv': '{}' },
  'Azure credentials that are no YAML': { 'sops.azure-kv': '{' },
  'Azure credentials without the secret': { 'sops.azure-kv': JSON.stringify({ tenantId: tenant, clientId: 'x' }) },
  'a managed identity of the machine': { 'sops.azure-kv': 'clientId: by-secret' },
  'a place to sign in without encryption': { 'sops.azure-kv': `${yaml}authorityHost: http://login.example.com\n` },
  'a secret of Azure that is a list': { 'sops.azure-kv': `tenantId: ${tenant}\nclientId: x\nclientSecret: [a]\n` },
}

describe('keys of Google Cloud and Azure by key Secrets', () => {
  test('what the real libraries sign in with is the Secret’s own, whatever the process itself has', async (t) => {
    const programs = await available(t, 'cloud-sdks')
    if (programs === null) return
    const results = await outcomes(
      [...Object.values(decrypts), ...Object.values(fails).map(([one]) => one)],
      programs['cloud-sdks'],
    )
    for (const [index, [name, { identity }]] of Object.entries(decrypts).entries()) {
      await t.test(`decrypts: ${name}`, () =>
        assert.deepEqual(results[index], { plain: 'a data key' }, String(identity)),
      )
    }
    const offset = Object.keys(decrypts).length
    for (const [index, [name, [, message]]] of Object.entries(fails).entries()) {
      await t.test(`fails: ${name}`, () => {
        const outcome = results[offset + index]
        assert.ok(outcome !== undefined && 'code' in outcome)
        assert.equal(outcome.code, 'IDENTITY_MISSING')
        assert.match(outcome.message, message)
      })
    }
    await t.test(
      'signs in where the Secret says, else at the public cloud, and never where the process is told to',
      () => {
        assert.ok(clouds.taken.includes(`login.microsoftonline.com/${tenant}/oauth2/v2.0/token`))
        assert.ok(clouds.taken.includes(`login.example.com/${tenant}/oauth2/v2.0/token`))
        assert.ok(!clouds.taken.some((path) => path.startsWith('login.example.net')))
      },
    )
  })

  test('the controller’s own credentials, for a key of Azure that a rule names', async (t) => {
    const programs = await available(t, 'cloud-sdks')
    if (programs === null) return
    const named = { identity: ['https://test.vault.azure.net/keys/dev/*'], key: azure }
    const other = { ...named, identity: ['https://test.vault.azure.net/keys/prod/*'] }
    const authority = 'https://login.microsoftonline.com'
    const [one, two] = await outcomes([named, other], programs['cloud-sdks'], authority)
    assert.deepEqual(one, { plain: 'a data key' })
    assert.equal(two !== undefined && 'code' in two ? two.code : null, 'IDENTITY_MISSING')
  })

  test('entries that are not what their names say, or would use what is the machine’s own', async (t) => {
    const cases = Object.values(refused).map((entries) => ({ entries, key: google }))
    const results = await outcomes(cases, '/nowhere')
    for (const [index, name] of Object.keys(refused).entries()) {
      await t.test(`refuses ${name}`, () => {
        const outcome = results[index]
        assert.ok(outcome !== undefined && 'code' in outcome)
        assert.equal(outcome.code, 'KEY_SECRET_INVALID')
        assert.ok(!outcome.message.includes(tenant))
      })
    }
  })

  test('the libraries are not installed: the error says so', async () => {
    const [one, other] = await outcomes(
      [googleFile(knownAccount), { entries: { 'sops.azure-kv': yaml }, key: azure }],
      '/nowhere',
    )
    for (const outcome of [one, other])
      assert.equal(outcome !== undefined && 'code' in outcome && outcome.code, 'SDK_MISSING')
  })
})
