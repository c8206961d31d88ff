// Whole runs of the built `sops` beside the real one: small files, and 40,000 values in groups and in one mapping;
// peak memory of each.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { pair, row } from './pair.ts'
import { group, type Tree, yaml } from './tree.ts'

const ours = fileURLToPath(new URL('../../dist/sops', import.meta.url))
if (!existsSync(ours)) throw new Error('dist/sops is missing: run `npm run build` first')
const theirs = await program('sops')
const folder = mkdtempSync(join(tmpdir(), 'sops-'))
const keyFile = join(folder, 'keys.txt')
const key = execFileSync(await program('age-keygen'), { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
writeFileSync(keyFile, key)
const age = ['--age', /age1\w+/.exec(key)?.[0] ?? '']
const env = { SOPS_AGE_KEY_FILE: keyFile }

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
} finally {
  rmSync(folder, { recursive: true, force: true })
}
