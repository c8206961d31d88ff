// A stream of 1,000 Secrets of 3 items each, sealed in one call: what a migration or a generator feels.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { pair, row } from './pair.ts'

const dist = join(dirname(fileURLToPath(import.meta.url)), '../../dist')
const cwd = mkdtempSync(join(tmpdir(), 'sealkit-bench-'))
const kubeseal = await program('kubeseal')

const stream = Array.from({ length: 1000 }, (_, index) => {
  const data = { x: 'YQ==', y: 'YWI=', z: 'YWJj' }
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: `s${index}`, namespace: 'b' }, data })}\n`
}).join('')

try {
  execFileSync(join(dist, 'sealkit'), ['keys', 'generate', '--out-key', 'key.pem', '--out-cert', 'cert.pem'], { cwd })
  const run = (args: readonly string[], goal: number, name: string): void => {
    const line = { args: ['--cert', 'cert.pem', ...args], input: stream, cwd }
    row(name, pair({ file: join(dist, 'kubeseal'), ...line }, { file: kubeseal, ...line }, 7), goal)
  }
  run([], 0.4, 'kubeseal, 1,000 Secrets x 3 items, JSON')
  run(['-o', 'yaml'], 0.4, 'kubeseal, 1,000 Secrets x 3 items, YAML out')
} finally {
  rmSync(cwd, { recursive: true, force: true })
}
