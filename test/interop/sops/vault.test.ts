import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openFile } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import { startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { plain } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'bao')

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const bao = await startOpenBao()
  after(() => bao.stop())
  await bao.request('POST', 'sys/mounts/transit', { type: 'transit' })
  await bao.request('POST', 'transit/keys/dev')
  await bao.request('POST', 'sys/mounts/a/b', { type: 'transit' })
  await bao.request('POST', 'sys/namespaces/team')
  await bao.request('POST', 'team/sys/mounts/transit', { type: 'transit' })
  await bao.request('POST', 'team/transit/keys/ours')
  const key = `${bao.url}/v1/transit/keys/dev`
  const env = { VAULT_TOKEN: bao.token, SOPS_AGE_KEY_FILE: '' }
  const encrypted = await runCase(
    { args: ['encrypt', '--hc-vault-transit', key, '-i', 'plain.json'], env },
    plain,
    programs.sops,
  )

  describe('the same outcome as the real sops', () => {
    const lines: Readonly<Record<string, Case>> = {
      encrypt: { args: ['encrypt', '--hc-vault-transit', key, 'plain.json'], env },
      'token of the home folder': {
        args: ['encrypt', '--hc-vault-transit', key, 'plain.json'],
        env: { ...env, VAULT_TOKEN: '' },
        files: { '.vault-token': `${bao.token}\n` },
      },
      'no token': { args: ['encrypt', '--hc-vault-transit', key, 'plain.json'], env: { ...env, VAULT_TOKEN: 'wrong' } },
      'a key that must not be made': {
        args: ['encrypt', '--hc-vault-transit', `${bao.url}/v1/nowhere/keys/dev`, 'plain.json'],
        env,
      },
      'allowed address': {
        args: ['encrypt', '--hc-vault-transit', key, 'plain.json'],
        env: { ...env, SOPS_HC_VAULT_ALLOWLIST: `http://x, ${bao.url}` },
      },
      'address that is not allowed': {
        args: ['encrypt', '--hc-vault-transit', key, 'plain.json'],
        env: { ...env, SOPS_HC_VAULT_ALLOWLIST: 'http://x' },
      },
      'a namespace': {
        args: ['encrypt', '--hc-vault-transit', `${bao.url}/v1/transit/keys/ours`, 'plain.json'],
        env: { ...env, VAULT_NAMESPACE: 'team' },
      },
      'a key of another namespace': {
        args: ['decrypt', 'enc.json'],
        env: { ...env, VAULT_NAMESPACE: 'team' },
        files: { 'enc.json': encrypted.raw['plain.json'] ?? '' },
      },
      'an engine below a path': {
        args: ['encrypt', '--hc-vault-transit', `${bao.url}/v1/a/b/keys/dev`, 'plain.json'],
        env,
      },
      'a wrapped key that was damaged': {
        args: ['decrypt', 'enc.json'],
        env,
        files: { 'enc.json': String(encrypted.raw['plain.json']).replace('vault:v1:', 'vault:v9:') },
      },
      'a server that is not there': {
        args: ['encrypt', '--hc-vault-transit', 'http://127.0.0.1:1/v1/transit/keys/dev', 'plain.json'],
        env: { ...env, VAULT_MAX_RETRIES: '0' },
      },
      'no address allowed': {
        args: ['encrypt', '--hc-vault-transit', key, 'plain.json'],
        env: { ...env, SOPS_HC_VAULT_ALLOWLIST: 'none' },
      },
      'an empty entry': {
        args: ['encrypt', '--hc-vault-transit', key, 'plain.json'],
        env: { ...env, SOPS_HC_VAULT_ALLOWLIST: 'http://x,' },
      },
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () => {
        const show = (outcome: unknown): unknown =>
          JSON.parse(
            JSON.stringify(outcome)
              .replaceAll(/vault:v1:[A-Za-z0-9+/=]+/g, 'WRAPPED')
              .replaceAll(/created_at(\\": \\")[^\\]+/g, 'created_at$1TIME'),
          )
        assert.deepEqual(show(await runCase(line, plain)), show(await runCase(line, plain, programs.sops)))
      })
    }
  })

  test('both ways', async () => {
    assert.deepEqual(encrypted.stderr, '')
    for (const [writer, reader] of [
      [programs.sops, undefined],
      [undefined, programs.sops],
    ] as const) {
      const both = { args: ['encrypt', '--hc-vault-transit', key, '--output', 'enc.json', 'plain.json'], env }
      const { raw } = await runCase(both, plain, writer)
      const again = await runCase(
        { args: ['decrypt', 'enc.json'], env },
        { ...plain, 'enc.json': raw['enc.json'] ?? '' },
        reader,
      )
      assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, JSON.parse(String(plain['plain.json']))])
    }
  })

  test('a context without requests sends nothing', async () => {
    const { raw } = await runCase(
      { args: ['encrypt', '--hc-vault-transit', key, '--output', 'enc.json', 'plain.json'], env },
      plain,
    )
    const { unwrap } = masterKeys({ io: { env, readFile: async () => null, run: async () => assert.fail() } })
    await assert.rejects(openFile(raw['enc.json'] ?? '', { format: 'json', unwrap }), { code: 'DATA_KEY_UNAVAILABLE' })
  })
}
