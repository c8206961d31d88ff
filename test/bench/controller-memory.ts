// Resident memory of our controller: with its SealedSecrets after they were new and after a restart, and how little
// Secrets that are not its own add to it. The real one beside it, with the same cluster. Needs `npm run build` and, for
// the real one, root.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import {
  type Candidate,
  candidates,
  certificateOf,
  counting,
  createAll,
  createSealed,
  figure,
  follow,
  isSynced,
  looked,
  namespace,
  objectCount,
  onControlPlane,
  type Running,
  usage,
  usageText,
} from './candidates.ts'

const count = objectCount(1000)
const foreignCount = 10 * count
const foreignBytes = 10_000

/** Resident megabytes once everything was seen. */
interface Figures {
  readonly fresh: number
  readonly restart: number
  /** After a restart with the foreign Secrets there. */
  readonly foreign: number
  /** The same process after all foreign Secrets were changed. */
  readonly changed: number
}

function* foreignSecrets(): Generator<Manifest> {
  const value = randomBytes(Math.ceil((foreignBytes * 3) / 4)).toString('base64')
  for (let index = 0; index < foreignCount; index += 1) {
    const labels = { app: `app-${index % 50}`, 'app.kubernetes.io/managed-by': 'Helm' }
    yield { metadata: { namespace, name: `foreign-${index}`, labels }, data: { value } }
  }
}

async function relabel(cluster: ApiServer): Promise<void> {
  const { items } = await cluster.list(resources.secret, { namespace, labelSelector: 'app', metadataOnly: true })
  const patch = { type: 'merge', body: { metadata: { annotations: { touched: 'yes' } } } } as const
  const names = items.values()
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const { metadata } of names) {
        await cluster.patch(resources.secret, { namespace, name: metadata.name }, patch)
      }
    }),
  )
}

/** Megabytes after a moment of rest. */
async function settled(candidate: Candidate, running: Running, what: string): Promise<number> {
  await delay(2_000)
  console.log(`${candidate.name}, ${what}: ${usageText(usage(running))}`)
  return usage(running).resident
}

async function measure(candidate: Candidate): Promise<Figures> {
  return onControlPlane(async (plane, cluster) => {
    let running = await candidate.start(plane, cluster)
    const pem = await certificateOf(running)
    await running.stop()
    const restarted = async (what: string): Promise<number> => {
      running = await candidate.start(plane, cluster)
      await looked(running, count)
      return settled(candidate, running, what)
    }
    await createSealed(cluster, pem, { count })
    const follower = await follow(cluster, resources.sealedSecret)
    running = await candidate.start(plane, cluster)
    await follower.until(counting(count, (object) => isSynced(object)))
    await follower.stop()
    const fresh = await settled(candidate, running, `${count} new`)
    await running.stop()
    const restart = await restarted('restarted')
    await running.stop()
    await createAll(cluster, resources.secret, foreignSecrets())
    const foreign = await restarted(`restarted with ${foreignCount} foreign Secrets`)
    await relabel(cluster)
    const changed = await settled(candidate, running, 'after all of them were changed')
    await running.stop()
    return { fresh, restart, foreign, changed }
  })
}

const all: Figures[] = []
for (const candidate of await candidates()) all.push(await measure(candidate))
const show = (what: string, pick: (figures: Figures) => number, atMost: number): void =>
  figure(what, all.map(pick), { unit: 'MB', atMost })
show(`${count} new`, ({ fresh }) => fresh, 120)
show(`${count} after a restart`, ({ restart }) => restart, 120)
show(`${foreignCount} foreign Secrets more`, ({ restart, foreign }) => foreign - restart, 10)
show('all of them changed, more', ({ restart, changed }) => changed - restart, 10)
