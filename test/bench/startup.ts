// One whole call of the command line beside the real program: what a script that calls it in a loop feels.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../servers/programs.ts'
import { pair, row } from './pair.ts'

const dist = join(dirname(fileURLToPath(import.meta.url)), '../../dist')
const cwd = mkdtempSync(join(tmpdir(), 'sealkit-bench-'))
const real = { kubeseal: await program('kubeseal'), sops: await program('sops'), keygen: await program('age-keygen') }

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'a', namespace: 'b' },
  data: { x: 'YQ==', y: 'YWI=', z: 'YWJj' },
}
const json = JSON.stringify(secret)
const yaml =
  'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: b\ndata:\n  x: YQ==\n  y: YWI=\n  z: YWJj\n'
const plain = Array.from({ length: 10 }, (_, index) => `key${index}: value${index}\n`).join('')

try {
  execFileSync(join(dist, 'sealkit'), ['keys', 'generate', '--out-key', 'key.pem', '--out-cert', 'cert.pem'], { cwd })
  execFileSync(real.keygen, ['-o', 'age.txt'], { cwd, stdio: 'ignore' })
  const recipient = execFileSync(real.keygen, ['-y', 'age.txt'], { cwd, encoding: 'utf8' }).trim()
  const env = { SOPS_AGE_KEY_FILE: join(cwd, 'age.txt') }
  writeFileSync(join(cwd, 'plain.yaml'), plain)
  writeFileSync(
    join(cwd, 'plain.json'),
    JSON.stringify(
      Object.fromEntries(
        plain
          .trim()
          .split('\n')
          .map((line) => line.split(': ')),
      ),
    ),
  )
  for (const format of ['yaml', 'json']) {
    const encrypted = execFileSync(real.sops, ['-e', '--age', recipient, `plain.${format}`], { cwd })
    writeFileSync(join(cwd, `encrypted.${format}`), encrypted)
  }

  const kubeseal = (args: readonly string[], input = ''): [Parameters<typeof pair>[0], Parameters<typeof pair>[1]] => [
    { file: join(dist, 'kubeseal'), args, input, cwd },
    { file: real.kubeseal, args, input, cwd },
  ]
  const sops = (args: readonly string[]): [Parameters<typeof pair>[0], Parameters<typeof pair>[1]] => [
    { file: join(dist, 'sops'), args, cwd, env },
    { file: real.sops, args, cwd, env },
  ]
  row('kubeseal --cert, JSON, 3 items', pair(...kubeseal(['--cert', 'cert.pem'], json)), 1)
  row('kubeseal --cert, YAML, 3 items', pair(...kubeseal(['--cert', 'cert.pem'], yaml)), 1.3)
  row('kubeseal --version', pair(...kubeseal(['--version'])), 0.8)
  const [, realSeal] = kubeseal(['--cert', 'cert.pem'], json)
  row(
    'sealkit seal, JSON (beside kubeseal --cert)',
    pair({ file: join(dist, 'sealkit'), args: ['seal', '--cert', 'cert.pem'], input: json, cwd }, realSeal),
    1,
  )
  row('sops -d, YAML, 10 values', pair(...sops(['-d', 'encrypted.yaml'])), 0.9)
  row('sops -d, JSON, 10 values', pair(...sops(['-d', 'encrypted.json'])), 0.9)
  row('sops -e, YAML, 10 values', pair(...sops(['-e', '--age', recipient, 'plain.yaml'])), 0.9)
} finally {
  rmSync(cwd, { recursive: true, force: true })
}
