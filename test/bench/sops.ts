// Whole runs of the built `sops` beside the real one: small files, 40,000 values in groups and in one mapping, many files
// in one call, the cost of one value in small and large files, and peak memory.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { median, pair, row } from './pair.ts'

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

/** Many small files: one call of ours beside one call of the real one for each. */
function manyFiles(count: number): void {
  const files = Array.from({ length: count }, (_, index) => `many/${index}.yaml`)
  mkdirSync(join(folder, 'many'))
  for (const [index, file] of files.entries()) writeFileSync(join(folder, file), yaml(group(10, index * 10)))
  const sealkit = ours.replace(/sops$/, 'sealkit')
  const age500 = [...age, '--config', join(folder, 'none.yaml')]
  writeFileSync(join(folder, 'none.yaml'), '{}')
  execFileSync(sealkit, ['encrypt', '-i', ...age500, ...files], { cwd: folder, stdio: 'ignore' })
  const one = { file: sealkit, args: ['decrypt', '--output-dir', 'out', 'many'], cwd: folder, env }
  const loop = {
    file: 'sh',
    args: ['-c', `for f in many/*; do ${theirs} -d $f >/dev/null || exit 1; done`],
    cwd: folder,
    env,
  }
  row(`${count} files, decrypt`, pair(one, loop, 3), 0.08)
}

/** The time of one value, start of the program taken off, in a small and in a large file. */
function costPerValue(format: 'json' | 'yaml'): void {
  const time = (count: number): number => {
    const file = join(folder, `cost.${format}`)
    const tree = Object.fromEntries(
      Array.from({ length: count / 100 }, (_, index) => [`group${index}`, group(100, index * 100)]),
    )
    writeFileSync(file, format === 'json' ? JSON.stringify(tree) : yaml(tree))
    execFileSync(ours, ['encrypt', '-i', ...age, file])
    const times = Array.from({ length: count > 10_000 ? 3 : 15 }, () => {
      const start = performance.now()
      execFileSync(ours, ['-d', file], { env: { ...process.env, ...env }, maxBuffer: 1 << 30 })
      return performance.now() - start
    })
    return median(times)
  }
  const [small, middle, large] = [time(100), time(40_000), time(400_000)]
  const [low, high] = [(middle - small) / 39_900, (large - small) / 399_900].map((ms) => ms * 1000)
  const ratio = (high ?? 0) / (low ?? 1)
  console.log(
    `${`cost of a value, ${format}, decrypt`.padEnd(48)} 40,000: ${low?.toFixed(2)} us, 400,000: ${high?.toFixed(2)} us, ratio ${ratio.toFixed(2)} (goal <= 1.20)`,
  )
}

/** The most memory that a program had at once, in MiB. */
async function peak(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, [...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  let kibibytes = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      kibibytes = Math.max(kibibytes, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0))
    } catch {
      // It has ended.
    }
  }, 2)
  await new Promise((done) => child.once('close', done))
  clearInterval(timer)
  return kibibytes / 1024
}

async function memory(name: string, format: string): Promise<void> {
  const file = join(folder, `encrypted.${format}`)
  const [mine, real] = [await peak(ours, ['-d', file]), await peak(theirs, ['-d', file])]
  console.log(
    `${`peak memory, ${name}, ${format}`.padEnd(48)} ours ${mine.toFixed(0)} MiB, real ${real.toFixed(0)} MiB, ratio ${(mine / real).toFixed(2)} (goal <= 1.50)`,
  )
}

try {
  for (const [name, tree, runs] of trees) {
    for (const format of ['json', 'yaml']) {
      writeFileSync(join(folder, `plain.${format}`), format === 'json' ? JSON.stringify(tree) : yaml(tree))
      measure(name, { format, runs })
      await memory(name, format)
    }
  }
  manyFiles(500)
  costPerValue('json')
  costPerValue('yaml')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
