import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { keys, World } from './world.ts'

const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const before = '# why\ndb:\n    user: root\n    password: hunter2\n    old: gone-secret\nlist:\n    - one-secret\n'
const changed =
  '# because\ndb:\n    user: root\n    password: hunter3\n    fresh: new-secret\nlist:\n    - one-secret\n    - two-secret\n'
const secrets = /hunter|root|-secret|why|because/

async function world(): Promise<World> {
  const w = new World({ 'one.yaml': before, 'two.yaml': changed, 'plain.yaml': before })
  worlds.push(w)
  assert.equal((await w.sealkit(['encrypt', '-i', '--age', keys[0].recipient, 'one.yaml', 'two.yaml'])).code, 0)
  return w
}

const lines = [
  'added comment in the file',
  'removed comment in the file',
  'changed ["db"]["password"]',
  'added ["db"]["fresh"]',
  'removed ["db"]["old"]',
  'added ["list"][1]',
]

describe('diff', () => {
  test('two files: the places that differ, and no value', async () => {
    const w = await world()
    const { code, stdout } = await w.sealkit(['diff', 'one.yaml', 'two.yaml'])
    assert.equal(code, 0)
    assert.deepEqual(stdout.trimEnd().split('\n').sort(), [...lines].sort())
    assert.doesNotMatch(stdout, secrets)
  })

  test('equal values are equal, whatever their ciphertext; a plain file is compared too', async () => {
    const w = await world()
    assert.equal((await w.sealkit(['diff', 'one.yaml', 'plain.yaml'])).stdout, '')
    assert.equal((await w.sealkit(['rotate', 'one.yaml'])).code, 0)
    assert.equal((await w.sealkit(['diff', '--exit-code', 'one.yaml', 'plain.yaml'])).code, 0)
  })

  test('--show-values', async () => {
    const w = await world()
    const { stdout } = await w.sealkit(['diff', '--show-values', 'one.yaml', 'two.yaml'])
    assert.match(stdout, /^changed \["db"\]\["password"\]\n {2}- "hunter2"\n {2}\+ "hunter3"\n/m)
  })

  test('--exit-code fails where something differs', async () => {
    assert.equal((await (await world()).sealkit(['diff', '--exit-code', 'one.yaml', 'two.yaml'])).code, 1)
  })

  test('without a key: by ciphertext', async () => {
    const w = await world()
    w.write('copy.yaml', w.read('one.yaml'))
    assert.equal((await w.sealkit(['set', 'copy.yaml', '["db"]["password"]'], 'other')).code, 0)
    w.write('keys.txt', '')
    const { code, stdout } = await w.sealkit(['diff', '--no-keys', 'one.yaml', 'copy.yaml'])
    assert.deepEqual([code, stdout], [0, 'changed ["db"]["password"]\n'])
  })

  test('a key with control characters is one line', async () => {
    const w = await world()
    w.write('x.json', '{"a\\u001b[2J\\nb": 1}')
    w.write('y.json', '{"c": 1}')
    assert.match(
      (await w.sealkit(['diff', 'x.json', 'y.json'])).stdout,
      /^added \["c"\]\nremoved \["a\\u001b\[2J\\nb"\]\n$/,
    )
  })

  for (const [why, args, stderr] of [
    ['no key', ['diff', 'one.yaml', 'two.yaml'], /one\.yaml: no master key|two\.yaml: no master key/],
    ['three files', ['diff', 'one.yaml', 'two.yaml', 'plain.yaml'], /one file or two/],
    ['no repository', ['diff', 'one.yaml'], /git has no one\.yaml in HEAD/],
    ['a missing file', ['diff', 'one.yaml', 'nope.yaml'], /nope\.yaml cannot be read/],
  ] as const) {
    test(`refuses ${why}`, async () => {
      const w = await world()
      w.write('keys.txt', '')
      const result = await w.sealkit(args)
      assert.notEqual(result.code, 0)
      assert.equal(result.stdout, '')
      assert.match(result.stderr, stderr)
    })
  }
})

describe('textconv', () => {
  test('the same text every time, with no key, and no value in it', async () => {
    const w = await world()
    w.write('keys.txt', '')
    const first = await w.sealkit(['diff', '--textconv', 'one.yaml'])
    assert.equal(first.code, 0)
    assert.doesNotMatch(first.stdout, secrets)
    assert.match(
      first.stdout,
      /^# age age1wx52\S+\n# unencrypted_suffix _unencrypted\n#<comment \w{12}>\ndb:\n {4}user: <str \w{12}>\n/,
    )
    assert.equal((await w.sealkit(['diff', '--textconv', 'one.yaml'])).stdout, first.stdout)
  })

  test('a value that changed has another fingerprint, the others keep theirs', async () => {
    const w = await world()
    const text = (await w.sealkit(['diff', '--textconv', 'one.yaml'])).stdout.split('\n')
    assert.equal((await w.sealkit(['set', 'one.yaml', '["db"]["password"]'], 'other')).code, 0)
    const after_ = (await w.sealkit(['diff', '--textconv', 'one.yaml'])).stdout.split('\n')
    assert.deepEqual(
      text.flatMap((line, at) => (line === after_[at] ? [] : [line.trim().split(':')[0]])),
      ['password'],
    )
  })

  test('plain text is hidden: in a plain file, and in an encrypted place', async () => {
    const w = await world()
    const { stdout } = await w.sealkit(['diff', '--textconv', 'plain.yaml'])
    assert.doesNotMatch(stdout, secrets)
    assert.match(stdout, /^# not encrypted\n[\s\S]*password: <not encrypted>/)
    w.write('mixed.yaml', w.read('one.yaml').replace(/password: ENC.*/, 'password: hunter2'))
    assert.match((await w.sealkit(['diff', '--textconv', 'mixed.yaml'])).stdout, /password: <not encrypted>/)
  })

  test('what the rule leaves in plain text is shown', async () => {
    const w = new World({ 'a.yaml': 'image: nginx\npassword: hunter2\n' })
    worlds.push(w)
    await w.sealkit(['encrypt', '-i', '--age', keys[0].recipient, '--encrypted-regex', '^password$', 'a.yaml'])
    assert.match((await w.sealkit(['diff', '--textconv', 'a.yaml'])).stdout, /^image: nginx\npassword: <str /m)
  })

  test('--show-values prints the plain file, byte for byte', async () => {
    const w = await world()
    assert.equal((await w.sealkit(['diff', '--textconv', '--show-values', 'one.yaml'])).stdout, before)
  })
})
