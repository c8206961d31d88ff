import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run as kubeseal } from '@sealkit/cli/kubeseal'
import { ran } from './io.ts'
import { manifest, sealedWorld } from './world.ts'

const { folder, sealkit, item } = await sealedWorld()
const unseal = ['unseal', '-k', 'old.key']

/** What was sealed for something else, and what is said of it behind upstream's text. */
const causes: Readonly<Record<string, readonly [text: string, said: string]>> = {
  'another key': [manifest({ k: await item('x', { cert: 'new' }) }), 'k: sealed for another key, one of 2048 bits'],
  'another scope': [
    manifest({ k: await item('x', { scope: 'cluster-wide' }) }),
    'k: sealed in scope cluster-wide, where the annotations say strict',
  ],
  'another namespace': [
    manifest({ k: await item('x', { namespace: 'default' }) }),
    'k: sealed for the namespace default',
  ],
  'another name': [
    manifest({ k: await item('x', { name: 'before' }) }).replace('type: Opaque', 'metadata: {name: before}'),
    'k: sealed for the name before',
  ],
  'nothing known': [
    manifest({ k: await item('x', { name: 'unknown' }) }),
    'k: no key opens it: sealed for another key, or',
  ],
}

test('why no key could decrypt: the text stays, and a diagnosis follows it', async () => {
  for (const [name, [text, said]] of Object.entries(causes)) {
    const { code, stdout, stderr } = await sealkit(unseal, { stdin: text })
    assert.equal(code, 1, name)
    assert.equal(stdout, '', name)
    assert.ok(stderr.startsWith('sealkit: error: no key could decrypt secret (k)\nSealedSecret shop/db: '), stderr)
    assert.ok(stderr.includes(said), `${name}: ${stderr}`)
    assert.match(stderr, /\nhint: .*\n$/)
  }
})

test('kubeseal says why on a terminal, and its own text alone in a script', async () => {
  const argv = ['--recovery-unseal', '--recovery-private-key', 'old.key']
  const [text, said] = causes['another scope'] ?? ['', '']
  const world = { cwd: folder, stdin: text }
  const error = 'error: no key could decrypt secret (k)\n'
  assert.equal((await ran(argv, world, kubeseal)).stderr, error)
  const shown = await ran(argv, { ...world, terminal: true }, kubeseal)
  assert.ok(shown.stderr.endsWith(`SealedSecret shop/db: ${said}\n${error}`), shown.stderr)
})
