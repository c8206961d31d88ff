// Whole runs of the built `sops` beside the real one: small files, and 40,000 values in groups and in one mapping.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { pair, row } from './pair.ts'

type Tree = { [key: string]: Tree | string | number | boolean }

const ours = fileURLToPath(new URL('../../dist/sops', import.meta.url))
if (!existsSync(ours)) throw new Error('dist/sops is missing: run `npm run build` first')
const theirs = await program('sops')
const folder = mkdtempSync(join(tmpdir(), 'sops-'))
const keyFile = join(folder, 'keys.txt')
const key = execFileSync(await program('age-keygen'), { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
writeFileSync(keyFile, key)
const age = ['--age', /age1\w+/.exec(key)?.[0] ?? '']
const env = { SOPS_AGE_KEY_FILE: keyFile }

/** 70 % texts of 24 characters, 10 % each of integers, booleans and floats. */
function value(index: number): string | number | boolean {
  const kind = index % 10
  if (kind < 7) return `value${String(index * 7919).padStart(19, 'x')}`
  if (kind === 7) return index
  return kind === 8 ? index % 20 === 8 : index / 7
}

function group(count: number, from = 0): Tree {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, value(from + index)]))
}

function yaml(tree: Tree, indent = ''): string {
  return Object.entries(tree)
    .map(([name, entry]) =>
      typeof entry === 'object' ? `${indent}${name}:\n${yaml(entry, `${indent}    `)}` : `${indent}${name}: ${entry}\n`,
    )
    .join('')
}

const grouped: Tree = Object.fromEntries(
  Array.from({ length: 400 }, (_, index) => [`group${index}`, group(100, index * 100)]),
)
const trees: readonly (readonly [name: string, tree: Tree, runs: number])[] = [
  ['10 values', group(10), 25],
  ['40,000 values in groups', grouped, 3],
  ['40,000 values in one mapping', group(40_000), 1],
]
/** The largest ratio of our time to the real one's, by tree and format. */
const goals: Readonly<Record<string, readonly [decrypt: number, encrypt: number]>> = {
  '10 values json': [1, 1],
  '10 values yaml': [1, 1],
  '40,000 values in groups json': [0.5, 0.5],
  '40,000 values in groups yaml': [0.6, 0.6],
  '40,000 values in one mapping json': [0.03, 0.03],
  '40,000 values in one mapping yaml': [0.2, 0.2],
}

function measure(name: string, { format, runs }: { format: string; runs: number }): void {
  const plain = join(folder, `plain.${format}`)
  const encrypted = join(folder, `encrypted.${format}`)
  writeFileSync(encrypted, execFileSync(ours, ['encrypt', ...age, plain], { maxBuffer: 1 << 28 }))
  const [decrypt, encrypt] = goals[`${name} ${format}`] ?? [1, 1]
  const run = (file: string, args: readonly string[]): { file: string; args: readonly string[]; env: typeof env } => ({
    file,
    args,
    env,
  })
  row(`${name}, ${format}, decrypt`, pair(run(ours, ['-d', encrypted]), run(theirs, ['-d', encrypted]), runs), decrypt)
  // The real one needs more than a minute to encrypt one JSON object of 40,000 entries.
  if (name.endsWith('mapping') && format === 'json' && !process.argv.includes('--all')) return
  const encryption = (file: string): ReturnType<typeof run> => run(file, ['-e', ...age, plain])
  row(`${name}, ${format}, encrypt`, pair(encryption(ours), encryption(theirs), runs), encrypt)
}

try {
  for (const [name, tree, runs] of trees) {
    for (const format of ['json', 'yaml']) {
      writeFileSync(join(folder, `plain.${format}`), format === 'json' ? JSON.stringify(tree) : yaml(tree))
      measure(name, { format, runs })
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
