import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { keys, World } from './world.ts'

const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const [first, second] = keys
const rules = `creation_rules:\n  - path_regex: ^secrets/\n    age: ${first.recipient}\n`

async function world(): Promise<World> {
  const w = new World({
    '.sops.yaml': rules,
    'secrets/a.yaml': 'user: root\npassword: hunter2\n',
    'secrets/b.env': 'TOKEN=hunter2\n',
    'secrets/c.pem': 'hunter2\n',
    'app/deployment.yaml': 'kind: Deployment\n',
  })
  worlds.push(w)
  assert.equal((await w.sealkit(['encrypt', '-i', 'secrets'])).code, 0)
  // CI has no keys.
  w.write('keys.txt', '')
  return w
}

/** What is done to the tree, and the finding that it leads to. */
const cases: readonly (readonly [why: string, spoil: (w: World) => void, finding: RegExp, args?: readonly string[]])[] =
  [
    [
      'a plain file that a rule is for',
      (w) => w.write('secrets/new.yaml', 'a: hunter2\n'),
      /^secrets\/new\.yaml: not encrypted, and \.sops\.yaml has a rule for it: path_regex \^secrets\/$/,
    ],
    [
      'a plain file of no known format',
      (w) => w.write('secrets/id_rsa', 'hunter2\n'),
      /^secrets\/id_rsa: not encrypted/,
    ],
    [
      'a value in plain text',
      (w) => edit(w, /password: ENC.*/, 'password: hunter2'),
      /^secrets\/a\.yaml: password: in plain text, where the rule of the file encrypts$/,
    ],
    ['a number in plain text', (w) => edit(w, /password: ENC.*/, 'password: 12345'), /password: in plain text/],
    [
      'a damaged value',
      (w) => edit(w, /password: ENC\[AES256_GCM,data:/, 'password: ENC[AES256_GCM,data'),
      /password: damaged: not of the form/,
    ],
    ['an unknown type', (w) => edit(w, 'type:str', 'type:dict'), /user: damaged: an unknown type/],
    ['a short tag', (w) => edit(w, /tag:[^,]*/, 'tag:AAAA'), /user: damaged: the tag/],
    ['a MAC that was taken away', (w) => edit(w, / *mac: .*\n/, ''), /secrets\/a\.yaml: there is no MAC/],
    [
      'a MAC that was cut',
      (w) => edit(w, /mac: ENC\[AES256_GCM,data:.*/, 'mac: ENC[AES256_GCM,data:x]'),
      /the MAC is damaged/,
    ],
    [
      'metadata that cannot be read',
      (w) => edit(w, /lastmodified: .*/, 'lastmodified: yesterday'),
      /secrets\/a\.yaml: lastmodified is not an RFC 3339 time/,
    ],
    ['a version that is none', (w) => edit(w, /version: .*/, 'version: new'), /the sops version/],
    [
      'other recipients than the rule',
      (w) => w.write('.sops.yaml', rules.replace(first.recipient, second.recipient)),
      /secrets\/a\.yaml: not as \.sops\.yaml says: \+ age age1980z\S+, - age age1wx52/,
    ],
    [
      'another selection than the rule',
      (w) => w.write('.sops.yaml', `${rules}    encrypted_regex: ^password$\n`),
      /secrets\/a\.yaml: not as \.sops\.yaml says: values unencrypted_suffix _unencrypted -> encrypted_regex \^password\$/,
    ],
    [
      'no rule for an encrypted file',
      (w) => w.write('.sops.yaml', rules.replace('^secrets/', '^other/')),
      /secrets\/a\.yaml: no creation rule/,
    ],
    [
      'a path_regex that is none',
      (w) => w.write('.sops.yaml', rules.replace('^secrets/', '(?!x)')),
      /is (?:no|not a valid) regular expression/,
    ],
    [
      'a rule in the file that is no expression',
      (w) => edit(w, /unencrypted_suffix: .*/, 'encrypted_regex: ('),
      /encrypted_regex is not a valid regular expression/,
    ],
    [
      'a rule that selects nothing',
      (w) =>
        w.write(
          'secrets/a.yaml',
          w
            .read('secrets/a.yaml')
            .replace(/^(user|password): .*/gm, '$1: x')
            .replace(/unencrypted_suffix: .*/, 'encrypted_suffix: _nothing'),
        ),
      /nothing is encrypted/,
    ],
    [
      'a merge conflict',
      (w) => w.write('secrets/a.yaml', `<<<<<<< ours\n${w.read('secrets/a.yaml')}=======\n>>>>>>> theirs\n`),
      /a merge conflict is not resolved: sealkit edit secrets\/a\.yaml/,
    ],
    [
      'keys that stand twice',
      (w) => w.write('secrets/d.json', w.read('secrets/c.pem').replace('"data": ', '"data": "", "data": ')),
      /secrets\/d\.json: data: stands there several times/,
    ],
  ]

function edit(w: World, from: string | RegExp, to: string): void {
  const text = w.read('secrets/a.yaml')
  const changed = text.replace(from, to)
  assert.notEqual(changed, text)
  w.write('secrets/a.yaml', changed)
}

describe('check', () => {
  test('a tree in order: nothing found, no key needed', async () => {
    const w = await world()
    assert.deepEqual(await w.sealkit(['check', '.']), {
      code: 0,
      stdout: '',
      stderr: 'checked 3 objects, 0 findings\n',
    })
  })

  for (const [why, spoil, finding] of cases) {
    test(why, async () => {
      const w = await world()
      spoil(w)
      const { code, stdout } = await w.sealkit(['check', '.'])
      assert.equal(code, 1)
      const lines = stdout.trimEnd().split('\n')
      assert.ok(
        lines.some((line) => finding.test(line)),
        stdout,
      )
      assert.doesNotMatch(stdout, /hunter2|12345/)
    })
  }

  test('with keys the MAC is checked', async () => {
    const w = await world()
    w.write('keys.txt', first.identity)
    assert.equal((await w.sealkit(['check', '--decrypt', '.'])).code, 0)
    edit(w, /^user: .*\n/m, '')
    assert.equal((await w.sealkit(['check', '.'])).code, 0, 'what no key can see')
    const { code, stdout } = await w.sealkit(['check', '--decrypt', '.'])
    assert.equal(code, 1)
    assert.match(stdout, /^secrets\/a\.yaml: the MAC does not match/)
  })

  test('a file that is named must be one', async () => {
    const w = await world()
    assert.match((await w.sealkit(['check', 'app/deployment.yaml'])).stdout, /no SealedSecret or SOPS file found/)
  })
})

describe('config', () => {
  test('every rule with its verdict, and what the file would get', async () => {
    const w = await world()
    w.write(
      '.sops.yaml',
      `creation_rules:\n  - path_regex: ^x\n  - path_regex: \\.yaml$\n    encrypted_regex: ^data$\n    age: ${first.recipient}\n  - age: ${second.recipient}\n`,
    )
    const { code, stdout } = await w.sealkit(['config', 'secrets/new.yaml'])
    assert.equal(code, 0)
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'secrets/new.yaml',
      `  config: ${w.path('.sops.yaml')}`,
      '  path: secrets/new.yaml',
      '  rule 1: path_regex ^x does not match',
      '  rule 2: path_regex \\.yaml$ matches',
      '  rule 3: without path_regex not reached',
      '  format: yaml',
      `  recipients: age ${first.recipient}`,
      '  encrypted_regex: ^data$',
    ])
  })

  test('from the folder of the file, or from the working directory as sops', async () => {
    const w = await world()
    w.write('sub/.sops.yaml', `creation_rules: [{age: ${second.recipient}}]\n`)
    const near = JSON.parse((await w.sealkit(['config', '--json', 'sub/a.yaml'])).stdout)
    const far = JSON.parse((await w.sealkit(['config', '--json', '--cwd', 'sub/a.yaml'])).stdout)
    assert.deepEqual([near.config, near.settings.recipients], [w.path('sub/.sops.yaml'), [`age ${second.recipient}`]])
    assert.deepEqual(
      [far.config, far.path, far.problem],
      [w.path('.sops.yaml'), 'sub/a.yaml', 'no creation rule of .sops.yaml is for this file'],
    )
  })

  for (const [why, config, problem] of [
    ['no rule', 'creation_rules: [{path_regex: ^x}]', /problem: no creation rule/],
    [
      'an expression that is none',
      'creation_rules: [{path_regex: (}, {age: x}]',
      /rule 1: path_regex \( is no regular expression\n {2}rule 2: without path_regex not reached\n {2}problem: /,
    ],
    [
      'two selections',
      'creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]',
      /problem: a creation rule states more than one/,
    ],
    ['no rules at all', 'stores: {}', /problem: the file has no creation rules/],
    ['a recipient that is none', 'creation_rules: [{age: nonsense}]', /problem: an age recipient is malformed/],
  ] as const) {
    test(`fails with ${why}`, async () => {
      const w = await world()
      w.write('.sops.yaml', config)
      const { code, stdout } = await w.sealkit(['config', 'secrets/a.yaml'])
      assert.equal(code, 1)
      assert.match(stdout, problem)
    })
  }
})
