import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { keys, World } from './world.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops')
const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const rules = `creation_rules: [{path_regex: ^secrets/, age: ${keys[0].recipient}}, {path_regex: \\.env$, age: ${keys[0].recipient}}]\n`
const plain = {
  'secrets/a.yaml': 'user: root\npassword: hunter2\n',
  'secrets/deep/b.json': '{\n\t"token": "hunter2"\n}\n',
  'secrets/c.ini': '[one]\na = hunter2\n',
  'secrets/key.pem': 'hunter2\n',
  'app/x.env': 'TOKEN=hunter2\n',
  'app/deployment.yaml': 'kind: Deployment\n',
}

function world(files: Readonly<Record<string, string>> = {}): World {
  const made = new World({ '.sops.yaml': rules, ...plain, ...files })
  worlds.push(made)
  return made
}

const names = Object.keys(plain)

describe('whole trees', () => {
  test('encrypt takes what a rule is for, decrypt what is encrypted', async () => {
    const w = world()
    const encrypted = await w.sealkit(['encrypt', '-i', 'secrets', 'app'])
    assert.deepEqual(encrypted, { code: 0, stdout: '', stderr: 'encrypted 5 files, 1 without a rule\n' })
    for (const name of names) assert.equal(w.read(name).includes('hunter2'), false, name)
    assert.equal(w.read('app/deployment.yaml'), plain['app/deployment.yaml'])
    const decrypted = await w.sealkit(['decrypt', '--output-dir', 'out', '.'])
    assert.deepEqual(decrypted, { code: 0, stdout: '', stderr: 'decrypted 5 files, 2 not encrypted\n' })
    for (const name of names.slice(0, 5)) assert.equal(w.read(`out/${name}`), plain[name as keyof typeof plain])
    assert.deepEqual(w.list('out'), names.slice(0, 5).sort())
    assert.deepEqual(
      [statSync(w.path('out/app/x.env')).mode & 0o777, statSync(w.path('out/app')).mode & 0o777],
      [0o600, 0o700],
    )
  })

  test('a second encrypt of a tree changes nothing', async () => {
    const w = world()
    await w.sealkit(['encrypt', '-i', 'secrets'])
    const before = w.read('secrets/a.yaml')
    const again = await w.sealkit(['encrypt', '-i', 'secrets'])
    assert.deepEqual([again.code, again.stderr], [0, 'encrypted 0 files, 4 encrypted already\n'])
    assert.equal(w.read('secrets/a.yaml'), before)
  })

  test('the real sops reads every file of the tree', async (t) => {
    if (programs === null) return t.skip(skipped.join(', '))
    const w = world()
    await w.sealkit(['encrypt', '-i', 'secrets', 'app'])
    for (const name of names.slice(0, 5)) {
      const { code, stdout, stderr } = w.run(programs.sops, ['decrypt', name])
      assert.deepEqual([code, stdout], [0, plain[name as keyof typeof plain]], stderr)
    }
  })

  test('a tree that the real sops encrypted', async (t) => {
    if (programs === null) return t.skip(skipped.join(', '))
    const w = world()
    for (const name of names.slice(0, 5)) assert.equal(w.run(programs.sops, ['encrypt', '-i', name]).code, 0)
    assert.equal((await w.sealkit(['decrypt', '-i', '.'])).stderr, 'decrypted 5 files, 2 not encrypted\n')
    for (const name of names) assert.equal(w.read(name), plain[name as keyof typeof plain])
  })

  for (const [pattern, matched] of [
    ['secrets/*', ['secrets/a.yaml', 'secrets/c.ini', 'secrets/key.pem']],
    ['secrets/**', ['secrets/a.yaml', 'secrets/c.ini', 'secrets/deep/b.json', 'secrets/key.pem']],
    ['**/*.{json,env}', ['app/x.env', 'secrets/deep/b.json']],
    ['./secrets/?.[a-x]ni', ['secrets/c.ini']],
  ] as const) {
    test(`the pattern ${pattern}`, async () => {
      const w = world()
      assert.equal((await w.sealkit(['encrypt', '-i', pattern])).code, 0)
      assert.deepEqual(
        names.filter((name) => !w.read(name).includes(plain[name as keyof typeof plain])).sort(),
        matched,
      )
    })
  }

  test('a file of many that fails: every failure is told, and all stay as they were', async () => {
    const w = world()
    await w.sealkit(['encrypt', '-i', 'secrets'])
    const [a, b, json] = [w.read('secrets/a.yaml'), w.read('secrets/c.ini'), w.read('secrets/deep/b.json')]
    w.write('secrets/a.yaml', a.replace('data:', 'data:AA'))
    w.write('secrets/c.ini', b.replace('type:str', 'type:int'))
    const failed = await w.sealkit(['decrypt', '-i', 'secrets'])
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /error: secrets\/a\.yaml: .*\n(?:hint.*\n)?sealkit: error: secrets\/c\.ini: /)
    assert.match(failed.stderr, /nothing written, 2 files would have been decrypted, 2 failed\n$/)
    assert.equal(w.read('secrets/deep/b.json'), json)
    const going = await w.sealkit(['decrypt', '-i', '--keep-going', 'secrets'])
    assert.deepEqual([going.code, /decrypted 2 files, 2 failed\n$/.test(going.stderr)], [1, true])
    assert.equal(w.read('secrets/deep/b.json'), plain['secrets/deep/b.json'])
  })

  for (const [why, args, code, stderr] of [
    ['a tree to standard output', ['decrypt', 'secrets'], 2, /several files need --in-place or --output-dir/],
    ['two destinations', ['decrypt', '-i', '--output-dir', 'out', 'secrets'], 2, /--in-place and --output-dir exclude/],
    ['no file for the output directory', ['decrypt', '--output-dir', 'out'], 2, /--output-dir needs files/],
    ['a pattern without a match', ['decrypt', '-i', '*.nope'], 2, /\*\.nope matches no file/],
    ['a tree without an encrypted file', ['decrypt', '-i', 'app'], 2, /no encrypted file found in app/],
    [
      'a tree without a rule',
      ['encrypt', '-i', '--config', 'empty.yaml', 'app'],
      1,
      /no \.sops\.yaml has one|no file to encrypt/,
    ],
    ['a base for a tree', ['encrypt', '-i', '--base', 'x', 'secrets'], 2, /--base needs one file/],
  ] as const) {
    test(`refuses ${why}`, async () => {
      const w = world({ 'empty.yaml': 'creation_rules: [{path_regex: ^nothing$}]\n' })
      const result = await w.sealkit(args)
      assert.equal(result.stdout, '')
      assert.match(result.stderr, stderr)
      if (why !== 'a tree without a rule') assert.equal(result.code, code)
      for (const name of names) assert.equal(w.read(name), plain[name as keyof typeof plain])
    })
  }

  for (const [why, args, stderr] of [
    [
      'that is the input',
      ['decrypt', '--output-dir', '.', '.'],
      /(?:copies|secrets)\/a\.yaml itself would be overwritten/,
    ],
    ['that is the input, by another name', ['decrypt', '--output-dir', 'app/..', 'secrets/a.yaml'], /overwritten/],
    [
      'in which two files would meet',
      ['decrypt', '--output-dir', 'out', 'secrets', 'copies'],
      /would both become out\/a/,
    ],
    ['that is the input, to encrypt', ['encrypt', '--output-dir', 'app', 'app'], /app\/x\.env itself would be/],
  ] as const) {
    test(`refuses an output directory ${why}`, async () => {
      const w = world()
      await w.sealkit(['encrypt', '-i', 'secrets'])
      w.write('copies/a.yaml', w.read('secrets/a.yaml'))
      const before = w.list('.').map((name) => w.read(name))
      const result = await w.sealkit(args)
      assert.match(result.stderr, stderr)
      assert.deepEqual([result.code, result.stdout], [2, ''])
      assert.deepEqual(
        w.list('.').map((name) => w.read(name)),
        before,
      )
    })
  }

  test('every master key is asked once for a data key, however many files hold it', async () => {
    const w = world()
    await w.sealkit(['encrypt', '-i', 'secrets/a.yaml'])
    for (let copy = 0; copy < 20; copy++) w.write(`copies/${copy}.yaml`, w.read('secrets/a.yaml'))
    const calls = w.path('calls')
    w.write('key.sh', `#!/bin/sh\necho x >> ${calls}\ncat ${w.path('keys.txt')}\n`)
    w.env = { SOPS_AGE_KEY_CMD: `sh ${w.path('key.sh')}`, SOPS_AGE_KEY_FILE: '/dev/null' }
    assert.equal((await w.sealkit(['decrypt', '--output-dir', 'out', 'copies'])).code, 0)
    assert.equal(w.read('calls'), 'x\n')
    assert.equal(w.list('out').length, 20)
  })
})

describe('encrypt over an encrypted file', () => {
  const yaml = '# note\na: one\nb: two\nlist:\n    - x\n    - two words\n'

  async function encrypted(w: World, content = yaml): Promise<string> {
    w.write('plain.yaml', content)
    const { code, stderr } = await w.sealkit(['encrypt', '--age', keys[0].recipient, '-o', 'enc.yaml', 'plain.yaml'])
    assert.deepEqual([code, stderr], [0, ''])
    w.now = '2026-05-05T05:05:05Z'
    return w.read('enc.yaml')
  }

  const changed = (a: string, b: string): string[] => {
    const lines = b.split('\n')
    return a
      .split('\n')
      .filter((line) => !lines.includes(line))
      .map((line) => line.trim().split(/[ :]/)[0] ?? '')
  }

  test('only what changed differs: same data key, same vectors, comments kept', async () => {
    const w = world()
    const before = await encrypted(w)
    w.write('plain.yaml', yaml.replace('two', 'three'))
    assert.equal((await w.sealkit(['encrypt', '--age', keys[0].recipient, '-o', 'enc.yaml', 'plain.yaml'])).code, 0)
    assert.deepEqual(changed(before, w.read('enc.yaml')), ['b', 'lastmodified', 'mac'])
    assert.match((await w.sealkit(['decrypt', 'enc.yaml'])).stdout, /^# note\na: one\nb: three\n/)
  })

  test('nothing changed: the same bytes, whatever the time', async () => {
    const w = world()
    const before = await encrypted(w)
    assert.equal((await w.sealkit(['encrypt', '--age', keys[0].recipient, '-o', 'enc.yaml', 'plain.yaml'])).code, 0)
    assert.equal(w.read('enc.yaml'), before)
  })

  test('--base names the earlier version; the result goes to standard output', async () => {
    const w = world()
    const before = await encrypted(w)
    const { stdout } = await w.sealkit(
      ['encrypt', '--age', keys[0].recipient, '--base', 'enc.yaml', '--filename', 'x.yaml'],
      yaml.replace('one', 'eins'),
    )
    assert.deepEqual(changed(before, stdout), ['a', 'lastmodified', 'mac'])
  })

  test('--fresh keeps nothing', async () => {
    const w = world()
    const before = await encrypted(w)
    const { code } = await w.sealkit(['encrypt', '--fresh', '--age', keys[0].recipient, '-o', 'enc.yaml', 'plain.yaml'])
    assert.equal(code, 0)
    assert.equal(changed(before, w.read('enc.yaml')).includes('a'), true)
  })

  test('one more recipient: the data key stays, and only the new one is asked', async () => {
    const w = world()
    const before = await encrypted(w)
    const both = `${keys[0].recipient},${keys[1].recipient}`
    assert.equal((await w.sealkit(['encrypt', '--age', both, '-o', 'enc.yaml', 'plain.yaml'])).code, 0)
    assert.deepEqual(changed(before, w.read('enc.yaml')), ['lastmodified', 'mac'])
    w.write('keys.txt', keys[1].identity)
    assert.equal((await w.sealkit(['decrypt', 'enc.yaml'])).stdout, yaml)
  })

  test('a recipient less: everything is new', async () => {
    const w = world()
    const before = await encrypted(w)
    assert.equal((await w.sealkit(['encrypt', '--age', keys[1].recipient, '-o', 'enc.yaml', 'plain.yaml'])).code, 0)
    assert.deepEqual(
      changed(before, w.read('enc.yaml')).slice(0, 3),
      ['', 'a', 'b'].map((x) => x || '#ENC[AES256_GCM,data'),
    )
  })

  test('a base that does not open is not lost', async () => {
    const w = world()
    const before = await encrypted(w)
    w.write('keys.txt', keys[1].identity)
    const { code, stderr } = await w.sealkit(['encrypt', '--age', keys[0].recipient, '-o', 'enc.yaml', 'plain.yaml'])
    assert.equal(code, 1)
    assert.match(stderr, /enc\.yaml, which would be kept .* does not open[\s\S]*hint: pass --fresh/)
    assert.equal(w.read('enc.yaml'), before)
  })

  test('what the real sops encrypted is changed, and the real one reads it', async (t) => {
    if (programs === null) return t.skip(skipped.join(', '))
    for (const [file, from, to] of [
      ['a.yaml', yaml, yaml.replace('two words', 'more words')],
      [
        'a.json',
        '{\n\t"a": 1,\n\t"b": [\n\t\t"x",\n\t\t2.5\n\t]\n}\n',
        '{\n\t"a": 2,\n\t"b": [\n\t\t"x",\n\t\t2.5\n\t]\n}\n',
      ],
      ['a.env', 'A=1\n# c\nB=2\n', 'A=1\n# c\nB=3\n'],
      ['a.ini', '[s]\na = 1\nb = 2\n', '[s]\na = 1\nb = 3\n'],
    ] as const) {
      const w = world({ [`p/${file}`]: from })
      const made = w.run(programs.sops, ['--config', '/dev/null', 'encrypt', '--age', keys[0].recipient, `p/${file}`])
      assert.equal(made.code, 0, made.stderr)
      w.write(`e/${file}`, made.stdout)
      w.write(`p/${file}`, to)
      const { code, stderr } = await w.sealkit(['encrypt', '--age', keys[0].recipient, '-o', `e/${file}`, `p/${file}`])
      assert.equal(code, 0, stderr)
      assert.equal(w.run(programs.sops, ['decrypt', `e/${file}`]).stdout, to)
      assert.equal(changed(made.stdout, w.read(`e/${file}`)).length, 3, file)
    }
  })
})
