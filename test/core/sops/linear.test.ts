import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Format, openFile, openStore } from '@sealkit/core/sops'
import { dataKey, encrypted } from './tree.ts'

/** Processor time of the better of two runs, in microseconds. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 2; run++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return best
}

const texts: Readonly<Record<'json' | 'yaml' | 'dotenv', (count: number) => string>> = {
  json: (count) => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, `v${at}`]))),
  yaml: (count) => Array.from({ length: count }, (_, at) => `k${at}: v${at}\n`).join(''),
  dotenv: (count) => Array.from({ length: count }, (_, at) => `k${at}=v${at}\n`).join(''),
}

for (const format of Object.keys(texts) as (keyof typeof texts & Format)[]) {
  test(`${format}: ten times the values in one mapping cost about ten times as much, both ways`, async () => {
    const store = await openStore(format)
    const both = async (count: number): Promise<{ there: number; back: number }> => {
      const text = Buffer.from(texts[format](count))
      let bytes: Uint8Array = Buffer.alloc(0)
      const there = await cost(async () => {
        bytes = store.emitEncrypted(await encrypted(store.load(text)))
      })
      const back = await cost(async () => {
        const opened = await openFile(bytes, { format, unwrap: async () => dataKey })
        await opened.emit(format)
      })
      return { there, back }
    }
    await both(1000)
    const [small, large] = [await both(1000), await both(10_000)]
    // A quadratic part would make it a hundred.
    assert.ok(large.there / small.there < 30, `encrypt: ${large.there / small.there}`)
    assert.ok(large.back / small.back < 30, `decrypt: ${large.back / small.back}`)
  })
}
