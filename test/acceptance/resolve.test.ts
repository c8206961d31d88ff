import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { applyAwsState } from '../resolver/state.ts'
import { type Moto, startMoto } from '../servers/moto.ts'
import { type OpenBao, startOpenBao } from '../servers/openbao.ts'
import { available } from '../servers/programs.ts'
import { dist, type Ended } from './programs.ts'

let bao: OpenBao | undefined
let moto: Moto | undefined

before(async () => {
  bao = await startOpenBao().catch(() => undefined)
  moto = await startMoto().catch(() => undefined)
  await bao?.request('POST', 'secret/data/db', { data: { password: 'p\n', 'odd/é': 1 } })
  if (moto === undefined) return
  await applyAwsState(moto.url, {
    sm: [{ name: 'prod/db', string: '{"user":"u","n":1.50}' }],
    ssm: [{ name: '/prod/one', value: '1' }],
  })
})

after(async () => {
  await bao?.stop()
  await moto?.stop()
})

/** The executable, and the same command line under Node. */
const programs: readonly (readonly [name: string, file: string, args: readonly string[]])[] = [
  ['executable', join(dist, 'sealkit'), []],
  ['under Node', process.execPath, [join(dist, 'lib/cli/sealkit.mjs')]],
]

function run(file: string, args: readonly string[]): Ended {
  const env = {
    PATH: process.env['PATH'] ?? '',
    VAULT_ADDR: bao?.url ?? '',
    VAULT_TOKEN: bao?.token ?? '',
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AK',
    AWS_SECRET_ACCESS_KEY: 'SK',
    AWS_ENDPOINT_URL: moto?.url ?? '',
  }
  const ended = spawnSync(file, args, { encoding: 'utf8', env, timeout: 300_000 })
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

const printed: readonly (readonly [reference: string, value: string])[] = [
  ['ref+vault://secret/db#/password', 'p\n'],
  ['ref+vault://secret/db#/odd%2Fé', ''],
  ['<path:secret/data/db#odd/é>', '1'],
  ['ref+awssecrets://prod/db#/n', '1.50'],
  ['ref+awsssm://prod#/one', '1'],
]

for (const [name, file, args] of programs) {
  for (const [reference, value] of printed) {
    test(`sealkit ${name}: ${reference}`, async (t) => {
      if ((await available(t, 'bao', 'moto_server')) === null) return
      const ended = run(file, [...args, 'resolve', reference])
      if (value !== '') return assert.deepEqual(ended, { code: 0, stdout: value, stderr: '' })
      assert.deepEqual([ended.code, ended.stdout], [1, ''])
      assert.match(ended.stderr, /^sealkit: error: /)
    })
  }
}
