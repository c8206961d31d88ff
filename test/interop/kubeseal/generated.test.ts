import { test } from 'node:test'
import { assertSame } from './compare.ts'
import { randomCase, randomFrom, seals } from './generate.ts'

test('generated: every kind of Secret in forms that take turns, and certificates that seal nothing', async (t) => {
  await assertSame(t, seals())
})

test('generated: random flags, environments, certificates and inputs', async (t) => {
  // The same each time, so that a change is judged by what it changes; SEED looks elsewhere.
  const seed = Number(process.env['SEED'] ?? 20_261_124)
  const random = randomFrom(seed)
  const lines = Array.from({ length: Number(process.env['CASES'] ?? 150) }, () => randomCase(random))
  await assertSame(t, Object.fromEntries(lines.map(({ name, line }) => [name, line])), { note: `, SEED=${seed}` })
})
