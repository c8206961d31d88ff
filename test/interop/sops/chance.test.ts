import { describe, test } from 'node:test'
import { fc } from '../../property.ts'
import { available } from '../../servers/programs.ts'
import { fixtures } from './fixtures.ts'
import { comparison } from './matrix.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')

if (programs === null) test('the real sops', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  const world = { sops: programs.sops, keys: { 'keys.txt': files['keys.txt'] ?? '' }, age: recipients[0] ?? '' }
  describe('files and flags by chance', () => {
    const seed = Number(process.env['SOPS_SEED'] ?? 20_261_124)
    const key = fc.constantFrom('a', 'b', 'str', 'map', 'key_unencrypted', 'é', '1', 'x y')
    const { tree } = fc.letrec<{ tree: unknown; node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>('', 'text', '☃', 'a\nb\n', '1', ' s', true, null, 0, -7, 1.5, '#', '- x', 'yes'),
        fc.array(tie('node'), { maxLength: 3 }),
        tie('tree'),
      ),
      tree: fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    }))
    const flags = fc.constantFrom<readonly string[]>(
      ...[[], ['--encrypted-regex', '^(a|str)$'], ['--unencrypted-regex', 'map'], ['--encrypted-suffix', 'p']],
      ...[
        ['--unencrypted-suffix', 'r'],
        ['--output-type', 'yaml'],
        ['--output-type', 'json'],
      ],
      ...[
        ['--output-type', 'dotenv'],
        ['--input-type', 'binary'],
      ],
    )
    test(`encrypt, SOPS_SEED=${seed}`, async (t) => {
      t.diagnostic(`seed ${seed}`)
      const line = fc.record({
        tree,
        flags,
        global: fc.constantFrom<readonly string[]>([], ['--mac-only-encrypted'], ['--indent', '3']),
      })
      await fc.assert(
        fc.asyncProperty(line, async ({ tree, flags, global }) => {
          const plain = { ...world.keys, 'in.json': JSON.stringify(tree) }
          await comparison(world)({ args: [...global, 'encrypt', '--age', world.age, ...flags, 'in.json'] }, plain)
        }),
        { numRuns: 40, seed },
      )
    })
  })
}
