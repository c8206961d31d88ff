// What many sealing keys cost, and objects that no key opens: ours with 1 and 24 keys and among 20 undecryptable objects,
// beside the real one with fewer objects. RSA-4096, three items each, without client limits. Needs `npm run build` and,
// for the real one, root.
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import { generateSealingKey } from '@sealkit/core/sealed'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { keySecret } from '../controller/cluster.ts'
import type { ControlPlane } from '../servers/controlplane.ts'
import {
  type Candidate,
  candidates,
  counting,
  createSealed,
  figure,
  follow,
  isSynced,
  namespace,
  objectCount,
  onControlPlane,
  ours,
  usage,
  usageText,
} from './candidates.ts'

const objects = objectCount(400)
/** The real one tries keys one after the other: a few objects show it. */
const few = Math.ceil(objects / 8)
const keyCount = 24
const hopelessCount = 20

interface Key {
  readonly pem: string
  readonly secret: Manifest
}

/** Keys of one age each, the first the newest; made once for all. */
async function makeKeys(count: number): Promise<Key[]> {
  const keys: Key[] = []
  for (let index = 0; index < count; index += 1) {
    const notBefore = new Date(Date.now() - (index + 1) * 86_400_000)
    const made = await generateSealingKey({ keySize: 4096, notBefore, validFor: 10 * 365 * 86_400_000 })
    keys.push({ pem: made.certificatePem, secret: keySecret(`sealing-key-${index}`, made) })
  }
  return keys
}

interface Case {
  readonly keys: readonly Key[]
  readonly count: number
  /** Certificate of a key that the controller does not have, for objects that no key opens. */
  readonly hopeless?: string
}

/** Seconds from the start until everything that can be unsealed is. */
async function measure(candidate: Candidate, { keys, count, hopeless }: Case): Promise<number> {
  return onControlPlane(async (plane, cluster) => {
    for (const { secret } of keys) await cluster.create(resources.secret, secret)
    const [newest] = keys
    if (newest === undefined) throw new Error('no key')
    // Names in front of the others: whoever goes by them meets these first.
    if (hopeless !== undefined) await createSealed(cluster, hopeless, { count: hopelessCount, prefix: 'a-' })
    await createSealed(cluster, newest.pem, { count, prefix: 'b-' })
    return timed(candidate, { plane, cluster, count })
  })
}

async function timed(
  candidate: Candidate,
  { plane, cluster, count }: { readonly plane: ControlPlane; readonly cluster: ApiServer; readonly count: number },
): Promise<number> {
  const follower = await follow(cluster, resources.sealedSecret)
  const started = performance.now()
  const running = await candidate.start(plane, cluster)
  await follower.until(counting(count, (object) => isSynced(object)))
  const taken = (performance.now() - started) / 1000
  console.log(`${candidate.name}: ${count} new in ${taken.toFixed(2)} s, ${usageText(usage(running))}`)
  await follower.stop()
  if (candidate === ours) await refuses(cluster)
  await running.stop()
  return taken
}

/** Waits until every object in front says that it cannot be decrypted, where there are such. */
async function refuses(cluster: ApiServer): Promise<void> {
  for (;;) {
    const { items } = await cluster.list(resources.sealedSecret, { namespace })
    const front = items.filter(({ metadata }) => metadata.name.startsWith('a-'))
    if (front.every((object) => isSynced(object, 'False'))) return
    await delay(100)
  }
}

const keys = await makeKeys(keyCount)
const [foreign] = await makeKeys(1)
const one = keys.slice(0, 1)
const hopeless = foreign === undefined ? {} : { hopeless: foreign.pem }
for (const candidate of await candidates()) {
  const count = candidate === ours ? objects : few
  const single = await measure(candidate, { keys: one, count })
  const many = await measure(candidate, { keys, count })
  const among = await measure(candidate, { keys, count, ...hopeless })
  const atMost = (base: number): { readonly atMost?: number } => (candidate === ours ? { atMost: base * 1.2 } : {})
  const name = candidate === ours ? 'ours' : 'the real one'
  figure(`${name}: ${count} new, 1 key`, [single], { unit: 's' })
  figure(`${name}: ${count} new, ${keyCount} keys`, [many], { unit: 's', ...atMost(single) })
  figure(`${name}: the same among ${hopelessCount} that no key opens`, [among], { unit: 's', ...atMost(many) })
}
