import { test } from 'node:test'
import { compare } from './yaml/compare.ts'
import { availableProgram } from './yaml/program.ts'

test('200,000 generated texts read and write as in Go', async (t) => {
  const path = await availableProgram(t)
  const seed = Date.now() % 1e9
  t.diagnostic(`seed ${seed}`)
  if (path !== undefined) await compare(path, seed, 200_000)
})
