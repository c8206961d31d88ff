import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { entry } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import { startCloudKms } from '../../servers/cloudkms.ts'
import { available } from '../../servers/programs.ts'
import { plain } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'cloud-sdks')

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const kms = await startCloudKms()
  after(() => kms.stop())
  const key = 'projects/p/locations/global/keyRings/ring/cryptoKeys/dev'
  const place = { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: kms.url, SOPS_AGE_KEY_FILE: '' }
  const env = { ...place, GOOGLE_OAUTH_ACCESS_TOKEN: kms.token }
  const encrypt = { args: ['encrypt', '--gcp-kms', key, '--output', 'enc.json', 'plain.json'], env }

  describe('both ways', () => {
    for (const [name, writer, reader] of [
      ['ours encrypts, the real one decrypts', undefined, programs.sops],
      ['the real one encrypts, ours decrypts', programs.sops, undefined],
    ] as const) {
      test(name, async () => {
        const written = await runCase(encrypt, plain, writer)
        assert.deepEqual([written.stderr, written.code], ['', 0])
        const files = { ...plain, 'enc.json': written.raw['enc.json'] ?? '' }
        const again = await runCase({ args: ['decrypt', 'enc.json'], env }, files, reader)
        assert.deepEqual([again.stderr, again.code], ['', 0])
        assert.deepEqual(JSON.parse(again.stdout), JSON.parse(plain['plain.json']))
      })
    }
  })

  describe('failures, the same outcome as the real sops', () => {
    const line = (resource: string, more: Readonly<Record<string, string>> = {}): Case => ({
      args: ['encrypt', '--gcp-kms', resource, 'plain.json'],
      env: { ...env, ...more },
    })
    const lines: Readonly<Record<string, Case>> = {
      'a resource that is none': line('projects/p/dev'),
      'a key that may not be used': line(key.replace('dev', 'forbidden')),
      'a token that is wrong': line(key, { GOOGLE_OAUTH_ACCESS_TOKEN: 'wrong' }),
    }
    for (const [name, one] of Object.entries(lines)) {
      test(name, async () => {
        assert.deepEqual(await runCase(one, plain), await runCase(one, plain, programs.sops))
      })
    }
  })

  const withKeyFile = async (sdkPath: string): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'gcp-'))
    writeFileSync(join(folder, 'token'), 'a token of this machine')
    const account = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${kms.url}/token`,
      credential_source: { file: join(folder, 'token') },
    }
    after(() => rmSync(folder, { recursive: true }))
    const variables = { ...place, GOOGLE_CREDENTIALS: JSON.stringify(account), SEALKIT_SDK_PATH: sdkPath }
    const { wrap, unwrap } = masterKeys({ io: machineIo({ env: variables, cwd: '/', network: true }) })
    const wrapped = await wrap(Buffer.from('a data key'), entry('gcp_kms', { resource_id: key }))
    return Buffer.from(await unwrap(wrapped)).toString()
  }

  test('the library that signs in is not installed: the error says what to do', async () => {
    await assert.rejects(withKeyFile('/nowhere'), {
      code: 'SDK_MISSING',
      hint: 'run npm install --prefix ~/.sealkit google-auth-library@10 and set SEALKIT_SDK_PATH=~/.sealkit',
    })
  })

  test('a context without requests sends nothing', async () => {
    const before = kms.taken.length
    const { unwrap } = masterKeys({ io: machineIo({ env, cwd: '/', network: false }) })
    const wrapped = { ...entry('gcp_kms', { resource_id: key }), enc: 'AAAA' }
    await assert.rejects(unwrap(wrapped), { code: 'MASTER_KEY_UNSUPPORTED' })
    assert.equal(kms.taken.length, before)
  })

  test('what is wrapped was damaged', async () => {
    const { unwrap } = masterKeys({ io: machineIo({ env, cwd: '/', network: true }) })
    for (const enc of ['AAAA', 'no base64']) {
      await assert.rejects(unwrap({ ...entry('gcp_kms', { resource_id: key }), enc }), {
        code: 'IDENTITY_MISSING',
        upstream: /^failed to decrypt sops data key with GCP KMS key: /,
      })
    }
  })

  test('an attempt that is given up ends at once', async () => {
    const { unwrap } = masterKeys({
      io: machineIo({ env: { ...env, SOPS_GCP_KMS_ENDPOINT: 'http://192.0.2.1' }, cwd: '/', network: true }),
    })
    const stop = new AbortController()
    const attempt = unwrap({ ...entry('gcp_kms', { resource_id: key }), enc: 'AAAA' }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 10)
    await assert.rejects(attempt, { code: 'IDENTITY_MISSING' })
  })

  test('a workload of this machine signs in with Google’s own library', async () => {
    assert.equal(await withKeyFile(programs['cloud-sdks']), 'a data key')
    assert.ok(kms.taken.includes('POST /token'))
  })
}
