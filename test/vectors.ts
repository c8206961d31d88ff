// Runs every file of vectors in a folder through the evaluators that the tests use: `pnpm run vectors FOLDER`.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Difference, type Evaluate, readVectors } from './vectors/vector.ts'

const SHOWN = 5

/** The evaluator of each file of vectors, by file name. */
const EVALUATORS: Readonly<Record<string, () => Promise<{ readonly evaluate: Evaluate }>>> = {
  'gjson.jsonl': () => import('./vectors/gjson.ts'),
  'numbers.jsonl': () => import('./vectors/numbers.ts'),
  'regexp.jsonl': () => import('./vectors/regexp.ts'),
}

async function run(folder: string): Promise<boolean> {
  const files = readdirSync(folder).filter((name) => EVALUATORS[name] !== undefined)
  if (files.length === 0)
    throw new Error(`no known file of vectors in ${folder}: ${Object.keys(EVALUATORS).join(', ')}`)
  let equal = true
  for (const name of files.sort()) {
    const load = EVALUATORS[name]
    if (load === undefined) continue
    const { evaluate } = await load()
    if (!report(name, join(folder, name), evaluate)) equal = false
  }
  return equal
}

function report(name: string, path: string, evaluate: Evaluate): boolean {
  const vectors = readVectors(path)
  const differences: [string, Difference][] = []
  for (const vector of vectors) {
    const difference = evaluate(vector)
    if (difference !== null) differences.push([vector.id, difference])
  }
  console.log(`${name}: ${vectors.length - differences.length} / ${vectors.length}`)
  for (const [id, { field, expected, actual }] of differences.slice(0, SHOWN)) {
    console.log(`  ${id} ${field}\n    expected ${JSON.stringify(expected)}\n    actual   ${JSON.stringify(actual)}`)
  }
  return differences.length === 0
}

const folder = process.argv[2]
if (folder === undefined) {
  console.error('usage: pnpm run vectors FOLDER')
  process.exitCode = 2
} else if (!(await run(folder))) process.exitCode = 1
