import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder } from '../../acceptance/programs.ts'
import { root } from '../../layout/sources.ts'

test('every vector gives the same in a Bun executable as on Node', (t) => {
  const work = folder(t)
  const script = join(root, 'test/vectors.ts')
  const program = join(work, 'vectors')
  const options = ['--compile', '--conditions=source', `--outfile=${program}`]
  execFileSync('bun', ['build', script, ...options], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] })
  const vectors = join(root, 'test/vectors')
  const bun = spawnSync(program, [vectors], { encoding: 'utf8' })
  const node = spawnSync(process.execPath, ['--conditions=source', '--no-warnings', script, vectors], {
    encoding: 'utf8',
  })
  assert.equal(bun.status, 0, `${bun.stdout}${bun.stderr}`)
  assert.equal(bun.stdout, node.stdout)
  assert.match(bun.stdout, /^templates\.jsonl: (\d+) \/ \1$/m)
})
