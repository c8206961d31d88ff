import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { armor, checkRecipient, dearmor, decryptAge, encryptAge } from '@sealkit/core/age'
import { fc } from '../../property.ts'

const recipient = 'age1aars3tw9c0pvmp88zt9lmqxmwrxqwg8nagj9qmuh3fefnfdghvyqtuh53q'
const identity = 'AGE-SECRET-KEY-16CWURPA53MRM3JW23NM5VXPT6G4NW80RAUQ9EYQVZ8QRXGCFSUUQERGAKV'
const other = 'AGE-SECRET-KEY-19NUR9646ES8MNAMG9FSPDLY7U2NF6CMV9QM2TXV9GHZ2A62VZQWQ5ZR9LN'
/** Made by the real age for `recipient`; it holds "a data key". */
const sample = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBnNHRqYi9SZnh1c0hWeC91
ZDVZR3N6YXVCT2crRUMvdk9abXRjMlRsQVF3Clg5aEdTRXp5S1UwUTd0Z3VVQlRT
Q3p4MktHVklpNnR5aTI5dkJ5d0FWVW8KLS0tIHFQS0VzdE1qaEs0aU5Vc0dVVG14
L0doKzA1T09Rb1duM3d5VFhoN09jaEEKxtY5yno8LR7kzyY/QeAlo9jvTiTSC4+7
AkuSa9z/KAByfrvhvc/KspBz
-----END AGE ENCRYPTED FILE-----
`

test('a file made by age', async () => {
  assert.equal(Buffer.from((await decryptAge(sample, [other, identity])) ?? '').toString(), 'a data key')
})

test('a file for somebody else gives null', async () => {
  assert.equal(await decryptAge(sample, [other]), null)
  assert.equal(await decryptAge(sample, []), null)
})

test('what is encrypted comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (secret) => {
      const text = await encryptAge(secret, recipient)
      assert.match(text, /^-----BEGIN AGE ENCRYPTED FILE-----\n(?:.{1,64}\n)+-----END AGE ENCRYPTED FILE-----\n$/)
      assert.deepEqual(Buffer.from((await decryptAge(text, [identity])) ?? ''), Buffer.from(secret))
    }),
    { numRuns: 30 },
  )
})

test('every change of a byte is found', async () => {
  const bytes = dearmor(sample)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    const result = await decryptAge(armor(changed), [identity]).catch(() => null)
    assert.equal(result, null, `byte ${at}`)
  }
  for (let length = 0; length < bytes.length; length++) {
    const result = await decryptAge(armor(bytes.subarray(0, length)), [identity]).catch(() => null)
    assert.equal(result, null, `${length} bytes`)
  }
})

const lines = sample.split('\n')
/** Armor that the real age refuses too. */
const malformed: readonly (readonly [why: string, text: string])[] = [
  ['nothing', ''],
  ['no armor', 'age-encryption.org/v1\n'],
  ['no end', lines.slice(0, -2).join('\n')],
  ['text before', `x\n${sample}`],
  ['text behind', `${sample}x`],
  ['an empty body', `${lines[0]}\n${lines.at(-2)}`],
  ['a short line', sample.replace(lines[1] ?? '', `${lines[1]?.slice(0, 60)}\n${lines[1]?.slice(60)}`)],
  ['blanks in the body', sample.replace(lines[1] ?? '', ` ${lines[1]}`)],
  ['a character that is no base64', sample.replace(lines[1] ?? '', (lines[1] ?? '').replace(/^./, '!'))],
]

describe('what is no armored age file', () => {
  for (const [why, text] of malformed) {
    test(why, () => assert.rejects(decryptAge(text, [identity]), { code: 'INVALID_FORMAT' }))
  }
})

describe('identities that are none', () => {
  for (const text of [
    identity.slice(0, -1),
    `${identity.slice(0, -1)}Q`,
    identity.replace('1', '1q'),
    'AGE-SECRET-KEY-1',
  ]) {
    test(`${text.length} characters`, async () => {
      await assert.rejects(decryptAge(sample, [text]), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'INVALID_KEY')
        assert.ok(
          !error.message.includes('SECRET-KEY-1GF') && !String(error.stack).includes(identity),
          'no key in the error',
        )
        return true
      })
    })
  }
})

describe('recipients that are none', () => {
  for (const [text, upstream] of [
    ['', /unknown recipient type: ""$/],
    ['nonsense', /unknown recipient type: "nonsense"$/],
    [recipient.toUpperCase(), /unknown recipient type/],
    ['age1', /separator '1' at invalid position: pos=3, len=4$/],
    ['age1abc', /separator '1' at invalid position: pos=3, len=7$/],
    [`${recipient.slice(0, -1)}x`, /invalid checksum$/],
    [`${recipient}q`, /invalid checksum$/],
    ['age1pq1abc', /separator '1' at invalid position: pos=6, len=10$/],
  ] as const) {
    test(text, async () => {
      const failing = (error: Error & { code?: string; upstream?: string }): boolean =>
        error.code === 'INVALID_KEY' && upstream.test(error.upstream ?? '')
      assert.throws(() => checkRecipient(text), failing)
      await assert.rejects(encryptAge(new Uint8Array(1), text), failing)
    })
  }

  test('a recipient of a plugin, which only a caller that starts programs can use', async () => {
    const text = 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'
    checkRecipient(text)
    await assert.rejects(encryptAge(new Uint8Array(1), text), { code: 'UNSUPPORTED_VALUE' })
  })
})
