// Times gjson's own Go program and ours on one document of about a megabyte, and prints the ratio per path:
// node --conditions=source test/bench/gjson.ts
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { get } from '@sealkit/resolver/gjson'
import { programPath } from '../interop/go/program.ts'

const PATHS = [
  'first',
  'users.10.name',
  'users.2900.name',
  'last',
  'users.#',
  'users.#.name',
  'users.#(id==2900).address.city',
  'users.#(name%"*7")#.id',
  'users.#(active==true)#|#',
  'us*s.2900.ad*s.c?ty',
  'missing',
  '{first,"n":users.2900.name}',
  'users|@reverse|0.id',
]

function document(): string {
  const users = Array.from({ length: 3_000 }, (_, index) => ({
    id: index,
    name: `User number ${index}`,
    active: index % 3 === 0,
    score: index * 1.25,
    certificate: `-----BEGIN CERTIFICATE-----\n${'MIIBszCCAVmgAwIBAgIU'.repeat(6)}\n-----END CERTIFICATE-----\n`,
    address: { city: `City ${index % 40}`, zip: String(10_000 + index), lines: ['a', 'b "quoted"', 'c'] },
  }))
  return JSON.stringify({ first: 'one', users, last: 'end' })
}

/** The best of several runs, in nanoseconds a call, as the Go program measures it. */
function measure(json: string, path: string): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 15; run++) {
    const started = process.hrtime.bigint()
    for (let call = 0; call < 10; call++) get(json, path).raw
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 10)
  }
  return best
}

const json = document()
const folder = mkdtempSync(join(tmpdir(), 'sealkit-gjson-'))
try {
  const file = join(folder, 'document.json')
  writeFileSync(file, json)
  const lines = execFileSync(await programPath('gjson'), ['time', file, ...PATHS], { encoding: 'utf8' })
    .trim()
    .split('\n')
  console.log(`document: ${(json.length / 1e6).toFixed(2)} MB; microseconds a call, best of 15 x 10`)
  for (const [index, path] of PATHS.entries()) {
    const go = Number(lines[index])
    const ours = measure(json, path)
    const columns = [path.padEnd(34), (go / 1e3).toFixed(1).padStart(9), (ours / 1e3).toFixed(1).padStart(9)]
    console.log(`${columns.join(' ')}   ${(ours / go).toFixed(2)}x`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
