import { test } from 'node:test'
import { assertSame } from './compare.ts'
import { randomCase, randomFrom, seals } from './generate.ts'

test('generated: every kind of Secret in forms that take turns, and certificates that seal nothing', async (t) => {
  await assertSame(t, seals())
})

test('generated: random flags, environments, certificates and inputs', async (t) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
  const random = randomFrom(seed)
  const lines = Array.from({ length: Number(process.env['CASES'] ?? 150) }, () => randomCase(random))
  await assertSame(t, Object.fromEntries(lines.map(({ name, line }) => [name, line])), { note: `, SEED=${seed}` })
})
