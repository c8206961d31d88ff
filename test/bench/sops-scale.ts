// Many SOPS files in one call of ours beside one call of the real sops for each, and the cost of one value in files of
// 1,000 and 400,000 values.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { pair, row } from './pair.ts'
import { group, yaml } from './tree.ts'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const [ours, sealkit] = ['sops', 'sealkit'].map((name) => join(dist, name)) as [string, string]
const theirs = await program('sops')
const folder = mkdtempSync(join(tmpdir(), 'sops-scale-'))
const key = execFileSync(await program('age-keygen'), { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
writeFileSync(join(folder, 'keys.txt'), key)
const age = ['--age', /age1\w+/.exec(key)?.[0] ?? '']
const env = { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt') }

/** Many small files: one call of ours beside one call of the real one for each. */
function manyFiles(count: number): void {
  const files = Array.from({ length: count }, (_, index) => `many/${index}.yaml`)
  mkdirSync(join(folder, 'many'))
  for (const [index, file] of files.entries()) writeFileSync(join(folder, file), yaml(group(10, index * 10)))
  execFileSync(sealkit, ['encrypt', '-i', ...age, ...files], { cwd: folder, stdio: 'ignore' })
  const one = { file: sealkit, args: ['decrypt', '--output-dir', 'out', 'many'], cwd: folder, env }
  const loop = {
    file: 'sh',
    args: ['-c', `for f in many/*; do ${theirs} -d $f >/dev/null || exit 1; done`],
    cwd: folder,
    env,
  }
  row(`${count} files, decrypt`, pair(one, loop, 3), 0.08)
}

/** Seconds of processor time, all cores and the system's included, of the processes that this one has waited for. */
function childTime(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** Microseconds of one value by processor time, which other work on the machine hardly changes. */
function costPerValue(format: 'json' | 'yaml'): void {
  const small = { values: 1_000, runs: 40 }
  const large = { values: 400_000, runs: 2 }
  const start = wholeRuns(format, { values: 100, runs: 40 })
  const whole = [small, large].map((size) => ((wholeRuns(format, size) - start) * 1e6) / (size.values - 100))
  costRow(`cost of a value, ${format}, one decryption a program`, whole)
  const warm = [small, large].map(({ values }) => {
    const script = fileURLToPath(new URL('valuecost.ts', import.meta.url))
    const args = ['--conditions=source', script, format, String(values), String(large.values / values)]
    const costs = [1, 2].map(() => Number(JSON.parse(execFileSync('bun', args).toString()).cpu))
    return Math.min(...costs)
  })
  costRow(`cost of a value, ${format}, one program that is warm`, warm)
}

/** Seconds of one decryption by our program. */
function wholeRuns(
  format: 'json' | 'yaml',
  { values, runs }: { readonly values: number; readonly runs: number },
): number {
  const file = join(folder, `cost.${format}`)
  const tree = Object.fromEntries(
    Array.from({ length: values / 100 }, (_, index) => [`group${index}`, group(100, index * 100)]),
  )
  writeFileSync(file, format === 'json' ? JSON.stringify(tree) : yaml(tree))
  execFileSync(ours, ['encrypt', '-i', ...age, file])
  const before = childTime()
  for (let run = 0; run < runs; run++) {
    execFileSync(ours, ['-d', file], { env: { ...process.env, ...env }, maxBuffer: 1 << 30 })
  }
  return (childTime() - before) / runs
}

function costRow(name: string, [small = 1, large = 0]: readonly number[]): void {
  const ratio = (large / small).toFixed(2)
  console.log(
    `${name.padEnd(48)} 1,000: ${small.toFixed(2)} us, 400,000: ${large.toFixed(2)} us, ratio ${ratio} (goal <= 1.15)`,
  )
}

try {
  manyFiles(500)
  costPerValue('json')
  costPerValue('yaml')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
