import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

// The command line is a Bun executable, whose transport is another: the same faults must have the same ends there.
test('Bun: servers and networks that misbehave', { timeout: 400_000 }, async () => {
  const bun = join(import.meta.dirname, '../../node_modules/.bin/bun')
  const args = ['test', '--conditions=source', join(import.meta.dirname, 'transport.test.ts')]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const [code, output] = await new Promise<[number, string]>((resolve) => {
    execFile(bun, args, { env }, (error, stdout, stderr) => resolve([error === null ? 0 : 1, stdout + stderr]))
  })
  assert.equal(code, 0, output)
  assert.match(output, /\b0 fail\b/)
})
