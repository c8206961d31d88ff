import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { entry } from '@sealkit/core/sops'
import { type KeyIo, loadIdentities, masterKeys, parseIdentities, splitWords } from '@sealkit/keyservice'

const recipient = 'age1aars3tw9c0pvmp88zt9lmqxmwrxqwg8nagj9qmuh3fefnfdghvyqtuh53q'
const identity = 'AGE-SECRET-KEY-16CWURPA53MRM3JW23NM5VXPT6G4NW80RAUQ9EYQVZ8QRXGCFSUUQERGAKV'
const other = 'AGE-SECRET-KEY-19NUR9646ES8MNAMG9FSPDLY7U2NF6CMV9QM2TXV9GHZ2A62VZQWQ5ZR9LN'

/** A machine of these variables and files, whose commands print their last argument. */
function machine(env: Record<string, string>, files: Record<string, string> = {}): KeyIo & { ran: unknown[] } {
  const ran: unknown[] = []
  return {
    ran,
    env,
    readFile: async (path) => (files[path] === undefined ? null : Buffer.from(files[path])),
    run: async (command, { env: extra }) => {
      ran.push([command, extra])
      return { code: command[0] === 'false' ? 1 : 0, stdout: Buffer.from(command.at(-1) ?? ''), stderr: '' }
    },
  }
}

/** Where identities are looked for: variables, files, what is found. */
const sources: readonly (readonly [
  why: string,
  env: Record<string, string>,
  files: Record<string, string>,
  found: readonly string[],
])[] = [
  ['SOPS_AGE_KEY', { SOPS_AGE_KEY: identity }, {}, [identity]],
  [
    'several, blanks and lines between',
    { SOPS_AGE_KEY: `${identity} ${other}\n# c\n${identity}` },
    {},
    [identity, other, identity],
  ],
  ['SOPS_AGE_KEY_FILE', { SOPS_AGE_KEY_FILE: '/k' }, { '/k': `# c\n\n${identity}\n` }, [identity]],
  ['SOPS_AGE_KEY_CMD', { SOPS_AGE_KEY_CMD: `print '${identity}'` }, {}, [identity]],
  ['keys.txt below HOME', { HOME: '/h' }, { '/h/.config/sops/age/keys.txt': identity }, [identity]],
  [
    'keys.txt below XDG_CONFIG_HOME',
    { HOME: '/h', XDG_CONFIG_HOME: '/x' },
    { '/x/sops/age/keys.txt': identity, '/h/.config/sops/age/keys.txt': other },
    [identity],
  ],
  [
    'all of them',
    { HOME: '/h', SOPS_AGE_KEY: identity, SOPS_AGE_KEY_FILE: '/k' },
    { '/k': other, '/h/.config/sops/age/keys.txt': identity },
    [identity, other, identity],
  ],
  [
    'one that fails does not hinder the others',
    { SOPS_AGE_KEY: 'nonsense', SOPS_AGE_KEY_CMD: 'false', SOPS_AGE_KEY_FILE: '/k' },
    { '/k': other },
    [other],
  ],
  ['none', { HOME: '/h' }, {}, []],
]

describe('where identities are looked for', () => {
  for (const [why, env, files, found] of sources) {
    test(why, async () => assert.deepEqual((await loadIdentities(machine(env, files), recipient)).identities, found))
  }

  test('macOS and Windows', async () => {
    const mac = {
      ...machine({ HOME: '/h' }, { '/h/Library/Application Support/sops/age/keys.txt': identity }),
      platform: 'darwin',
    }
    assert.deepEqual((await loadIdentities(mac, recipient)).identities, [identity])
    const windows = { ...machine({ APPDATA: 'C:/a' }, { 'C:/a/sops/age/keys.txt': identity }), platform: 'win32' }
    assert.deepEqual((await loadIdentities(windows, recipient)).identities, [identity])
  })

  test('a command gets the recipient, and no shell', async () => {
    const io = machine({ SOPS_AGE_KEY_CMD: 'print "a b" $HOME' })
    await loadIdentities(io, recipient)
    assert.deepEqual(io.ran, [[['print', 'a b', '$HOME'], { SOPS_AGE_RECIPIENT: recipient }]])
  })

  test('places without keys, in sops\u2019 order', async () => {
    const { missing, problems } = await loadIdentities(machine({ HOME: '/h', SOPS_AGE_KEY: '' }), recipient)
    assert.deepEqual(problems, [])
    assert.deepEqual(missing, ['SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', 'SOPS_AGE_KEY'])
  })
})

/** What goes wrong while loading, in Go's words. */
const problems: readonly (readonly [env: Record<string, string>, problem: RegExp])[] = [
  [
    { HOME: '/h', SOPS_AGE_KEY: 'AGE-SECRET' },
    /^failed to parse 'SOPS_AGE_KEY' age identities: unknown identity type$/,
  ],
  [
    { HOME: '/h', SOPS_AGE_KEY_FILE: '/k' },
    /^failed to open SOPS_AGE_KEY_FILE file: open \/k: no such file or directory$/,
  ],
  [{ HOME: '/h', SOPS_AGE_KEY_CMD: 'false' }, /^failed to execute command false: exit status 1$/],
  [{ HOME: '/h', SOPS_AGE_KEY_CMD: "x 'y" }, /^failed to parse command x 'y: /],
  [{}, /^user config directory could not be determined: neither \$XDG_CONFIG_HOME nor \$HOME are defined$/],
  [
    { HOME: '/h', SOPS_AGE_KEY: `${identity}x` },
    /^failed to parse 'SOPS_AGE_KEY' age identities: malformed secret key: mixed case$/,
  ],
  [
    { HOME: '/h', SOPS_AGE_KEY: 'AGE-PLUGIN-1' },
    /^failed to parse 'SOPS_AGE_KEY' age identities: invalid identity encoding: separator '1' at invalid position: pos=11, len=12$/,
  ],
]

describe('what goes wrong while loading', () => {
  for (const [env, problem] of problems) {
    test(JSON.stringify(env), async () => {
      const found = await loadIdentities(machine(env), recipient)
      assert.ok(
        found.problems.some((text) => problem.test(text)),
        found.problems.join('; '),
      )
    })
  }

  test('a line that is no identity is not shown', () => {
    assert.throws(
      () => parseIdentities(`${identity}\nhunter2`),
      (error: Error) => !error.message.includes('hunter2'),
    )
  })
})

describe('words of a command', () => {
  for (const [line, words] of [
    ['a b  c', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a'b'"c"d`, ['abcd']],
    ['a\\ b', ['a b']],
    [`"a\\"b"`, ['a"b']],
    [`''`, ['']],
    ['a # b', ['a']],
    ['a#b', ['a#b']],
    ['', []],
    [`a 'b`, null],
    ['a "b', null],
    ['a \\', null],
  ] as const) {
    test(JSON.stringify(line), () => assert.deepEqual(splitWords(line), words))
  }
})

describe('master keys', () => {
  const key = entry('age', { recipient })

  test('wrap and unwrap a data key', async () => {
    const { wrap, unwrap } = masterKeys({ ageIdentities: [other, identity] })
    const wrapped = await wrap(Buffer.from('a data key'), key)
    assert.equal(Buffer.from(await unwrap(wrapped)).toString(), 'a data key')
  })

  test('an identity of another recipient', async () => {
    const wrapped = await masterKeys({}).wrap(Buffer.from('a data key'), key)
    const { unwrap } = masterKeys({ io: machine({ HOME: '/h', SOPS_AGE_KEY: other }) })
    await assert.rejects(unwrap(wrapped), {
      code: 'IDENTITY_MISSING',
      message: 'no age identity at hand fits the recipient',
      upstream:
        /^failed to create reader for decrypting sops data key with age: identity did not match any of the recipients: incorrect identity for recipient block\. Did not find keys in locations 'SOPS_AGE_SSH_/,
    })
  })

  test('no identity at all', async () => {
    await assert.rejects(masterKeys({}).unwrap({ ...key, enc: 'x' }), {
      code: 'IDENTITY_MISSING',
      upstream: 'failed to load age identities',
    })
  })

  test('what is wrapped was damaged', async () => {
    const { unwrap } = masterKeys({ ageIdentities: [identity] })
    await assert.rejects(unwrap({ ...key, enc: 'x' }), {
      code: 'IDENTITY_MISSING',
      upstream: /with age: invalid armor/,
    })
  })

  test('a kind that is not supported yet', async () => {
    const { unwrap } = masterKeys({ ageIdentities: [identity] })
    await assert.rejects(unwrap(entry('gcp_kms', { resource_id: 'x' })), { code: 'MASTER_KEY_UNSUPPORTED' })
  })
})
