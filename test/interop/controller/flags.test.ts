import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { run } from '@sealkit/controller/sealed-secrets-controller'
import { available } from '../../servers/programs.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

type Variables = Readonly<Record<string, string>>

function real(command: string, args: readonly string[], env: Variables): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 240_000, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

async function ours(argv: readonly string[], env: Variables): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await run({
    argv,
    env,
    cwd: '/',
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    signal: new AbortController().signal,
    onKeyRequest: () => undefined,
  })
  return { code, out: out.join(''), err: err.join('') }
}

/** Command lines that end before a cluster is needed, and the variables that they run with. */
const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>?])[] = [
  [['--version']],
  [['--version', 'and', 'more']],
  [['--version', '--', '--bad']],
  [['--version=1']],
  [['--version=T', '--log-level=odd', '--log-format=odd', '--log-info-stdout=f']],
  [['--version=maybe']],
  [['--version=']],
  [
    ['--version'],
    { SEALED_SECRETS_KEY_SIZE: '0x10', SEALED_SECRETS_LISTEN_ADDR: '', SEALED_SECRETS_OLD_GC_BEHAVIOR: 't' },
  ],
  [[], { SEALED_SECRETS_VERSION: 'true' }],
  [['--version'], { SEALED_SECRETS_VERSION: '0.38.4' }],
  [['--rotate-period=1h', '--version']],
  [['--rotate-period=1h', '--rotate-period', '2h', '--version']],
  [['--rotate-period=soon']],
  [['-h']],
  [['-hx']],
  [['-h=1']],
  [['--help']],
  [['--help=maybe']],
  [['--help', '--bad']],
  [['--bad', '--help']],
  [['--version', '--help']],
  [['--v=2']],
  [['--Key-size=1']],
  [['--key_size=1']],
  [['-x']],
  [['-é']],
  [['-xh']],
  [['-\n']],
  [['-test.v', '--version']],
  [['--=x']],
  [['---x']],
  [['---']],
  [['--key-size']],
  [['--key-size=']],
  [['--key-size=abc']],
  [['--key-size=08']],
  [['--key-size=1.5']],
  [['--key-size= 1']],
  [['--key-size=1_0', '--version']],
  [['--key-size=-1', '--version']],
  [['--key-size', '--version', '--version']],
  [['--rate-limit=99999999999999999999']],
  [['--rate-limit=-9223372036854775809']],
  [['--max-unseal-retries=+5', '--version']],
  [['--kubeclient-qps=abc']],
  [['--kubeclient-qps=1e99']],
  [['--kubeclient-qps=-1', '--version']],
  [['--kubeclient-qps=0x1p4', '--version']],
  [['--kubeclient-qps=inf', '--version']],
  [['--kubeclient-burst=1e3']],
  [['--key-ttl=1']],
  [['--key-ttl=']],
  [['--key-ttl=1d']],
  [['--key-ttl=-1.5h', '--version']],
  [['--key-ttl=9999999h']],
  [['--old-gc-behavior=maybe']],
  [['--old-gc-behavior', 'maybe', '--version']],
  [['--my-cn="\u0001é\\', '--version']],
  [['--my-cn', '--version', '--version']],
  [['--my-cn=a=b', '--version']],
]

test('the flags, their help and their errors are those of the real controller', async (t) => {
  const programs = await available(t, 'sealed-secrets-controller')
  if (programs === null) return
  const program = programs['sealed-secrets-controller']
  for (const [args, env = {}] of cases) {
    const title = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...args].join(' ')
    await t.test(JSON.stringify(title), async () => {
      const want = await real(program, args, env)
      const got = await ours(args, env)
      const named = { ...want, err: want.err.replace(`Usage of ${program}:`, 'Usage of sealed-secrets-controller:') }
      assert.deepEqual({ ...got, err: got.err.replace(/\nFlags of Sealkit:\n[\s\S]*$/, '') }, named)
    })
  }
})
