import assert from 'node:assert/strict'
import { Corpus } from './corpus.ts'
import { respond } from './ours.ts'
import { type Answer, ask, type Question, type RecordedNode } from './program.ts'

/** Texts that go through the Go program at once. */
const BATCH = 2000

/** Go walks its maps in random order, so that a text with colliding or broken keys has several answers. */
const ANSWERS = 400

/** Compares our answers to Go's for generated texts, and fails with the first texts that differ. */
export async function compare(path: string, seed: number, count: number): Promise<void> {
  const corpus = new Corpus(seed)
  for (let done = 0; done < count; done += BATCH) {
    const questions = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => ({
      text: corpus.next(),
      indent: 2 + ((done + i) % 8),
    }))
    const answers = await ask(path, questions)
    for (const [i, question] of questions.entries()) await check(path, question, answers[i] as Answer)
  }
}

async function check(path: string, question: Question, theirs: Answer): Promise<void> {
  const ours = respond(question)
  const label = JSON.stringify(Buffer.from(question.text).toString('utf8'))
  if (!isPanic(theirs.nodesError)) {
    assert.deepEqual(
      [ours.nodesError, ours.nodes.map(settled)],
      [theirs.nodesError, theirs.nodes.map(settled)],
      `nodes of ${label}`,
    )
  }
  if (!isPanic(theirs.emitError) && !isPanic(theirs.nodesError)) {
    assert.deepEqual([ours.emitError, ours.emit], [theirs.emitError, theirs.emit], `text of ${label}`)
  }
  const ourK8s = kubernetesAnswers(ours)
  const seen = [kubernetesAnswers(theirs)]
  if (seen[0]?.every((answer, i) => answer === ourK8s[i] || isPanic(answer))) return
  seen.push(...(await ask(path, new Array(ANSWERS).fill(question))).map(kubernetesAnswers))
  for (const [i, answer] of ourK8s.entries()) {
    const possible = new Set(seen.map((answers) => answers[i] ?? ''))
    if (![...possible].some((one) => one === answer || isPanic(one))) assert.equal(answer, seen[0]?.[i], label)
  }
}

/**
 * A node without the position of absent values: for those in flow pairs go-yaml takes it from a token that its queue has
 * overwritten at times.
 */
function settled(node: RecordedNode): unknown {
  const [kind, style, tag, value, anchor, head, line, foot, lineNumber, column, decoded, children] = node
  const position = value === '' && kind === 8 ? [] : [lineNumber, column]
  return [kind, style, tag, value, anchor, head, line, foot, position, decoded, children.map(settled)]
}

function kubernetesAnswers(answer: Answer): [string, string] {
  return [answer.jsonError || answer.json, answer.yamlError || answer.yaml]
}

/** Where Go panics there is nothing to agree with. */
function isPanic(text: string): boolean {
  return text.includes('panic: ')
}
