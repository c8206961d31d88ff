import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { keys, World } from './world.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops')
const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const [first, second, third] = keys
const plain = {
  'a.yaml': '# note\na: one\nb: 2\nm:\n    x: why\n    list:\n        - p\n        - q\n',
  'a.json': '{\n\t"a": "one",\n\t"m": {\n\t\t"x": "why"\n\t}\n}\n',
  'a.env': 'A=one\nB=2\n',
  'a.ini': '[s]\na = one\nb = 2\n',
  'a.bin': 'one\n',
}

async function world(files: Readonly<Record<string, string>> = plain, flags: readonly string[] = []): Promise<World> {
  const w = new World(files)
  worlds.push(w)
  const names = Object.keys(files).filter((name) => name.startsWith('a.'))
  const { code, stderr } = await w.sealkit(['encrypt', '-i', '--age', first.recipient, ...flags, ...names])
  assert.equal(code, 0, stderr)
  w.now = '2026-05-05T05:05:05Z'
  return w
}

/** Lines that one text has and the other has not, by their first word. */
function changed(before: string, after_: string): string[] {
  const lines = new Set(after_.split('\n'))
  return before
    .split('\n')
    .flatMap((line) => (lines.has(line) ? [] : [/["\w]+/.exec(line)?.[0].replaceAll('"', '') ?? '']))
}

const decrypted = async (w: World, name: string): Promise<string> => (await w.sealkit(['decrypt', name])).stdout

/** What is changed in a file: command line, standard input, the plain text after it, and the lines that changed. */
const changes: readonly (readonly [
  name: string,
  file: keyof typeof plain,
  args: readonly string[],
  stdin: string,
  plain: string,
  lines: readonly string[],
])[] = [
  ['a key of the top level', 'a.yaml', ['set', 'a.yaml', 'a'], 'eins', plain['a.yaml'].replace('one', 'eins'), ['a']],
  ['a place', 'a.yaml', ['set', 'a.yaml', '["m"]["list"][1]'], 'r', plain['a.yaml'].replace('q', 'r'), ['ENC']],
  [
    'a line break is part of the value',
    'a.yaml',
    ['set', 'a.yaml', 'a'],
    'eins\n',
    plain['a.yaml'].replace('one', '|\n    eins'),
    ['a'],
  ],
  ['a number is text', 'a.yaml', ['set', 'a.yaml', 'b'], '3', plain['a.yaml'].replace('2', '"3"'), ['b']],
  ['JSON', 'a.yaml', ['set', '--json', 'a.yaml', 'b'], '3', plain['a.yaml'].replace('2', '3'), ['b']],
  [
    'an integer of JSON, with all its digits',
    'a.yaml',
    ['set', '--json', 'a.yaml', 'b'],
    '9007199254740993',
    plain['a.yaml'].replace('2', '9007199254740993'),
    ['b'],
  ],
  ['a value of JSON', 'a.json', ['set', 'a.json', '["m"]["x"]'], 'zed', plain['a.json'].replace('why', 'zed'), ['x']],
  ['dotenv', 'a.env', ['set', 'a.env', 'B'], '3', 'A=one\nB=3\n', ['B']],
  ['a section of INI', 'a.ini', ['set', 'a.ini', '["s"]["b"]'], '3', '[s]\na = one\nb = 3\n', ['b']],
  ['a new key', 'a.env', ['set', 'a.env', 'C'], '3', 'A=one\nB=2\nC=3\n', []],
  [
    'a list with an object',
    'a.yaml',
    ['set', '--json', 'a.yaml', '["m"]["list"]'],
    '[{"k":true}]',
    '# note\na: one\nb: 2\nm:\n    x: why\n    list:\n        - k: true\n',
    ['ENC', 'ENC'],
  ],
  [
    'unset',
    'a.yaml',
    ['unset', 'a.yaml', 'b'],
    '',
    '# note\na: one\nm:\n    x: why\n    list:\n        - p\n        - q\n',
    ['b'],
  ],
  [
    'unset in a list',
    'a.yaml',
    ['unset', 'a.yaml', '["m"]["list"][0]'],
    '',
    '# note\na: one\nb: 2\nm:\n    x: why\n    list:\n        - q\n',
    ['ENC'],
  ],
  ['unset in dotenv', 'a.env', ['unset', 'a.env', 'A'], '', 'B=2\n', ['A']],
]

describe('set and unset', () => {
  for (const [name, file, args, stdin, text, lines] of changes) {
    test(name, async () => {
      const w = await world({ [file]: plain[file] })
      const before = w.read(file)
      assert.deepEqual(await w.sealkit(args, stdin), { code: 0, stdout: '', stderr: '' })
      assert.equal(await decrypted(w, file), text)
      assert.deepEqual(
        changed(before, w.read(file)).filter((word) => !/lastmodified|mac/.test(word)),
        lines,
      )
      if (programs !== null) assert.equal(w.run(programs.sops, ['decrypt', file]).stdout, text)
    })
  }

  test('the same value: not a byte changes', async () => {
    const w = await world()
    const before = w.read('a.yaml')
    assert.equal((await w.sealkit(['set', 'a.yaml', 'a'], 'one')).code, 0)
    assert.equal(w.read('a.yaml'), before)
  })

  for (const [why, args, code, stderr] of [
    ['a key that is not there', ['unset', 'a.yaml', 'nope'], 1, /Key not found: nope/],
    ['a position that is not there', ['unset', 'a.yaml', '["m"]["list"][9]'], 1, /Index 9 out of bounds/],
    ['a place that cannot be read', ['set', 'a.yaml', '["m"'], 2, /doesn't end with \]/],
    ['a key in a list', ['set', 'a.yaml', '["m"]["list"]["x"]'], 2, /does not fit a list/],
    ['a number that no float holds', ['set', '--json', 'a.yaml', 'a'], 2, /a number in it is too large/, '1e400'],
    ['no JSON', ['set', '--json', 'a.yaml', 'a'], 2, /the value is no JSON/],
    ['no key', ['set', 'a.yaml'], 2, /set needs a file and a key/],
    ['no file', ['unset', 'nope.yaml', 'a'], 1, /nope\.yaml: no such file/],
    ['a plain file', ['unset', 'plain.yaml', 'a'], 2, /no SealedSecret or SOPS file found/],
    [
      'an identity that does not fit',
      ['set', '--identity', 'other.txt', 'a.yaml', 'a'],
      1,
      /a\.yaml: no master key of the file/,
    ],
    ['a list in dotenv', ['set', '--json', 'a.env', 'A'], 1, /complex value/, '[1]'],
  ] as const) {
    test(`refuses ${why}`, async () => {
      const w = await world({ ...plain, 'plain.yaml': 'a: hunter2\n', 'other.txt': second.identity })
      const before = [w.read('a.yaml'), w.read('a.env'), w.read('plain.yaml')]
      const result = await w.sealkit(args, why === 'a list in dotenv' ? '[1]' : 'hunter2-marked')
      assert.match(result.stderr, stderr)
      assert.doesNotMatch(result.stderr, /hunter2/)
      assert.deepEqual([result.code, result.stdout], [code, ''])
      assert.deepEqual([w.read('a.yaml'), w.read('a.env'), w.read('plain.yaml')], before)
    })
  }

  test('a place that the rule leaves in plain text is refused, unless that is meant', async () => {
    const w = await world({ 'a.yaml': plain['a.yaml'] }, ['--encrypted-regex', '^a$'])
    const before = w.read('a.yaml')
    const refused = await w.sealkit(['set', 'a.yaml', 'b'], 'hunter2')
    assert.deepEqual(
      [refused.code, /encrypted_regex leaves this place in plain text\nhint: pass --plain/.test(refused.stderr)],
      [2, true],
    )
    assert.equal(w.read('a.yaml'), before)
    assert.equal((await w.sealkit(['set', '--plain', 'a.yaml', 'b'], 'visible')).code, 0)
    assert.match(w.read('a.yaml'), /^b: visible$/m)
  })

  test('what the real sops encrypted is set, unset and rotated, and the real one reads it', async (t) => {
    if (programs === null) return t.skip(skipped.join(', '))
    const w = new World(plain)
    worlds.push(w)
    for (const name of Object.keys(plain)) {
      assert.equal(w.run(programs.sops, ['encrypt', '-i', '--age', first.recipient, name]).code, 0)
    }
    assert.equal((await w.sealkit(['set', 'a.yaml', 'a'], 'eins')).code, 0)
    assert.equal((await w.sealkit(['unset', 'a.json', '["m"]'])).code, 0)
    assert.equal((await w.sealkit(['rotate', '--add', second.recipient, 'a.env', 'a.ini', 'a.bin'])).code, 0)
    w.write('keys.txt', `${first.identity}\n`)
    const real = (name: string): string => w.run(programs.sops, ['decrypt', name]).stdout
    assert.equal(real('a.yaml'), plain['a.yaml'].replace('one', 'eins'))
    assert.equal(real('a.json'), '{\n\t"a": "one"\n}\n')
    w.write('keys.txt', `${second.identity}\n`)
    for (const name of ['a.env', 'a.ini', 'a.bin'] as const) assert.equal(real(name), plain[name])
  })
})

describe('rotate', () => {
  test('a new data key for a tree: every value is new, the plain text is the same', async () => {
    const w = await world()
    const before = Object.keys(plain).map((name) => w.read(name))
    const { code, stdout, stderr } = await w.sealkit(['rotate', ...Object.keys(plain)])
    assert.deepEqual([code, stderr], [0, 'rotated 5 files\n'])
    assert.equal(
      stdout,
      Object.keys(plain)
        .map((name) => `${name}: new data key\n`)
        .join(''),
    )
    for (const [at, name] of Object.keys(plain).entries()) {
      assert.equal(await decrypted(w, name), plain[name as keyof typeof plain])
      assert.equal(/data:[^,]+/.exec(w.read(name))?.[0] === /data:[^,]+/.exec(before[at] ?? '')?.[0], false)
    }
  })

  test('somebody comes, somebody goes', async () => {
    const w = await world()
    assert.match(
      (await w.sealkit(['rotate', '--add', second.recipient, '--remove', first.recipient, 'a.yaml'])).stdout,
      /^a\.yaml: new data key, \+ age age1980z\S+, - age age1wx52\S+$/m,
    )
    assert.equal((await w.sealkit(['decrypt', 'a.yaml'])).code, 1)
    w.write('keys.txt', second.identity)
    assert.equal(await decrypted(w, 'a.yaml'), plain['a.yaml'])
  })

  test('--keep-data-key adds a recipient and leaves every value and the MAC as they are', async () => {
    const w = await world()
    const before = w.read('a.yaml')
    assert.equal((await w.sealkit(['rotate', '--keep-data-key', '--add', second.recipient, 'a.yaml'])).code, 0)
    assert.deepEqual(changed(before, w.read('a.yaml')), [])
    w.write('keys.txt', second.identity)
    assert.equal(await decrypted(w, 'a.yaml'), plain['a.yaml'])
  })

  test('--update-keys: recipients, groups, threshold and selection as .sops.yaml says, with a report', async () => {
    const w = await world({ 'a.yaml': plain['a.yaml'] })
    const rule = (threshold: number): string =>
      `creation_rules:\n  - shamir_threshold: ${threshold}\n    encrypted_regex: ^(a|m)$\n    key_groups:\n      - age: [${first.recipient}]\n      - age: [${second.recipient}]\n      - age: [${third.recipient}]\n`
    w.write('.sops.yaml', rule(2))
    const report = await w.sealkit(['rotate', '--update-keys', '--dry-run', '.'])
    assert.match(
      report.stdout,
      /^a\.yaml: new data key, \+ age age1980z\S+ \(group 2\), \+ age \S+ \(group 3\), shamir_threshold 0 -> 2, values unencrypted_suffix _unencrypted -> encrypted_regex \^\(a\|m\)\$$/m,
    )
    assert.equal((await w.sealkit(['rotate', '--update-keys', '.'])).code, 0)
    assert.match(w.read('a.yaml'), /^b: 2$/m)
    assert.match(w.read('a.yaml'), /shamir_threshold: 2/)
    assert.equal((await w.sealkit(['decrypt', 'a.yaml'])).code, 1)
    w.write('keys.txt', `${second.identity}\n${third.identity}\n`)
    assert.equal(await decrypted(w, 'a.yaml'), plain['a.yaml'])
    if (programs !== null) assert.equal(w.run(programs.sops, ['decrypt', 'a.yaml']).stdout, plain['a.yaml'])
    w.write('.sops.yaml', rule(3))
    assert.match(
      (await w.sealkit(['rotate', '--update-keys', '--keep-data-key', '.'])).stdout,
      /^a\.yaml: shamir_threshold 2 -> 3$/m,
    )
    assert.match(w.read('a.yaml'), /shamir_threshold: 3/)
    assert.match((await w.sealkit(['decrypt', 'a.yaml'])).stderr, /2 of the 3 key groups that the file needs/)
  })

  test('--update-keys --dry-run lists and counts the files that are not as .sops.yaml says, and writes nothing', async () => {
    const w = await world()
    const names = Object.keys(plain)
    w.write('.sops.yaml', `creation_rules: [{age: '${first.recipient},${second.recipient}'}]\n`)
    assert.equal((await w.sealkit(['rotate', '--update-keys', 'a.yaml', 'a.json', 'a.env', 'a.ini'])).code, 0)
    const before = names.map((name) => w.read(name))
    for (const [more, others] of [
      [[], '4 to get a new data key alone'],
      [['--keep-data-key'], '4 up to date'],
    ] as const) {
      const { stdout, stderr } = await w.sealkit(['rotate', '--update-keys', '--dry-run', ...more, '.'])
      assert.match(stdout, /^a\.bin: (new data key, )?\+ age \S+\n$/)
      assert.match(stderr, /^rotated 0 files, .*\b1 to change\b/)
      assert.match(stderr, new RegExp(`\\b${others}\\b`))
    }
    assert.deepEqual(
      names.map((name) => w.read(name)),
      before,
    )
  })

  test('a second --update-keys has nothing to do', async () => {
    const w = await world({ 'a.yaml': plain['a.yaml'], '.sops.yaml': `creation_rules: [{age: ${first.recipient}}]\n` })
    const before = w.read('a.yaml')
    const { stdout, stderr } = await w.sealkit(['rotate', '--update-keys', '--keep-data-key', '.'])
    assert.deepEqual([stdout, stderr], ['', 'rotated 0 files, 1 not encrypted, 1 up to date\n'])
    assert.equal(w.read('a.yaml'), before)
  })

  for (const [why, args, stderr] of [
    [
      'to shut out somebody who knows the data key',
      ['--keep-data-key', '--add', second.recipient, '--remove', first.recipient, 'a.yaml'],
      /whoever is shut out knows the data key/,
    ],
    ['a stranger to remove', ['--remove', second.recipient, 'a.yaml'], /is no recipient of the file/],
    ['an empty group', ['--remove', first.recipient, 'a.yaml'], /a group of keys would be empty/],
    ['a recipient that is none', ['--add', 'nonsense', 'a.yaml'], /none of the forms of master keys/],
    ['a plain file', ['plain.yaml'], /no SealedSecret or SOPS file found/],
    ['no .sops.yaml', ['--update-keys', 'a.yaml'], /no \.sops\.yaml is for the file/],
    ['no files', [], /rotate needs files/],
    ['a file that was changed', ['broken.yaml'], /broken\.yaml: /],
  ] as const) {
    test(`refuses ${why}`, async () => {
      const w = await world({ ...plain, 'plain.yaml': 'a: hunter2\n' })
      w.write('broken.yaml', w.read('a.yaml').replace(/^b: .*\n/m, ''))
      const before = w.read('a.yaml')
      const result = await w.sealkit(['rotate', ...args])
      assert.match(result.stderr, stderr)
      assert.notEqual(result.code, 0)
      assert.equal(result.stdout, '')
      assert.equal(w.read('a.yaml'), before)
    })
  }
})

describe('edit', () => {
  test('what the editor changed is encrypted, the rest keeps its ciphertext', async () => {
    const w = await world()
    const before = w.read('a.yaml')
    w.env = { EDITOR: "sed -i 's/one/eins/'" }
    const result = await w.sealkit(['edit', 'a.yaml'])
    assert.deepEqual(result, { code: 0, stdout: '', stderr: 'a.yaml: 1 value changed\n' })
    assert.equal(await decrypted(w, 'a.yaml'), plain['a.yaml'].replace('one', 'eins'))
    assert.deepEqual(
      changed(before, w.read('a.yaml')).filter((word) => !/lastmodified|mac/.test(word)),
      ['a'],
    )
  })

  for (const [what, editor, code, stderr] of [
    ['nothing', 'true', 0, /nothing changed/],
    ['YAML that is none', "sed -i 's/a: one/a: \"one/'", 1, /sealkit: error: /],
    ['a key named sops', "sed -i 's/a: one/sops: one/'", 1, /sops/],
    ['all values away', "sed -i '/./d'", 2, /the edited file is empty/],
    ['with an editor that fails', 'false', 1, /the editor failed: exit status 1/],
    ['with an editor that is not there', 'no-such-editor', 1, /the editor failed: /],
  ] as const) {
    test(`${what}: the file stays as it was`, async () => {
      const w = await world()
      const before = w.read('a.yaml')
      w.env = { EDITOR: editor }
      const result = await w.sealkit(['edit', 'a.yaml'])
      assert.match(result.stderr, stderr)
      assert.deepEqual([result.code, w.read('a.yaml')], [code, before])
      assert.doesNotMatch(result.stderr, /why/)
    })
  }
})
