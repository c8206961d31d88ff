import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { decodeUtf8, encodeUtf8 } from '@sealkit/core/go'
import { fc } from '../../property.ts'
import { goProgram } from './program.ts'

/** A function of a Go program called with texts; bytes that are no UTF-8 are written as `decodeUtf8` does. */
export interface Call {
  readonly fn: string
  readonly args: readonly string[]
}

/** What both sides give: named texts. */
export type Answer = Readonly<Record<string, string>>

/** How a differential test asks. */
export interface Comparison {
  /** Folder of the Go program. */
  readonly program: string
  readonly calls: fc.Arbitrary<Call>
  readonly ours: (call: Call) => Answer
  readonly count: number
  /** Fixed for the quick test; a long run takes another each time. */
  readonly seed?: number
  /** Differences that the reference names, with the reason. */
  readonly except?: (go: Answer, ours: Answer) => boolean
}

const BATCH = 5_000
const SHOWN = 8

/** Asks Go and us the same questions, and fails with the first calls on which the answers differ. */
export async function compareWithGo(t: TestContext, comparison: Comparison): Promise<void> {
  const program = await goProgram(t, comparison.program)
  if (program === null) return
  const { calls, ours, count, seed = 1, except = () => false } = comparison
  const differences: string[] = []
  for (let done = 0; done < count && differences.length < SHOWN; done += BATCH) {
    const batch = fc.sample(calls, { numRuns: Math.min(BATCH, count - done), seed: seed + done })
    const answers: unknown[] = await program.ask(batch.map(({ fn, args }) => ({ fn, args: args.map(base64) })))
    assert.equal(answers.length, batch.length)
    for (const [index, call] of batch.entries()) {
      const expected = decoded(answers[index])
      const actual = ours(call)
      if (isDeepStrictEqual(actual, expected) || except(expected, actual)) continue
      differences.push(JSON.stringify({ ...call, go: expected, ours: actual }))
      if (differences.length === SHOWN) break
    }
  }
  assert.equal(differences.length, 0, `seed ${seed}\n${differences.join('\n')}`)
}

function base64(text: string): string {
  return Buffer.from(encodeUtf8(text)).toString('base64')
}

/** Go writes an empty slice of bytes as null. */
function decoded(answer: unknown): Answer {
  const texts = Object.entries(answer as Readonly<Record<string, string | null>>)
  return Object.fromEntries(texts.map(([name, text]) => [name, decodeUtf8(Buffer.from(text ?? '', 'base64'))]))
}
