import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import { parseDocuments } from '@sealkit/core/yaml'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const file = fileURLToPath(new URL(`../../packages/controller/src/bin/${program}.ts`, import.meta.url))
  const options = { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env } }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=source', file, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

const sealed = 'sealed-secrets-controller'
const external = 'external-secrets'

/** Program, arguments, exit code, stdout and stderr. */
const cases: readonly (readonly [string, readonly string[], number, RegExp, RegExp])[] = [
  ['controller', ['--version'], 0, /^controller version: \d+\.\d+\.\d+\n$/, /^$/],
  ['controller', ['--help'], 0, /--controllers string +kinds to take care of/, /^$/],
  ['controller', [], 2, /^$/, /^controller: error: --controllers names no kind\nhint: /],
  ['controller', ['--controllers=vault'], 2, /^$/, /^controller: error: vault is no kind /],
  ['controller', ['crds', '--rule'], 2, /^$/, /^controller: error: --rule is no kind /],
  ['controller', ['crds', 'pods'], 2, /^$/, /^controller: error: pods is no kind /],
  ['controller', ['--controllers=sealed-secrets'], 1, /^$/, /no kubeconfig|kubeconfig/i],
  ['controller', ['--controllers=sealed-secrets', '--kubeconfig=/nowhere'], 1, /^$/, /\/nowhere/],
  [sealed, ['--version'], 0, /^controller version: v0\.38\.4\n$/, /^$/],
  [sealed, ['--help'], 0, /^$/, /^Usage of sealed-secrets-controller:\n +--accept-deprecated-v1-data +Accept/],
  [sealed, ['--help'], 0, /^$/, /\n\nFlags of Sealkit:\n(.*\n)* +--leader-elect +Only one/],
  [sealed, ['--v=2'], 2, /^$/, /\nunknown flag: --v\n$/],
  [sealed, ['--key-prefix=Bad_'], 2, /^$/, /key-prefix: name contains illegal character B/],
  [sealed, [`--key-prefix=${'a'.repeat(246)}`], 2, /^$/, /must be shorter than 245, got 246/],
  [sealed, ['--key-cutoff-time=yesterday'], 2, /^$/, /key-cutoff-time is no time/],
  [sealed, ['--privatekey-labels=a'], 2, /^$/, /--privatekey-labels needs key=value pairs/],
  [sealed, ['--rate-limit=0'], 2, /^$/, /--rate-limit must be at least 1/],
  [sealed, ['--rate-limit-burst=-1'], 2, /^$/, /--rate-limit-burst must be at least 0/],
  [sealed, ['--key-size=512'], 2, /^$/, /--key-size must be at least 1024/],
  [sealed, ['--key-size=99999'], 2, /^$/, /--key-size must be at most 16384/],
  [sealed, ['--update-status', 'false', '--kubeconfig=/nowhere'], 1, /./, /argument has no effect.*argument=false\n/],
  [sealed, ['--key-order-priority=x', '--kubeconfig=/nowhere'], 1, /./, /Invalid keyOrderPriority/],
  [external, ['--version'], 0, /^external-secrets version: v2\.9\.0\n$/, /^$/],
  [external, ['--help'], 0, /--concurrent int /, /^$/],
  [external, ['--store-requeue-interval=soon'], 2, /^$/, /invalid argument "soon" for "--store-requeue-interval" flag/],
]

test('the command lines say what is wrong and how to go on', { concurrency: 4 }, async (t) => {
  const all = cases.map(([program, args, code, out, err]) =>
    t.test(`${program} ${args.join(' ').slice(0, 60)}`, async () => {
      const ran = await run(program, args)
      assert.equal(ran.code, code, ran.err)
      assert.match(ran.out, out)
      const without = ran.err.replace(/^time=.*\n/gm, '')
      assert.ok(err.test(ran.err) || err.test(without), ran.err)
      assert.doesNotMatch(ran.err, /\n {4}at /, 'a stack is no message')
    }),
  )
  await Promise.all(all)
})

test('crds prints every definition as one YAML stream', async () => {
  const { code, out } = await run('controller', ['crds'])
  assert.equal(code, 0)
  assert.equal(parseDocuments(out).length, crds().length)
  assert.ok(!out.includes('x-kubernetes-validations'))
  const ruled = await run('controller', ['crds', 'external-secrets', '--rules'])
  assert.ok(ruled.out.includes('x-kubernetes-validations'))
})

test('an environment of the wrong form ends the start with its name, and one of the right form counts', async () => {
  const wrong = await run(sealed, [], { SEALED_SECRETS_RATE_LIMIT: 'many' })
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /invalid value "many" in SEALED_SECRETS_RATE_LIMIT/)
  const right = await run(sealed, [], { SEALED_SECRETS_KEY_PREFIX: 'Bad_' })
  assert.equal(right.code, 2)
  assert.match(right.err, /illegal character B/)
})
