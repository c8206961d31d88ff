// Time to parse and write 1 MB of YAML, warm, beside go.yaml.in/yaml/v3: medians that each process takes itself.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emitDocuments, parseDocuments } from '@sealkit/core/yaml'
import { ask, buildProgram } from '../interop/go/yaml/program.ts'
import { median, row } from './pair.ts'

const ROUNDS = 7
const TURNS = 7
const INDENT = 4

/** A file as people keep them: comments, short values, block scalars, lists. */
function plainFile(size: number): string {
  const parts: string[] = []
  for (let i = 0, length = 0; length < size; i++) {
    const part = `# Service number ${i}
service-${i}:
    name: "service ${i}"
    replicas: ${i % 9}
    enabled: ${i % 2 === 0}
    ratio: 0.${i}
    image: registry.example.com/team/service:v1.${i} # pinned
    args: [--listen, "0.0.0.0:8080", --verbose]
    env:
        - name: LOG_LEVEL
          value: info
        - name: REGION
          value: 'eu-west-1'
    script: |
        #!/bin/sh
        set -eu
        exec service --number ${i}
`
    parts.push(part)
    length += part.length
  }
  return parts.join('')
}

/** A file as sops writes them. */
function encryptedFile(size: number): string {
  const value =
    'ENC[AES256_GCM,data:ZHVtbXkgdmFsdWUgZm9yIGJlbmNobWFyaw==,iv:q8Ul/Nrk5l3t+g0nMVZ0J7Ti+T4tY5mmfp1G8m2PZkA=,tag:'
  const parts: string[] = []
  for (let i = 0, length = 0; length < size; i++) {
    const part = `group_${i}:\n    user: ${value}${i},type:str]\n    #ENC[AES256_GCM,data:c29tZSBjb21tZW50,type:comment]\n    port: ${value}${i},type:int]\n    hosts:\n        - ${value}${i},type:str]\n`
    parts.push(part)
    length += part.length
  }
  return parts.join('')
}

function ours(text: string): number {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now()
    Buffer.from(emitDocuments(parseDocuments(text), { indent: INDENT }))
    times.push(performance.now() - start)
  }
  return median(times)
}

const path = await buildProgram()

async function theirs(text: string): Promise<number> {
  const [answer] = await ask(path, [{ text: Buffer.from(text), indent: INDENT, rounds: ROUNDS }])
  return (answer?.nanos ?? Number.NaN) / 1e6
}

for (const [name, text] of [
  ['1 MB of plain YAML, parse and write', plainFile(1_000_000)],
  ['1 MB of SOPS YAML, parse and write', encryptedFile(1_000_000)],
] as const) {
  ours(text)
  const times = { ours: [] as number[], theirs: [] as number[] }
  // In turn, so that a drift of the machine's speed meets both.
  for (let turn = 0; turn < TURNS; turn++) {
    times.theirs.push(await theirs(text))
    times.ours.push(ours(text))
  }
  const medians = { ours: median(times.ours), theirs: median(times.theirs) }
  row(name, { ...medians, ratio: medians.ours / medians.theirs }, 1)
}

/** The first parse of 2 KB in a fresh process, compiled as the command line is. */
function coldParse(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'sealkit-bench-'))
  const program = join(folder, 'cold')
  const entry = join(import.meta.dirname, 'cold', 'yaml.ts')
  const flags = ['--compile', '--bytecode', '--splitting', '--format=esm', '--minify', '--conditions=source']
  spawnSync('bun', ['build', ...flags, entry, '--outfile', program], { stdio: 'ignore' })
  const times = Array.from({ length: 21 }, () => Number(spawnSync(program, { input: encryptedFile(2000) }).stdout))
  rmSync(folder, { recursive: true })
  return times
}

const cold = coldParse()
const figures = `${median(cold).toFixed(2)} ms, at best ${Math.min(...cold).toFixed(2)} ms`
console.log(`${'first parse of 2 KB in a fresh Bun process'.padEnd(48)} ours ${figures} (goal < 2)`)
