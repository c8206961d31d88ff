import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../layout/sources.ts'
import { startOpenBao } from '../servers/openbao.ts'
import { available } from '../servers/programs.ts'

const script = join(root, 'docs/examples/tour.ts')

async function tour(env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return stdout
}

test('the tour ends with all three values, without a cluster or a provider', async () => {
  assert.match(await tour({}), /All three values came out as they went in\.\n$/)
})

test('the tour reads the third value from a Vault when it is given one', async (t) => {
  if (!(await available(t, 'bao'))) return
  const vault = await startOpenBao()
  t.after(() => vault.stop())
  const text = await tour({ SEALKIT_TOUR_VAULT: vault.url, SEALKIT_TOUR_VAULT_TOKEN: vault.token })
  assert.match(text, /stays in the Vault at http/)
  assert.match(text, /All three values came out as they went in\.\n$/)
})
