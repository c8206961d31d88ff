import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Branch, openStore, type Rule, type RuleName } from '@sealkit/core/sops'
import { decrypted, encrypted } from './tree.ts'

const text = `# top
plain: 1
data:
    # mark
    inner: 2
    inner2: 3
list:
    # mark
    - 4
    - 5
data_unencrypted:
    deep:
        - 6
# mark
last: 7
`

/** Which of the values 1 to 7 each rule encrypts. */
const rules: readonly (readonly [rule: Rule | null, encrypts: string])[] = [
  [null, '1234567'],
  [{ name: 'unencrypted_suffix', pattern: '_unencrypted' }, '123457'],
  [{ name: 'unencrypted_suffix', pattern: 'data' }, '14567'],
  [{ name: 'encrypted_suffix', pattern: '_unencrypted' }, '6'],
  [{ name: 'encrypted_suffix', pattern: 'nothing' }, ''],
  [{ name: 'encrypted_regex', pattern: '^data' }, '236'],
  [{ name: 'encrypted_regex', pattern: '(?i)^DATA$|deep' }, '236'],
  [{ name: 'unencrypted_regex', pattern: '^(inner|deep)$' }, '13457'],
  [{ name: 'encrypted_comment_regex', pattern: 'mark' }, '247'],
  [{ name: 'unencrypted_comment_regex', pattern: '^ mark$' }, '1356'],
]

describe('which values a rule encrypts', () => {
  for (const [rule, encrypts] of rules) {
    test(`${rule?.name} ${rule?.pattern}`, async () => {
      const store = await openStore('yaml')
      const documents = store.load(Buffer.from(text))
      const file = await encrypted(documents, { rule })
      const left = Buffer.from(store.emit(file.documents)).toString()
      const clear = new Set([...left.matchAll(/(?:: |- )(\d)$/gm)].map(([, digit]) => digit))
      assert.equal([...'1234567'].filter((digit) => !clear.has(digit)).join(''), encrypts)
      assert.deepEqual(Buffer.from(store.emit(await decrypted(file))).toString(), text)
    })
  }
})

describe('an expression that does not compile leaves nothing in plain text', () => {
  const names: readonly RuleName[] = [
    'encrypted_regex',
    'unencrypted_regex',
    'encrypted_comment_regex',
    'unencrypted_comment_regex',
  ]
  for (const name of names) {
    for (const pattern of ['(', '(?!x)', 'a**']) {
      test(`${name} ${pattern}`, async () => {
        const documents: Branch[] = [{ kind: 'branch', items: [{ key: 'a', value: 'x' }] }]
        await assert.rejects(encrypted(documents, { rule: { name, pattern } }), {
          code: 'INVALID_REGEXP',
          upstream: /error parsing regexp: /,
        })
      })
    }
  }
})

test('a comment rule that matches ciphertext is refused', async () => {
  const documents = (await openStore('yaml')).load(Buffer.from('# x\na: 1\n'))
  const rule: Rule = { name: 'unencrypted_comment_regex', pattern: 'ENC' }
  await assert.rejects(encrypted(documents, { rule }), { code: 'UNSUPPORTED_VALUE' })
})

test('the MAC of encrypted values alone lets clear ones change', async () => {
  const store = await openStore('json')
  const documents = store.load(Buffer.from('{"a":"x","b_unencrypted":"y"}'))
  for (const macOnlyEncrypted of [true, false]) {
    const file = await encrypted(documents, { macOnlyEncrypted })
    const changed = Buffer.from(store.emitEncrypted(file)).toString().replace('"y"', '"z"')
    const opened = decrypted(store.loadEncrypted(Buffer.from(changed)))
    if (macOnlyEncrypted) assert.match(Buffer.from(store.emit(await opened)).toString(), /"z"/)
    else await assert.rejects(opened, { code: 'MAC_MISMATCH' })
  }
})

/** Changes of an encrypted document that decryption finds. */
const tampered: readonly (readonly [why: string, pattern: RegExp, replacement: string, code: string])[] = [
  ['two values swapped', /("a": )(.*)(,\n\t"b": )(.*)(,\n)/, '$1$4$3$2$5', 'DECRYPTION_FAILED'],
  ['a value removed', /\t"a": .*\n/, '', 'MAC_MISMATCH'],
  ['a key renamed', /"a":/, '"x":', 'DECRYPTION_FAILED'],
  ['a value doubled', /(\t"a": .*\n)/, '$1$1', 'MAC_MISMATCH'],
  ['items of a list swapped', /\t\t(.*),\n\t\t(.*)\n/, '\t\t$2,\n\t\t$1\n', 'MAC_MISMATCH'],
  ['a number put in', /("a": ).*,/, '$15,', 'INVALID_FORMAT'],
  ['plain text put in', /("a": ).*,/, '$1"x",', 'INVALID_FORMAT'],
  ['an empty text put in', /("a": ).*,/, '$1"",', 'MAC_MISMATCH'],
  ['a null put in', /("a": ).*,/, '$1null,', 'MAC_MISMATCH'],
  ['the type changed', /("a": .*)type:str/, '$1type:int', 'INVALID_NUMBER'],
  ['no mac', /"mac": ".*"/, '"mac": ""', 'MAC_MISMATCH'],
  ['a mac that is none', /"mac": ".*"/, '"mac": "x"', 'MAC_MISMATCH'],
  ['another time', /"lastmodified": ".*"/, '"lastmodified": "2025-01-01T00:00:00Z"', 'MAC_MISMATCH'],
]

describe('what was done to an encrypted file is found', () => {
  for (const [why, pattern, replacement, code] of tampered) {
    test(why, async () => {
      const store = await openStore('json')
      const file = await encrypted(store.load(Buffer.from('{"a":"x","b":"y","c":["p","q"]}')))
      const text = Buffer.from(store.emitEncrypted(file)).toString()
      const changed = text.replace(pattern, replacement)
      assert.notEqual(changed, text)
      await assert.rejects(decrypted(store.loadEncrypted(Buffer.from(changed))), { code })
    })
  }
})

test('unchanged values keep their ciphertext through a change, changed ones and the MAC do not', async () => {
  const { decryptFile, encryptFile, IvStash } = await import('@sealkit/core/sops')
  const { dataKey } = await import('./tree.ts')
  const store = await openStore('json')
  const before = await encrypted(store.load(Buffer.from('{"a":"x","b":"y","c":[1,1.5,true]}')))
  const stash = new IvStash()
  const [tree] = await decryptFile(before, { dataKey, stash })
  const items = (tree?.items ?? []).map((item) => (item.key === 'b' ? { key: 'b', value: 'new' } : item))
  const after = await encryptFile(
    { documents: [{ kind: 'branch', items }], metadata: before.metadata },
    { dataKey, now: new Date('2026-05-05T00:00:00Z'), stash },
  )
  const values = (file: typeof before): unknown[] => (file.documents[0]?.items ?? []).map(({ value }) => value)
  assert.deepEqual([values(after)[0], values(after)[2]], [values(before)[0], values(before)[2]])
  assert.notEqual(values(after)[1], values(before)[1])
  assert.notEqual(after.metadata.mac, before.metadata.mac)
})
