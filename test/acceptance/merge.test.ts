import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { available } from '../servers/programs.ts'
import { dist, type Ended, folder, put, run, runtimes } from './programs.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops')

const recipient = 'age1wx52wrvugfq0ft5gf9ygxgh2dfgsavwjnnhdk5t2c742v27c034qjfygvw'
const identity = 'AGE-SECRET-KEY-1WY98EQGFYSLS4L9FY4YLQKZ8303KK433RNPKH0HEAFDHLZTE6J3SGXNMYZ'
const other = 'age1980z6wac6uns78wamx2l5s7kyq2jhpuadrk52pcnqmdqezqpn39syn8q4w'
const plain = '# note\nuser: root\npassword: hunter2\nlist:\n    - one\n    - two words\n'

type Runtime = (typeof runtimes)[number]

/** A repository with one encrypted file, the driver installed, and what works in it. */
class Repository {
  readonly path: string
  readonly env: Record<string, string>
  readonly #runtime: Runtime

  constructor(t: TestContext, runtime: Runtime, { name = 'secrets.yaml', text = plain } = {}) {
    this.path = folder(t)
    this.#runtime = runtime
    put(this.path, 'keys/keys.txt', `${identity}\n`)
    this.env = {
      PATH: `${this.#programs()}:${process.env['PATH']}`,
      HOME: this.path,
      SOPS_AGE_KEY_FILE: join(this.path, 'keys/keys.txt'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    }
    this.git('init', '-q', '-b', 'main')
    put(this.path, '.gitignore', 'keys\nbin\n')
    put(this.path, name, text)
    this.sealkit('encrypt', '-i', '--age', recipient, name)
    this.sealkit('merge', '--install', name)
    this.git('add', '.')
    this.git('commit', '-qm', 'base')
  }

  /** Where git finds `sealkit`. */
  #programs(): string {
    if (this.#runtime === 'executable') return dist
    const script = `#!/bin/sh\nexec '${process.execPath}' '${join(dist, 'lib/cli/sealkit.mjs')}' "$@"\n`
    put(this.path, 'bin/sealkit', script)
    chmodSync(join(this.path, 'bin/sealkit'), 0o755)
    return join(this.path, 'bin')
  }

  /** Runs sealkit, which may fail. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = this.path): Ended {
    return run('sealkit', args, { cwd, env: { ...this.env, ...env }, on: this.#runtime })
  }

  git(...args: readonly string[]): string {
    return execFileSync('git', [...args], {
      cwd: this.path,
      env: this.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** A git command that may fail. */
  tryGit(...args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync('git', [...args], { cwd: this.path, env: this.env, encoding: 'utf8' })
    return { code: status, stdout, stderr }
  }

  sealkit(...args: readonly string[]): string {
    const ended = this.run(args)
    assert.equal(ended.code, 0, ended.stderr)
    return ended.stdout
  }

  /** Commits a change on a branch that starts at main's first commit, and goes back to main. */
  on(branch: string, change: () => void): void {
    this.git('checkout', '-q', ...(branch === 'main' ? ['main'] : ['-b', branch]))
    change()
    this.git('commit', '-qam', `on ${branch}`)
    this.git('checkout', '-q', 'main')
  }

  set(key: string, value: string, file = 'secrets.yaml'): void {
    this.sealkit('set', '--value', value, file, key)
  }

  read(file = 'secrets.yaml'): string {
    return readFileSync(join(this.path, file), 'utf8')
  }

  /** What the real sops makes of the file; it checks the MAC. */
  opened(file = 'secrets.yaml'): string {
    const program = programs?.sops
    if (program === undefined) return this.sealkit('decrypt', file)
    return execFileSync(program, ['decrypt', file], { cwd: this.path, env: this.env, encoding: 'utf8' })
  }
}

for (const runtime of runtimes) {
  describe(`git merge with the driver (${runtime})`, () => {
    test('each side changes another value: merged, with one MAC that the real sops accepts', (t) => {
      if (programs === null) return t.skip(skipped.join(', '))
      const r = new Repository(t, runtime)
      r.on('topic', () => {
        r.set('password', 'hunter3')
        r.set('fresh', 'from topic')
      })
      r.on('main', () => r.set('user', 'admin'))
      r.git('merge', '-q', '--no-edit', 'topic')
      assert.equal(r.git('status', '--porcelain'), '')
      assert.equal(
        r.opened(),
        '# note\nuser: admin\npassword: hunter3\nlist:\n    - one\n    - two words\nfresh: from topic\n',
      )
    })

    test('without the driver the same merge is a conflict that nobody can read; sealkit merge FILE mends it', (t) => {
      const r = new Repository(t, runtime)
      r.git('config', '--remove-section', 'merge.sealkit')
      r.on('topic', () => r.set('password', 'hunter3'))
      r.on('main', () => r.set('user', 'admin'))
      assert.equal(r.tryGit('merge', '--no-edit', 'topic').code, 1)
      assert.match(r.read(), /^<<<<<<< /m)
      r.sealkit('merge', 'secrets.yaml')
      assert.equal(r.opened(), plain.replace('root', 'admin').replace('hunter2', 'hunter3'))
      r.git('add', 'secrets.yaml')
      r.git('commit', '-qm', 'merged')
    })

    test('git mergetool', (t) => {
      const r = new Repository(t, runtime)
      r.git('config', '--remove-section', 'merge.sealkit')
      r.git('config', 'mergetool.sealkit.cmd', 'sealkit merge -o "$MERGED" "$BASE" "$LOCAL" "$REMOTE" "$MERGED"')
      r.git('config', 'mergetool.sealkit.trustExitCode', 'true')
      r.git('config', 'mergetool.keepBackup', 'false')
      r.on('topic', () => r.set('password', 'hunter3'))
      r.on('main', () => r.set('user', 'admin'))
      assert.equal(r.tryGit('merge', '--no-edit', 'topic').code, 1)
      const tool = r.tryGit('mergetool', '-y', '-t', 'sealkit')
      assert.equal(tool.code, 0, tool.stderr)
      r.git('commit', '-qm', 'merged')
      assert.equal(r.opened(), plain.replace('root', 'admin').replace('hunter2', 'hunter3'))
    })

    test('both change one value: a conflict of ciphertext, each side of which is a whole file', (t) => {
      const r = new Repository(t, runtime)
      r.on('topic', () => {
        r.set('password', 'theirs-secret')
        r.set('user', 'admin')
      })
      r.on('main', () => r.set('password', 'ours-secret'))
      const merge = r.tryGit('merge', '--no-edit', 'topic')
      assert.equal(merge.code, 1)
      assert.match(
        merge.stderr,
        /secrets\.yaml: 1 conflict: \["password"\]\nhint: choose with: sealkit edit secrets\.yaml; then git add it/,
      )
      const text = r.read()
      assert.doesNotMatch(text, /-secret|hunter|admin/)
      assert.equal(text.match(/^<<<<<<< ours$/gm)?.length, 2, 'the value, and the MAC')
      for (const [side, password] of [
        ['ours', 'ours-secret'],
        ['theirs', 'theirs-secret'],
      ] as const) {
        writeFileSync(join(r.path, 'one-side.yaml'), sideOf(text, side))
        assert.equal(r.opened('one-side.yaml'), plain.replace('hunter2', password).replace('root', 'admin'))
      }
    })

    test('a conflict is resolved in the editor, which shows both plain texts', (t) => {
      const r = new Repository(t, runtime)
      r.on('topic', () => r.set('password', 'theirs-secret'))
      r.on('main', () => r.set('password', 'ours-secret'))
      assert.equal(r.tryGit('merge', '--no-edit', 'topic').code, 1)
      assert.match(r.run(['check', '.']).stdout, /a merge conflict is not resolved/)
      const seen = join(r.path, 'keys/seen')
      put(r.path, 'keys/editor.sh', `cp "$1" ${seen}\nsed -i -e '/^<<<<<<< /d' -e '/^=======$/,/^>>>>>>> /d' "$1"\n`)
      r.env['EDITOR'] = `sh ${join(r.path, 'keys/editor.sh')}`
      r.sealkit('edit', 'secrets.yaml')
      assert.match(
        readFileSync(seen, 'utf8'),
        /^<<<<<<< ours\npassword: ours-secret\n=======\npassword: theirs-secret\n>>>>>>> theirs$/m,
      )
      assert.equal(r.opened(), plain.replace('hunter2', 'ours-secret'))
      r.git('add', 'secrets.yaml')
      r.git('commit', '-qm', 'merged')
    })

    test('markers that are left in the editor: refused, and the file stays in conflict', (t) => {
      const r = new Repository(t, runtime)
      r.on('topic', () => r.set('password', 'theirs-secret'))
      r.on('main', () => r.set('password', 'ours-secret'))
      r.tryGit('merge', '--no-edit', 'topic')
      const before = r.read()
      const { code, stderr } = r.run(['edit', 'secrets.yaml'], { EDITOR: "sed -i 's/two words/words/'" })
      assert.deepEqual([code, /conflict markers are left/.test(stderr)], [2, true])
      assert.doesNotMatch(stderr, /-secret/)
      assert.equal(r.read(), before)
    })

    test('no key at hand: a conflict, nothing lost, and mended when the key is there', (t) => {
      const r = new Repository(t, runtime)
      r.on('topic', () => r.set('password', 'hunter3'))
      r.on('main', () => r.set('user', 'admin'))
      const merge = spawnSync('git', ['merge', '--no-edit', 'topic'], {
        cwd: r.path,
        env: { ...r.env, SOPS_AGE_KEY_FILE: '/dev/null' },
        encoding: 'utf8',
      })
      assert.equal(merge.status, 1)
      assert.match(merge.stderr, /secrets\.yaml: not merged: .*\nhint: with a key at hand: sealkit merge secrets\.yaml/)
      r.sealkit('merge', 'secrets.yaml')
      assert.equal(r.opened(), plain.replace('root', 'admin').replace('hunter2', 'hunter3'))
    })

    test('one side rotates the data key and shuts a reader out, the other changes a value', (t) => {
      const r = new Repository(t, runtime)
      r.sealkit('rotate', '--add', other, 'secrets.yaml')
      r.git('commit', '-qam', 'two readers')
      r.on('topic', () => r.sealkit('rotate', '--remove', other, 'secrets.yaml'))
      r.on('main', () => r.set('user', 'admin'))
      r.git('merge', '-q', '--no-edit', 'topic')
      assert.equal(r.read().includes(other), false)
      assert.equal(r.opened(), plain.replace('root', 'admin'))
    })

    test('both sides add a reader', (t) => {
      const r = new Repository(t, runtime)
      const third = 'age104urvgp6fvfn2lp8fxx2urx6y0jffgwu5nat4z8p26k5ghf8ge6qak3ngj'
      r.on('topic', () => r.sealkit('rotate', '--keep-data-key', '--add', other, 'secrets.yaml'))
      r.on('main', () => r.sealkit('rotate', '--keep-data-key', '--add', third, 'secrets.yaml'))
      r.git('merge', '-q', '--no-edit', 'topic')
      for (const key of [recipient, other, third]) assert.equal(r.read().includes(key), true)
      assert.equal(r.opened(), plain)
    })

    for (const [file, base, change, merged] of [
      ['s.json', '{\n\t"a": "1",\n\t"b": "2"\n}\n', ['a', 'b'], '{\n\t"a": "x",\n\t"b": "y"\n}\n'],
      ['s.env', 'a=1\nb=2\n', ['a', 'b'], 'a=x\nb=y\n'],
      ['s.ini', '[s]\na = 1\nb = 2\n', ['["s"]["a"]', '["s"]["b"]'], '[s]\na = x\nb = y\n'],
    ] as const) {
      test(`${file}`, (t) => {
        const r = new Repository(t, runtime, { name: file, text: base })
        r.on('topic', () => r.set(change[1], 'y', file))
        r.on('main', () => r.set(change[0], 'x', file))
        r.git('merge', '-q', '--no-edit', 'topic')
        assert.equal(r.opened(file), merged)
      })
    }

    test('rebase and cherry-pick go through the driver too', (t) => {
      const r = new Repository(t, runtime)
      r.on('topic', () => r.set('password', 'hunter3'))
      r.on('main', () => r.set('user', 'admin'))
      r.git('checkout', '-q', 'topic')
      r.git('rebase', '-q', 'main')
      assert.equal(r.opened(), plain.replace('root', 'admin').replace('hunter2', 'hunter3'))
      r.git('checkout', '-q', '-b', 'third', 'main~1')
      r.set('fresh', 'x')
      r.git('commit', '-qam', 'third')
      r.git('cherry-pick', 'main')
      assert.equal(r.opened(), `${plain.replace('root', 'admin')}fresh: x\n`)
    })

    test('--install once more changes nothing; outside of a repository it fails', (t) => {
      const r = new Repository(t, runtime)
      const before = r.read('.gitattributes')
      assert.equal(before, 'secrets.yaml merge=sealkit diff=sealkit\n')
      r.sealkit('merge', '--install', 'secrets.yaml')
      assert.equal(r.read('.gitattributes'), before)
      r.sealkit('merge', '--install', 'more/**')
      assert.equal(r.read('.gitattributes'), `${before}more/** merge=sealkit diff=sealkit\n`)
      const outside = folder(t)
      const { code, stderr } = r.run(['merge', '--install', 'x'], { GIT_CEILING_DIRECTORIES: outside }, outside)
      assert.deepEqual(
        [code, /git has no repository here/.test(stderr), existsSync(join(outside, '.gitattributes'))],
        [1, true, false],
      )
    })
  })

  describe(`git diff with the textconv (${runtime})`, () => {
    test('shows which values changed, and none of them; sealkit diff FILE compares with HEAD', (t) => {
      const r = new Repository(t, runtime)
      r.set('password', 'hunter3')
      const text = r.git('diff')
      assert.doesNotMatch(text, /hunter/)
      assert.match(text, /^-password: <str \w{12}>\n\+password: <str \w{12}>$/m)
      assert.equal(text.match(/^[-+][^-+]/gm)?.length, 2)
      assert.equal(r.sealkit('diff', 'secrets.yaml'), 'changed ["password"]\n')
      r.env['SOPS_AGE_KEY_FILE'] = '/dev/null'
      assert.doesNotMatch(r.git('log', '-p'), /hunter/)
      assert.match(r.git('log', '-p'), /^\+password: <str/m)
    })
  })
}

/** One side of a text in conflict, as a person takes it. */
function sideOf(text: string, side: 'ours' | 'theirs'): string {
  return text.replace(/^<<<<<<< ours\n([\s\S]*?)^=======\n([\s\S]*?)^>>>>>>> theirs\n/gm, side === 'ours' ? '$1' : '$2')
}
