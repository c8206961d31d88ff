// The cost of one value in a file of so many, decrypted again and again in one process: `valuecost.ts FORMAT VALUES RUNS`
// prints microseconds a value of wall time and of this process' time. Not a benchmark of its own: see sops-scale.ts.
import { encryptFile, entry, type Format, newDataKey, newMetadata, openFile, openStore } from '@sealkit/core/sops'
import { group, yaml } from './tree.ts'

const [format = 'json', values = '1000', runs = '1'] = process.argv.slice(2)
const [count, times] = [Number(values), Number(runs)]

const tree = Object.fromEntries(
  Array.from({ length: count / 100 }, (_, index) => [`group${index}`, group(100, index * 100)]),
)
const store = await openStore(format as Format)
const documents = store.load(Buffer.from(format === 'json' ? JSON.stringify(tree) : yaml(tree)))
const dataKey = newDataKey()
const metadata = newMetadata({ keyGroups: [[{ ...entry('age', { recipient: 'age1' }), enc: 'x' }]] })
const encrypted = await encryptFile({ documents, metadata }, { dataKey, now: new Date(0) })
const bytes = store.emitEncrypted(encrypted)

/** Decrypts, verifies and writes so often. */
async function decrypt(often: number): Promise<void> {
  for (let run = 0; run < often; run++) {
    const opened = await openFile(bytes, { format: format as Format, unwrap: async () => dataKey })
    await opened.emit(format as Format)
  }
}

// What runs for the first time is compiled meanwhile.
await decrypt(Math.max(1, Math.round(times / 10)))
const [start, cpu] = [performance.now(), process.cpuUsage()]
await decrypt(times)
const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(cpu)]
console.log(JSON.stringify({ wall: (wall * 1000) / (count * times), cpu: (user + system) / (count * times) }))
