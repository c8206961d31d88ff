import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encryptFile, entry, newDataKey, newMetadata, openFile, openStore, wrapDataKey } from '@sealkit/core/sops'
import { masterKeys, parseIdentities } from '@sealkit/keyservice'
import { document, type Shape } from '../../core/sops/tree.ts'
import { fc } from '../../property.ts'
import { available } from '../../servers/programs.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')
const folder = mkdtempSync(join(tmpdir(), 'sops-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const words = fc.constantFrom(
  'yes',
  '012',
  '1_000',
  '~',
  '2024-01-01',
  'a: b',
  ' #',
  '- x',
  'é☃',
  '😀',
  'a\nb',
  '{',
  '',
)
/** Texts that sops itself does not lose: not those of several lines that start with a blank. */
const kept = (value: string): boolean => !(value.includes('\n') && /^\s/.test(value))
const text = fc.oneof(fc.string({ unit: 'grapheme' }), words).filter(kept)
const name = fc.oneof(fc.string({ minLength: 1, maxLength: 10 }), words)
const key = name.filter((word) => word !== '' && word !== 'sops' && kept(word))
const shapes: Readonly<Record<'json' | 'yaml', Shape>> = {
  json: { text, key, comments: false },
  yaml: { text, key, comments: true },
}

if (programs === null) test('the real sops', (t) => t.skip(skipped.join(', ')))
else {
  const keys = execFileSync(programs['age-keygen'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  writeFileSync(join(folder, 'keys.txt'), keys)
  const recipient = /age1\w+/.exec(keys)?.[0] ?? ''
  const { wrap, unwrap } = masterKeys({ ageIdentities: parseIdentities(keys) })
  const options = { cwd: folder, env: { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder } }

  for (const format of ['json', 'yaml'] as const) {
    test(`random ${format} files, both ways`, async () => {
      const store = await openStore(format)
      await fc.assert(
        fc.asyncProperty(document(shapes[format]), async (tree) => {
          const plain = store.emit([tree])
          const wanted = Buffer.from(store.emit(store.load(plain))).toString()
          const name = join(folder, `x.${format}`)
          writeFileSync(name, plain)
          const theirs = execFileSync(programs.sops, ['encrypt', '--age', recipient, name], options)
          const opened = await openFile(theirs, { format, unwrap })
          writeFileSync(name, theirs)
          const both = [
            Buffer.from(await opened.emit(format)).toString(),
            execFileSync(programs.sops, ['decrypt', name], options).toString(),
          ]
          assert.deepEqual(both, [wanted, wanted])
          const dataKey = newDataKey()
          const metadata = await wrapDataKey(newMetadata({ keyGroups: [[entry('age', { recipient })]] }), dataKey, {
            wrap,
          })
          const ours = await encryptFile({ documents: store.load(plain), metadata }, { dataKey, now: new Date() })
          writeFileSync(name, store.emitEncrypted(ours))
          assert.equal(execFileSync(programs.sops, ['decrypt', name], options).toString(), wanted)
        }),
        { numRuns: 200 },
      )
    })
  }
}
