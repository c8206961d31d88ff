import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { manifest, sealedWorld } from './world.ts'

const w = await sealedWorld()
const secrets = /hunter|c2VjcmV0|first-value/

const git = (...args: readonly string[]): void => {
  const options = {
    cwd: w.folder,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  }
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
  assert.equal(spawnSync('git', [...who, ...args], options).status, 0)
}

const items = { user: await w.item('hunter1'), password: await w.item('hunter2') }
const before = manifest(items)
const again = manifest({ user: await w.item('hunter1'), password: await w.item('hunter2') })
w.write('a.yaml', before)

const wide = '  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: "true"\n'

/** What the file becomes, and what is said of it: without a key, and with it. */
const cases: readonly (readonly [change: string, after: string, blind: readonly string[], open: readonly string[]])[] =
  [
    ['nothing', before, [], []],
    [
      'the same value, sealed again',
      manifest({ ...items, password: await w.item('hunter2') }),
      ['changed ["spec"]["encryptedData"]["password"] (sealed again)'],
      [],
    ],
    [
      'another value',
      manifest({ ...items, password: await w.item('hunter3') }),
      ['changed ["spec"]["encryptedData"]["password"] (sealed again)'],
      ['changed ["spec"]["encryptedData"]["password"]'],
    ],
    [
      'a value for another key',
      manifest({ ...items, password: await w.item('hunter2', { cert: 'new' }) }),
      ['changed ["spec"]["encryptedData"]["password"] (sealed again)'],
      ['changed ["spec"]["encryptedData"]["password"] (sealed again)'],
    ],
    [
      'an item more, and one less',
      manifest({ user: items.user, token: items.password }),
      ['added ["spec"]["encryptedData"]["token"]', 'removed ["spec"]["encryptedData"]["password"]'],
      ['added ["spec"]["encryptedData"]["token"]', 'removed ["spec"]["encryptedData"]["password"]'],
    ],
    [
      'another scope, every item sealed again for it',
      manifest(
        {
          user: await w.item('hunter1', { scope: 'cluster-wide' }),
          password: await w.item('hunter2', { scope: 'cluster-wide' }),
        },
        wide,
      ),
      [
        'added ["metadata"]["annotations"]["sealedsecrets.bitnami.com/cluster-wide"]',
        'changed ["spec"]["encryptedData"]["user"] (sealed again)',
        'changed ["spec"]["encryptedData"]["password"] (sealed again)',
      ],
      ['added ["metadata"]["annotations"]["sealedsecrets.bitnami.com/cluster-wide"]'],
    ],
    [
      'another name, sealed again for it',
      manifest({
        user: await w.item('hunter1', { name: 'other' }),
        password: await w.item('hunter2', { name: 'other' }),
      }).replace('name: db', 'name: other'),
      [
        'changed ["metadata"]["name"]',
        'changed ["spec"]["encryptedData"]["user"] (sealed again)',
        'changed ["spec"]["encryptedData"]["password"] (sealed again)',
      ],
      ['changed ["metadata"]["name"]'],
    ],
    [
      'the template, and a comment',
      before.replace('type: Opaque', 'type: example.com/x').replace('# kept\n', '# other\n'),
      ['added comment in the file', 'removed comment in the file', 'changed ["spec"]["template"]["type"]'],
      ['added comment in the file', 'removed comment in the file', 'changed ["spec"]["template"]["type"]'],
    ],
    [
      'a second document',
      `${before}---\n${manifest({ user: items.user })}`.replace(/---\n# kept\n/, '---\n'),
      [
        'added document 2 ["apiVersion"]',
        'added document 2 ["kind"]',
        'added document 2 ["metadata"]["name"]',
        'added document 2 ["metadata"]["namespace"]',
        'added document 2 ["spec"]["encryptedData"]["user"]',
        'added document 2 ["spec"]["template"]["type"]',
      ],
      [],
    ],
  ]

describe('diff of two SealedSecrets', () => {
  for (const [change, after, blind, open] of cases) {
    test(change, async () => {
      w.write('b.yaml', after)
      const sorted = (text: string): string[] => text.split('\n').filter(Boolean).sort()
      const without = await w.sealkit(['diff', 'a.yaml', 'b.yaml'])
      assert.equal(without.code, 0)
      for (const line of blind) assert.ok(without.stdout.includes(`${line}\n`), line)
      if (change !== 'a second document') assert.deepEqual(sorted(without.stdout), [...blind].sort())
      assert.equal(
        without.stderr.includes('sealed again'),
        blind.some((line) => line.includes('sealed again')),
      )
      const withKey = await w.sealkit(['diff', '--key', 'old.key', 'a.yaml', 'b.yaml'])
      if (change !== 'a second document') assert.deepEqual(sorted(withKey.stdout), [...open].sort())
      assert.doesNotMatch(without.stdout + withKey.stdout + without.stderr + withKey.stderr, secrets)
    })
  }

  test('--show-values needs the key', async () => {
    w.write('b.yaml', manifest({ ...items, password: await w.item('hunter3') }))
    const blind = await w.sealkit(['diff', '--show-values', 'a.yaml', 'b.yaml'])
    assert.match(blind.stdout, /^changed .* \(sealed again\)\n {2}- "<sealed \w{12}>"\n {2}\+ "<sealed \w{12}>"\n$/)
    const open = await w.sealkit(['diff', '--show-values', '--key', 'old.key', 'a.yaml', 'b.yaml'])
    assert.equal(open.stdout, 'changed ["spec"]["encryptedData"]["password"]\n  - "hunter2"\n  + "hunter3"\n')
    assert.equal(
      (await w.sealkit(['diff', '--no-keys', '--key', 'old.key', 'a.yaml', 'b.yaml'])).stdout,
      'changed ["spec"]["encryptedData"]["password"] (sealed again)\n',
    )
  })

  test('a SealedSecret without a namespace opens in the one that is named', async () => {
    const bare = async (): Promise<string> =>
      manifest({ password: await w.item('hunter2') }).replace('  namespace: shop\n', '')
    w.write('c.yaml', await bare())
    w.write('d.yaml', await bare())
    const args = ['diff', '--key', 'old.key', 'c.yaml', 'd.yaml']
    assert.match((await w.sealkit(args)).stdout, /sealed again/)
    assert.equal((await w.sealkit([...args, '-n', 'shop'])).stdout, '')
  })

  test('members of a List, in JSON; the format before 0.7', async () => {
    const list = (password: string): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [
          {
            apiVersion: 'bitnami.com/v1alpha1',
            kind: 'SealedSecret',
            metadata: { name: 'db', namespace: 'shop' },
            spec: { encryptedData: { password } },
          },
        ],
      })
    w.write('e.json', list(await w.item('hunter2')))
    w.write('f.json', list(await w.item('hunter2')))
    assert.equal(
      (await w.sealkit(['diff', 'e.json', 'f.json'])).stdout,
      'changed ["items"][0]["spec"]["encryptedData"]["password"] (sealed again)\n',
    )
    assert.equal((await w.sealkit(['diff', '--key', 'old.key', 'e.json', 'f.json'])).stdout, '')
    const old = (data: string): string =>
      `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec: {data: ${data}}\n`
    w.write('g.yaml', old(await w.item('{"data":{"password":"c2VjcmV0"}}')))
    w.write('h.yaml', old(await w.item('{"data":{"password":"c2VjcmV0Mg=="}}')))
    const { stdout } = await w.sealkit(['diff', '--key', 'old.key', 'g.yaml', 'h.yaml'])
    assert.equal(stdout, 'changed ["spec"]["data"]\n')
  })

  test('with the last commit, also below a folder; --exit-code fails', async () => {
    git('init', '-q')
    w.write('sub/s.yaml', before)
    git('add', 'sub/s.yaml')
    git('commit', '-qm', 'one')
    assert.equal((await w.sealkit(['diff', 'sub/s.yaml'])).stdout, '')
    w.write('sub/s.yaml', manifest({ ...items, password: await w.item('hunter3') }))
    const { code, stdout } = await w.sealkit(['diff', '--exit-code', '-k', 'old.key', 'sub/s.yaml'])
    assert.deepEqual([code, stdout], [1, 'changed ["spec"]["encryptedData"]["password"]\n'])
  })

  for (const [why, args, message] of [
    ['a key that is none', ['diff', '--key', 'old.pem', 'a.yaml', 'a.yaml'], /NO_KEY|holds no private|no private/],
    ['a missing key', ['diff', '--key', 'nope.key', 'a.yaml', 'a.yaml'], /nope\.key cannot be read/],
    ['broken YAML', ['diff', 'a.yaml', 'broken.yaml'], /broken\.yaml: /],
  ] as const) {
    test(`refuses ${why}`, async () => {
      w.write('broken.yaml', 'kind: SealedSecret\n\tfirst-value: {')
      const { code, stdout, stderr } = await w.sealkit(args)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, secrets)
    })
  }
})

describe('textconv of a SealedSecret', () => {
  const textconv = async (text: string, ...args: readonly string[]): Promise<string> => {
    w.write('t.yaml', text)
    const { code, stdout } = await w.sealkit(['diff', '--textconv', ...args, 't.yaml'])
    assert.equal(code, 0)
    return stdout
  }
  test('without a key: the same text for the same file, another fingerprint for a new ciphertext', async () => {
    const text = await textconv(before)
    assert.equal(await textconv(before), text)
    assert.match(text, /^ +user: <sealed \w{12}>\n +password: <sealed \w{12}>$/m)
    assert.match(text, /^# kept\napiVersion: bitnami\.com\/v1alpha1\n/)
    const other = (await textconv(again)).split('\n')
    const differ = text.split('\n').filter((line, at) => line !== other[at])
    assert.deepEqual(
      differ.map((line) => line.trim().split(':')[0]),
      ['user', 'password'],
    )
  })

  test('with a key: equal values are equal, and only for who has the key', async () => {
    const text = await textconv(before, '-k', 'old.key')
    assert.equal(await textconv(again, '-k', 'old.key'), text)
    assert.match(text, /^ +password: <value \w{12}>$/m)
    const same = await textconv(manifest({ a: await w.item('hunter2'), b: await w.item('hunter2') }), '-k', 'old.key')
    const marks = same.match(/<value \w+>/g) ?? []
    assert.equal(new Set(marks).size, 2)
    assert.notEqual(await textconv(before, '-k', 'old.key', '-k', 'new.key'), text)
    assert.match(await textconv(before, '-k', 'new.key'), /password: <sealed \w{12}>/)
    assert.doesNotMatch(text + same, secrets)
  })

  test('what somebody forgot to seal is not shown, and no plain Secret beside it', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\ndata:\n  a: c2VjcmV0\nstringData:\n  b: first-value\n'
    const text = await textconv(`${manifest({ a: 'hunter2' })}---\n${secret}`)
    assert.match(text, /^ +a: <not sealed>$/m)
    assert.match(text, /^ +b: <not encrypted>$/m)
    assert.doesNotMatch(text, secrets)
  })

  test('--show-values with a key', async () => {
    assert.match(await textconv(before, '--show-values', '-k', 'old.key'), /^ +user: hunter1\n +password: hunter2$/m)
  })
})
