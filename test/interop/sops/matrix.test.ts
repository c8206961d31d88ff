import { test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { fixtures } from './fixtures.ts'
import { matrix } from './matrix.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')

if (programs === null) test('the real sops', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  const world = { sops: programs.sops, keys: { 'keys.txt': files['keys.txt'] ?? '' }, age: recipients[0] ?? '' }
  for (const format of ['json', 'env', 'ini', 'bin']) matrix(world, format)
}
