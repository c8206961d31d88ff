import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../layout/sources.ts'

test('the library\u2019s example program prints the two Secrets', () => {
  const script = join(root, 'docs/examples/library.ts')
  const output = execFileSync(process.execPath, ['--conditions=source', '--no-warnings', script], {
    cwd: join(root, 'test'),
    encoding: 'utf8',
  })
  assert.equal(output, 'shop/database password=correct-horse\nshop/mail smtp=rotate-me\n')
})

test('importing the library starts nothing and loads no cluster client', () => {
  const script = `
    await import('sealkit')
    const loaded = process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap|FSReqPromise|CloseReq)$/.test(name))
    process.stdout.write(JSON.stringify(loaded))`
  const output = execFileSync(
    process.execPath,
    ['--conditions=source', '--no-warnings', '--input-type=module', '-e', script],
    {
      cwd: join(root, 'test'),
      encoding: 'utf8',
    },
  )
  assert.equal(output, '[]')
})
