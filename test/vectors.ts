// Runs every file of vectors in a folder through the evaluators that the tests use: `npm run vectors FOLDER`.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Difference, type Evaluate, readVectors } from './vectors/vector.ts'

const SHOWN = 5

/** The evaluators of each file of vectors; a file may have several, each for fields of its own. */
const EVALUATORS: readonly (readonly [file: string, load: () => Promise<{ readonly evaluate: Evaluate }>])[] = [
  ['gjson.jsonl', () => import('./vectors/gjson.ts')],
  ['numbers.jsonl', () => import('./vectors/numbers.ts')],
  ['regexp.jsonl', () => import('./vectors/regexp.ts')],
  ['templates.jsonl', () => import('./vectors/templates.ts')],
  ['yaml.jsonl', () => import('./vectors/yaml.ts')],
  ['yaml.jsonl', () => import('./vectors/sops.ts')],
]

async function run(folder: string): Promise<boolean> {
  const present = new Set(readdirSync(folder))
  const rows = EVALUATORS.filter(([name]) => present.has(name))
  if (rows.length === 0) {
    throw new Error(`no known file of vectors in ${folder}: ${EVALUATORS.map(([name]) => name).join(', ')}`)
  }
  let equal = true
  for (const [name, load] of rows) {
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
try {
  if (folder === undefined) throw new Error('usage: npm run vectors FOLDER')
  if (!(await run(folder))) process.exitCode = 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
