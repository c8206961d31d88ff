import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { branch, isComment, readQuotedDotenv, writeQuotedDotenv } from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const folder = mkdtempSync(join(tmpdir(), 'dotenv-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const cases: readonly (readonly [name: string, text: string, entries: readonly (readonly [string, string])[]])[] = [
  ['nothing', '', []],
  [
    'empty lines and spaces',
    '\n  A=1  \n\n\tB = 2\n',
    [
      ['A', '1'],
      ['B', '2'],
    ],
  ],
  ['export', 'export A=1\n', [['A', '1']]],
  ['single quotes are as they are', 'A=\'a "b" $c \\n #d\'\n', [['A', 'a "b" $c \\n #d']]],
  ['double quotes have escapes', 'A="a \\"b\\" \\\\ \\n \\t \\$x"\n', [['A', 'a "b" \\ \n \t $x']]],
  ['backticks', 'A=`it\'s "so"`\n', [['A', 'it\'s "so"']]],
  [
    'several lines',
    'A="one\ntwo"\nB=\'three\n\nfour\'\n',
    [
      ['A', 'one\ntwo'],
      ['B', 'three\n\nfour'],
    ],
  ],
  ['a line that goes on', 'A="one\\\ntwo"\n', [['A', 'onetwo']]],
  [
    'comments',
    '# head\nA=1 # why\nB=a#b\nC="x" # y\n',
    [
      ['#', ' head'],
      ['#', ' why'],
      ['A', '1'],
      ['B', 'a#b'],
      ['#', ' y'],
      ['C', 'x'],
    ],
  ],
  [
    'an empty value',
    "A=\nB=''\nC= # c\n",
    [
      ['A', ''],
      ['B', ''],
      ['#', ' c'],
      ['C', ''],
    ],
  ],
  ['equals signs', 'A=a=b==\n', [['A', 'a=b==']]],
  [
    'line breaks of Windows',
    'A=1\r\nB="x"\r\n',
    [
      ['A', '1'],
      ['B', 'x'],
    ],
  ],
  ['no line break at the end', 'A=1', [['A', '1']]],
]

describe('dotenv with quotes', () => {
  for (const [name, text, entries] of cases) {
    test(name, () => {
      const read = readQuotedDotenv(text).items.map(({ key, value }) =>
        isComment(key) ? ['#', key.text] : [key, value],
      )
      assert.deepEqual(read, entries)
    })
  }

  for (const [name, text, line] of [
    ['a quote that is not closed', 'A=1\nB="x\n', 2],
    ['text behind a quote', "A='x'y\n", 1],
    ['no name', '=x\n', 1],
    ['no equals sign', 'A=1\n\nsecret-word\n', 3],
    ['a name with a space', 'A B=1\n', 1],
  ] as const) {
    test(`refuses ${name}, naming the line and no value`, () => {
      assert.throws(
        () => readQuotedDotenv(text),
        (error: Error & { code?: string }) =>
          error.code === 'INVALID_FORMAT' &&
          error.message.includes(`line ${line} `) &&
          !error.message.includes('secret-word'),
      )
    })
  }

  test('what is written is read back', () => {
    const value = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\r\n', '\n'))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^[A-Za-z_]\w*$/), value), { maxLength: 5 }), (entries) => {
        const document = branch(entries.map(([key, text]) => ({ key, value: text })))
        assert.deepEqual(readQuotedDotenv(writeQuotedDotenv(document)), document)
      }),
    )
  })

  test('a shell reads what is written', () => {
    const values = [
      'a b',
      "it's",
      '"q"',
      '$HOME',
      '`id`',
      'back\\slash',
      'two\nlines',
      'both \' and " and $x\n\\n',
      ' #no comment',
      'é 漢',
      '!',
      '',
    ]
    const document = branch(values.map((value, at) => ({ key: `V${at}`, value })))
    writeFileSync(join(folder, 'x.env'), writeQuotedDotenv(document))
    const script = `. ./x.env; printf '%s\\0' ${values.map((_, at) => `"$V${at}"`).join(' ')}`
    assert.deepEqual(
      execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' }).split('\0').slice(0, -1),
      values,
    )
  })
})
