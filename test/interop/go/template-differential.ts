import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { functionTable, type Personality } from '@sealkit/template'
import { fc } from '../../property.ts'
import { goProgram } from './program.ts'
import { type Case, cases, type Outcome, ours } from './template.ts'
import { tokenCases } from './template-tokens.ts'

const all = fc.oneof({ weight: 2, arbitrary: cases }, { weight: 1, arbitrary: tokenCases })

const BATCH = 2_000
const SHOWN = 10

/** The Go program that has the functions of each upstream: they differ in how texts become numbers. */
const PROGRAMS: Readonly<Record<Personality, string>> = {
  'sealed-secrets': 'template',
  'external-secrets': 'template-cast',
}

/** How many generated templates to compare, and which. */
interface Comparison {
  readonly personality: Personality
  readonly count: number
  readonly seed: number
}

/** Renders templates with Go and with us, and fails with the first that differ. */
export async function compareTemplates(t: TestContext, { personality, count, seed }: Comparison): Promise<void> {
  const program = await goProgram(t, PROGRAMS[personality])
  const functions = functionTable(personality)
  if (program === null) return
  const differences: string[] = []
  for (let done = 0; done < count && differences.length < SHOWN; done += BATCH) {
    const batch = fc.sample(all, { numRuns: Math.min(BATCH, count - done), seed: seed + done })
    const answers: unknown[] = await program.ask(batch.map(question))
    assert.equal(answers.length, batch.length)
    for (const [index, each] of batch.entries()) {
      const expected = decoded(answers[index])
      const actual = ours(each, functions)
      if (!isDeepStrictEqual(actual, expected)) differences.push(shown(each, expected, actual))
    }
  }
  assert.equal(differences.length, 0, `seed ${seed}\n${differences.slice(0, SHOWN).join('\n')}`)
}

function question({ name, template, data, missingKey, delimiters }: Case): unknown {
  const encoded = Object.entries(data).map(([key, value]) => [key, base64(value)])
  const text = { name, template: base64(template), data: Object.fromEntries(encoded), missingKey }
  if (delimiters === undefined) return text
  return { ...text, leftDelim: utf8(delimiters.left), rightDelim: utf8(delimiters.right) }
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64')
}

function decoded(answer: unknown): Outcome {
  const { output, error, phase } = answer as { output: string | null; error?: string; phase?: 'parse' | 'exec' }
  const text = (encoded: string | null): string => Buffer.from(encoded ?? '', 'base64').toString('latin1')
  return phase === undefined ? { output: text(output) } : { error: text(error ?? ''), phase }
}

function shown(each: Case, go: Outcome, us: Outcome): string {
  const template = each.template.slice(each.template.indexOf('[{{ . }}]{{ end }}') + '[{{ . }}]{{ end }}'.length)
  return `${JSON.stringify(template)} (${each.name}, ${each.missingKey})\n  go   ${JSON.stringify(go)}\n  ours ${JSON.stringify(us)}`
}
