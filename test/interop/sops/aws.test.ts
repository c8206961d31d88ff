import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { startMoto } from '../../servers/moto.ts'
import { available } from '../../servers/programs.ts'
import { plain } from './fixtures.ts'
import { runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'moto_server')

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const moto = await startMoto()
  after(() => moto.stop())
  const response = await fetch(`${moto.url}/`, {
    method: 'POST',
    headers: {
      'x-amz-target': 'TrentService.CreateKey',
      'content-type': 'application/x-amz-json-1.1',
      authorization:
        'AWS4-HMAC-SHA256 Credential=a/20240101/eu-west-1/kms/aws4_request, SignedHeaders=host, Signature=x',
    },
    body: '{}',
  })
  const { KeyMetadata } = (await response.json()) as { KeyMetadata: { Arn: string } }
  const arn = KeyMetadata.Arn
  const env = {
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL: moto.url,
    AWS_EC2_METADATA_DISABLED: 'true',
    SOPS_AGE_KEY_FILE: '',
  }
  const role = 'arn:aws:iam::123456789012:role/sops'

  describe('both ways', () => {
    const kinds: Readonly<Record<string, readonly string[]>> = {
      'an ARN': ['--kms', arn],
      'an encryption context': ['--kms', arn, '--encryption-context', 'a:1,b:2'],
      'a role': ['--kms', `${arn}+${role}`],
    }
    for (const [name, flags] of Object.entries(kinds)) {
      for (const [writer, reader] of [
        [programs.sops, undefined],
        [undefined, programs.sops],
      ] as const) {
        test(`${name}, ${writer === undefined ? 'ours encrypts' : 'the real one encrypts'}`, async () => {
          const line = { args: ['encrypt', ...flags, '--output', 'enc.json', 'plain.json'], env }
          const written = await runCase(line, plain, writer)
          assert.deepEqual([written.code, written.stderr], [0, ''])
          const again = await runCase(
            { args: ['decrypt', 'enc.json'], env },
            { ...plain, 'enc.json': written.raw['enc.json'] ?? '' },
            reader,
          )
          assert.deepEqual([again.stderr, again.code], ['', 0])
          assert.deepEqual(JSON.parse(again.stdout), JSON.parse(String(plain['plain.json'])))
        })
      }
    }
  })

  test('a key that is not there', async () => {
    const line = { args: ['encrypt', '--kms', arn.replace(/[^/]+$/, 'nope'), 'plain.json'], env }
    const [ours, theirs] = [await runCase(line, plain), await runCase(line, plain, programs.sops)]
    assert.deepEqual([ours.code, ours.stdout], [theirs.code, theirs.stdout])
    assert.match(
      ours.stderr,
      /^Could not generate data key: \[failed to encrypt new data key with master key "arn:.*nope": failed to encrypt sops data key with AWS KMS: /,
    )
  })

  test('an ARN that is none', async () => {
    const ours = await runCase({ args: ['encrypt', '--kms', 'nonsense', 'plain.json'], env }, plain)
    assert.deepEqual([ours.code, ours.stdout], [1, ''])
    assert.match(ours.stderr, /no valid ARN found in "nonsense"/)
  })
}
