import assert from 'node:assert/strict'
import { test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { fixtures, textOf } from './fixtures.ts'
import { type Case, type Outcome, runCase } from './pair.ts'

/** Where ours is not the real program: what the real one does, and what ours does instead. */
interface Deviation extends Case {
  readonly real: { readonly code: number; readonly stdout?: RegExp; readonly stderr?: RegExp }
  readonly ours: { readonly code: number; readonly stdout?: RegExp; readonly stderr: RegExp }
}

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')

function deviations(
  files: Readonly<Record<string, string | Uint8Array>>,
  recipients: readonly string[],
): Record<string, Deviation> {
  const age = ['--age', recipients[0] ?? '']
  const text = (name: string): string => textOf(files, name)
  const extract = (path: string): readonly string[] => ['decrypt', '--extract', path, 'enc.yaml']
  const panics = { code: 2, stderr: /^panic: / } as const
  return {
    'an invalid encrypted-regex leaves everything in plain text': {
      args: ['encrypt', ...age, '--encrypted-regex', '^(?!x)', 'plain.yaml'],
      real: { code: 0, stdout: /^str: héllo/m },
      ours: {
        code: 23,
        stdout: /^$/,
        stderr: /encrypted_regex is not a valid regular expression, so nothing was done: error parsing regexp: /,
      },
    },
    'an invalid unencrypted-regex encrypts everything': {
      args: ['encrypt', ...age, '--unencrypted-regex', '(', 'plain.yaml'],
      real: { code: 0, stdout: /^str: ENC/m },
      ours: { code: 23, stdout: /^$/, stderr: /unencrypted_regex is not a valid regular expression/ },
    },
    'a truncated json file counts as whole': {
      args: ['encrypt', ...age, 'x.json'],
      files: { 'x.json': '{"a": 1, "b":' },
      real: { code: 0 },
      ours: { code: 2, stdout: /^$/, stderr: /unexpected EOF/ },
    },
    'a position of a mapping prints Go structures': {
      args: extract('["map"][0]'),
      real: { code: 0, stdout: /^key:/ },
      ours: { code: 1, stdout: /^$/, stderr: /component \[0\] is integer, but tree part is not a slice/ },
    },
    'a key of a list panics': {
      args: extract('["list"]["k"]'),
      real: panics,
      ours: { code: 1, stderr: /component \['k'\] not found/ },
    },
    'a key of a text panics': {
      args: extract('["str"]["k"]'),
      real: panics,
      ours: { code: 1, stderr: /component \['k'\] not found/ },
    },
    'an empty component panics': {
      args: extract('[]'),
      real: panics,
      ours: { code: 91, stderr: /error parsing --extract path/ },
    },
    'a negative position panics': {
      args: extract('["list"][-1]'),
      real: panics,
      ours: { code: 1, stderr: /out of bounds/ },
    },
    'unset of nothing panics': {
      args: ['unset', 'enc.yaml', ''],
      real: panics,
      ours: { code: 1, stderr: /the index is empty/ },
    },
    'a text "<<" makes a file that cannot be read': {
      args: ['encrypt', ...age, 'x.yaml'],
      files: { 'x.yaml': '"<<": plain\n' },
      real: { code: 0, stdout: /^!!merge <<:/ },
      ours: { code: 0, stdout: /^"<<": ENC/, stderr: /^$/ },
    },
    'new files in plain text can be read by all': {
      args: ['decrypt', '--output', 'out.yaml', 'enc.yaml'],
      real: { code: 0 },
      ours: { code: 0, stderr: /^$/ },
    },
    'groups delete of the only group': {
      args: ['groups', 'delete', '-f', 'enc.json', '0'],
      real: { code: 0, stdout: /^\{(?![\s\S]*"recipient")/ },
      ours: { code: 1, stdout: /^$/, stderr: /level=fatal msg=/ },
    },
    'edit -s drops every edit': {
      args: ['edit', '-s', 'enc.yaml'],
      env: { EDITOR: 'sed -i s/two/zwei/' },
      real: { code: 0 },
      ours: { code: 1, stderr: /^edits made with --show-master-keys are not kept, so nothing was written/ },
    },
    'an ini key "-" is written as a comment, and its value lost': {
      args: ['encrypt', ...age, 'x.ini'],
      files: { 'x.ini': '- = hunter2\nb = 1\n' },
      real: { code: 0, stdout: /^#1/m },
      ours: { code: 4, stdout: /^$/, stderr: /cannot be written as INI without loss/ },
    },
    'several documents in ini have a block each, and cannot be read': {
      args: ['encrypt', ...age, '--output-type', 'ini', 'x.yaml'],
      files: { 'x.yaml': 's: {a: 1}\n---\nt: {b: 2}\n' },
      real: { code: 0, stdout: /\[sops\][\s\S]*\[sops\]/ },
      ours: { code: 4, stdout: /^$/, stderr: /INI has no documents, and the file has several/ },
    },
    'a third level in ini is written as Go structures': {
      args: ['encrypt', ...age, '--output-type', 'ini', 'x.json'],
      files: { 'x.json': '{"s":{"a":{"b":1}}}' },
      real: { code: 0, stdout: /^a = \[\{b ENC/m },
      ours: { code: 4, stdout: /^$/, stderr: /INI has two levels, and a is a third/ },
    },
    'an encrypted file in an unknown format': {
      args: ['decrypt', 'x.toml'],
      files: { 'x.toml': text('enc.yaml') },
      real: { code: 1 },
      ours: { code: 1, stderr: /invalid character/ },
    },
  }
}

if (programs === null) test('the real sops', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  for (const [name, line] of Object.entries(deviations(files, recipients))) {
    test(name, async () => {
      const theirs: Outcome = await runCase(line, files, programs.sops)
      assert.equal(theirs.code, line.real.code, `real: ${theirs.stderr}`)
      for (const stream of ['stdout', 'stderr'] as const) {
        const text = stream === 'stdout' ? Buffer.from(theirs.stdout, 'latin1').toString() : theirs.stderr
        assert.match(text, line.real[stream] ?? /^/, `real ${stream}`)
      }
      const ours = await runCase(line, files)
      assert.equal(ours.code, line.ours.code, `ours: ${ours.stderr}`)
      assert.match(ours.stderr, line.ours.stderr)
      assert.match(ours.stdout, line.ours.stdout ?? /^/)
    })
  }
}
