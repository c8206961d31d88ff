import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { available } from '../../servers/programs.ts'
import { type Case, decrypted, forms, type Outcome, type Program, runCase } from './pair.ts'
import { files, keyRing } from './world.ts'

/** Runs command lines with the real program and with each form of ours, side by side, and wants the same of all. */
export async function assertSame(
  t: TestContext,
  lines: Readonly<Record<string, Case>>,
  { note = '', which = forms() }: { readonly note?: string; readonly which?: readonly Program[] } = {},
): Promise<void> {
  const programs = await available(t, 'kubeseal')
  if (programs === null) return
  const differences: string[] = []
  for (const [name, line] of Object.entries(lines)) {
    const whole = { ...line, files: { ...named(line), ...line.files } }
    const [real, ...ours] = await Promise.all(
      ['real' as const, ...which].map((form) => runCase(whole, programs.kubeseal, form)),
    )
    if (real === undefined) throw new Error('no outcome')
    const expected = await comparable(real, whole)
    for (const outcome of ours) {
      const actual = await comparable(outcome, whole)
      if (JSON.stringify(actual) === JSON.stringify(expected)) continue
      differences.push(
        `${name}\n  ${line.args.join(' ')}\n  real ${JSON.stringify(expected)}\n  ours ${JSON.stringify(actual)}`,
      )
    }
  }
  t.diagnostic(`${Object.keys(lines).length} command lines${note}`)
  assert.equal(
    differences.length,
    0,
    `${differences.length} differences${note}:\n${differences.slice(0, 5).join('\n')}`,
  )
}

/** The files that a command line names; writing all of them each time would take most of the test's time. */
function named({ args, env = {} }: Case): Record<string, string> {
  const words = [...args, ...Object.values(env)].join(' ')
  return Object.fromEntries(Object.entries(files).filter(([name]) => words.includes(name)))
}

/** What counts of an outcome: ciphertexts by what they hold, and no temporary names. */
async function comparable(outcome: Outcome, { files: before = {} }: Case): Promise<object> {
  const changed: Record<string, string> = {}
  for (const [name, text] of Object.entries(outcome.files)) {
    if (before[name] === undefined || text.slice(4) !== Buffer.from(before[name]).toString('latin1')) {
      changed[name] = withoutOwner(await decrypted(text, keyRing))
    }
  }
  return {
    code: outcome.code,
    stdout: withoutOwner(await decrypted(outcome.stdout, keyRing)),
    // The real program names its temporary file.
    stderr: sortedKeys(withoutResolver(outcome.stderr).replace(/\/\.out\d+:/, '/out:')),
    files: changed,
  }
}

/** Go's resolver names the server that it asked; the runtime's does not tell. */
function withoutResolver(text: string): string {
  return text.replace(/(dial tcp: lookup \S+) on \S+:53:/g, '$1:')
}

/** The real program names the keys of what it could not decrypt in the random order of Go's maps. */
function sortedKeys(text: string): string {
  return text.replace(/(no key could decrypt secret) \(([^)]*)\)/g, (_, words: string, keys: string) => {
    return `${words} (${keys.split(', ').sort().join(', ')})`
  })
}

/** The owner without uid that the real program puts into what it recovers; the API server refuses it. */
function withoutOwner(text: string): string {
  return text
    .replace(/,?\n {4}"ownerReferences": \[\n[^\]]*"uid": "",[^\]]*\]/, '')
    .replace(/\n {2}ownerReferences:\n(?: {2}- | {4}).*(?:\n {4}.*)*\n {4}uid: ""/, '')
}
