// Our controller beside the real one: SealedSecrets that are new, and the same after a restart. Both without client
// limits, RSA-4096, three items each. Needs `npm run build` and, for the real one, root.
import assert from 'node:assert/strict'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import {
  type Candidate,
  candidates,
  certificateOf,
  counting,
  createSealed,
  figure,
  follow,
  isSynced,
  looked,
  namespace,
  objectCount,
  onControlPlane,
  ours,
  type Running,
  usage,
  usageText,
} from './candidates.ts'

const count = objectCount(1000)

interface Figures {
  readonly fresh: number
  readonly restart: number
}

/** Every version that is in the cluster of what a controller may write; two that are equal: nothing was written. */
async function versions(cluster: ApiServer): Promise<string[]> {
  const kinds = [resources.secret, resources.sealedSecret, resources.event]
  const lists = await Promise.all(kinds.map((kind) => cluster.list(kind, { namespace, metadataOnly: true })))
  return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`)).sort()
}

async function measure(candidate: Candidate): Promise<Figures> {
  return onControlPlane(async (plane, cluster) => {
    const maker = await candidate.start(plane, cluster)
    const pem = await certificateOf(maker)
    await maker.stop()
    await createSealed(cluster, pem, { count })
    const follower = await follow(cluster, resources.sealedSecret)
    const timed = async (what: string, done: (running: Running) => Promise<void>): Promise<number> => {
      const started = performance.now()
      const running = await candidate.start(plane, cluster)
      await done(running)
      const taken = (performance.now() - started) / 1000
      console.log(`${candidate.name}: ${count} ${what} in ${taken.toFixed(2)} s, ${usageText(usage(running))}`)
      await running.stop()
      return taken
    }
    const fresh = await timed('new', () => follower.until(counting(count, (object) => isSynced(object))))
    await follower.stop()
    const before = await versions(cluster)
    const restart = await timed('looked at after a restart', (running) => looked(running, count))
    if (candidate === ours) {
      assert.deepEqual(await versions(cluster), before, 'a restart with everything in place wrote something')
      console.log(`${candidate.name}: the restart wrote nothing and emitted no event`)
    }
    return { fresh, restart }
  })
}

const figures: Figures[] = []
for (const candidate of await candidates()) figures.push(await measure(candidate))
figure(
  `${count} new, start to all Synced`,
  figures.map(({ fresh }) => fresh),
  { unit: 's', ratio: 0.35 },
)
figure(
  `${count} in place, restart to all looked at`,
  figures.map(({ restart }) => restart),
  { unit: 's', ratio: 0.2 },
)
