import { test } from 'node:test'
import { assertSame } from './compare.ts'
import { merges, recoveries } from './generate.ts'

test('generated: recovery of every SealedSecret, with every form of key', async (t) => {
  await assertSame(t, recoveries())
})

test('generated: merges into JSON files', async (t) => {
  await assertSame(t, merges())
})
