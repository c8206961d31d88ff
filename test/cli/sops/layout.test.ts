import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { keepLayout, openStore, sameValue } from '@sealkit/core/sops'
import { document } from '../../core/sops/tree.ts'
import { fc } from '../../property.ts'
import { available } from '../../servers/programs.ts'
import { keys, World } from './world.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops')
const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const text = `# head

---
user:   root      # a note

"password":   'hunter2'
flow: {a: 1, b: [x, "y z"]}
block: |
  line one

  line two

shared_unencrypted: &base {image: nginx}
use_unencrypted: *base
custom_unencrypted: !Ref thing
num:    31
list:
- one
-   two   # inline
# end
`

async function world(content = text): Promise<World> {
  const w = new World({ 'a.yaml': content })
  worlds.push(w)
  const { code, stderr } = await w.sealkit(['encrypt', '-i', '--keep-layout', '--age', keys[0].recipient, 'a.yaml'])
  assert.equal(code, 0, stderr)
  return w
}

describe('--keep-layout', () => {
  test('encrypt changes values and comments, and nothing else of the text', async () => {
    const w = await world()
    const masked = w
      .read('a.yaml')
      .replace(/"?ENC\[[^\]]*\]"?/g, 'ENC')
      .split('\nsops:\n')[0]
    assert.equal(
      masked,
      text
        .replace(/# head|# a note|# inline|# end/g, '#ENC')
        .replace('root', 'ENC')
        .replace("'hunter2'", 'ENC')
        .replace('{a: 1, b: [x, "y z"]}', '{a: ENC, b: [ENC, ENC]}')
        .replace('|\n  line one\n\n  line two', 'ENC')
        .replace('31', 'ENC')
        .replace('one\n', 'ENC\n')
        .replace('two', 'ENC'),
    )
  })

  test('the real sops reads it, anchors, tags and list comments included', async (t) => {
    if (programs === null) return t.skip(skipped.join(', '))
    const w = await world()
    const { code, stdout, stderr } = w.run(programs.sops, ['decrypt', 'a.yaml'])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, (await w.sealkit(['decrypt', 'a.yaml'])).stdout)
    assert.match(stdout, /^# a note\nuser: root\npassword: hunter2$/m)
    assert.match(stdout, /^ {4}- one\n {4}# inline\n {4}- two\n {4}# end$/m)
  })

  test('decrypt gives the text back, but for quotes and blocks', async () => {
    const w = await world()
    assert.equal(
      (await w.sealkit(['decrypt', '--keep-layout', 'a.yaml'])).stdout.trimEnd(),
      text
        .replace("'hunter2'", 'hunter2')
        .replace('[x, "y z"]', '["x", "y z"]')
        .replace('|\n  line one\n\n  line two', '"line one\\n\\nline two\\n"')
        .trimEnd(),
    )
  })

  test('set changes three lines of the text', async () => {
    const w = await world()
    const before = w.read('a.yaml').split('\n')
    w.now = '2026-05-05T05:05:05Z'
    assert.equal((await w.sealkit(['set', '--keep-layout', 'a.yaml', '["flow"]["b"][1]'], 'new')).code, 0)
    const lines = w.read('a.yaml').split('\n')
    assert.deepEqual(
      lines.flatMap((line, at) => (line === before[at] ? [] : [line.trim().split(':')[0]])),
      ['flow', 'lastmodified', 'mac'],
    )
    assert.equal((await w.sealkit(['decrypt', '--extract', '["flow"]["b"][1]', 'a.yaml'])).stdout, 'new')
  })

  test('rotate gives new ciphertext and recipients in the same text', async () => {
    const w = await world()
    const plain = (await w.sealkit(['decrypt', '--keep-layout', 'a.yaml'])).stdout
    const before = w.read('a.yaml')
    assert.equal((await w.sealkit(['rotate', '--keep-layout', '--add', keys[1].recipient, 'a.yaml'])).code, 0)
    assert.notEqual(/^user: .*/m.exec(w.read('a.yaml'))?.[0], /^user: .*/m.exec(before)?.[0])
    assert.equal((await w.sealkit(['decrypt', '--keep-layout', 'a.yaml'])).stdout, plain)
    w.write('keys.txt', keys[1].identity)
    assert.equal((await w.sealkit(['decrypt', '--keep-layout', 'a.yaml'])).stdout, plain)
  })

  test('edit shows the text as it is laid out, and keeps what the user makes of it', async () => {
    const w = await world()
    w.env = { EDITOR: `sh -c 'cp "$0" ${w.path('seen')} && printf "fresh:   value   # why\\n" >> "$0"'` }
    const edited = await w.sealkit(['edit', '--keep-layout', 'a.yaml'])
    assert.equal(edited.code, 0, edited.stderr)
    assert.match(readFileSync(w.path('seen'), 'utf8'), /^user: {3}root {6}# a note$/m)
    assert.match(w.read('a.yaml'), /^fresh: {3}ENC\[\S+\] {3}#ENC\[/m)
    if (programs !== null)
      assert.equal(w.run(programs.sops, ['decrypt', '--extract', '["fresh"]', 'a.yaml']).stdout, 'value')
  })

  for (const [why, content] of [
    ['an alias of an encrypted value', 'a: &x hunter2\nb: *x\n'],
    ['several documents', 'a: hunter2\n---\nb: 2\n'],
    ['a plain text of several lines', 'a: hunter2\n  hunter3\n'],
    ['a tag that the ciphertext is not', 'a: !!int 12\n'],
  ] as const) {
    test(`refuses ${why}, and writes nothing`, async () => {
      const w = new World({ 'a.yaml': content })
      worlds.push(w)
      const { code, stderr } = await w.sealkit(['encrypt', '-i', '--keep-layout', '--age', keys[0].recipient, 'a.yaml'])
      assert.equal(code, 1, stderr)
      assert.doesNotMatch(stderr, /hunter/)
      assert.equal(w.read('a.yaml'), content)
    })
  }

  test('any documents put into the text of others: those documents, or a refusal', async () => {
    const yaml = await openStore('yaml')
    const any = document({ text: fc.string(), key: fc.constantFrom('a', 'b', 'c'), comments: true })
    fc.assert(
      fc.property(any, any, (one, two) => {
        const before = Buffer.from(yaml.emit([one]))
        const [read, other] = [yaml.load(before), yaml.load(yaml.emit([two]))]
        assert.equal(keepLayout(before.toString(), read), before.toString())
        const kept = keepLayout(before.toString(), other)
        return kept === null || sameValue(yaml.load(Buffer.from(kept)), other)
      }),
    )
  })
})

describe('--dotenv-quotes', () => {
  const dotenv = '# head\nexport A="two words" # why\nKEY=\'-----BEGIN-----\nline\n-----END-----\'\nB=plain\n'

  test('quotes are no part of values: the real sops and exec see what a shell would', async (t) => {
    const w = new World({ 'a.env': dotenv })
    worlds.push(w)
    const { code, stderr } = await w.sealkit(['encrypt', '-i', '--dotenv-quotes', '--age', keys[0].recipient, 'a.env'])
    assert.equal(code, 0, stderr)
    assert.equal((await w.sealkit(['decrypt', '--extract', '["A"]', 'a.env'])).stdout, 'two words')
    assert.equal(
      (await w.sealkit(['decrypt', '--dotenv-quotes', 'a.env'])).stdout,
      "# head\n# why\nA='two words'\nKEY='-----BEGIN-----\nline\n-----END-----'\nB=plain\n",
    )
    if (programs === null) return t.skip(skipped.join(', '))
    assert.equal(
      w.run(programs.sops, ['decrypt', 'a.env']).stdout,
      '# head\n# why\nA=two words\nKEY=-----BEGIN-----\\nline\\n-----END-----\nB=plain\n',
    )
  })

  test('without it quotes are characters, as sops has it', async () => {
    const w = new World({ 'a.env': 'A="x y"\n' })
    worlds.push(w)
    await w.sealkit(['encrypt', '-i', '--age', keys[0].recipient, 'a.env'])
    assert.equal((await w.sealkit(['decrypt', '--extract', '["A"]', 'a.env'])).stdout, '"x y"')
  })
})
