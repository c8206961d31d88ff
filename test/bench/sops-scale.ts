// Many SOPS files in one call of ours beside one call of the real sops for each, and the cost of one value in files of
// 40,000 and 400,000 values.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { median, pair, row } from './pair.ts'
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

try {
  manyFiles(500)
  costPerValue('json')
  costPerValue('yaml')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
