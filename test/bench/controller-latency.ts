// How long one new SealedSecret waits for its Secret: on an idle controller, one after the other without a pause, and
// while the controller works on a backlog. Ours beside the real one without client limits; RSA-4096, three items each.
// From the answer to the creation until a watch shows the Secret. Needs `npm run build` and, for the real one, root.
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import {
  type Candidate,
  candidates,
  certificateOf,
  counting,
  createSealed,
  type Follower,
  figure,
  follow,
  isSynced,
  objectCount,
  of,
  onControlPlane,
  percentile,
  sealedSecret,
} from './candidates.ts'

const backlog = objectCount(1000)
const singles = 100
const pause = 50

interface Figures {
  /** Milliseconds of each. */
  readonly idle: readonly number[]
  /** Seconds for all, one after the other. */
  readonly loop: number
  readonly loaded: readonly number[]
}

interface World {
  readonly cluster: ApiServer
  readonly pem: string
  readonly secrets: Follower
}

function sealedAll(pem: string, prefix: string, count: number): Promise<Manifest[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => sealedSecret(pem, `${prefix}${index}`)))
}

/** Milliseconds from the answer to the creation until the Secret is there. */
async function wait({ cluster, secrets }: World, sealed: Manifest): Promise<number> {
  const there = secrets.until(of(sealed.metadata?.name ?? ''))
  await cluster.create(resources.sealedSecret, sealed)
  const created = performance.now()
  await there
  return performance.now() - created
}

async function idle(world: World): Promise<number[]> {
  const times: number[] = []
  for (const sealed of await sealedAll(world.pem, 'idle-', singles)) {
    times.push(await wait(world, sealed))
    await delay(pause)
  }
  return times
}

async function loop(world: World): Promise<number> {
  const all = await sealedAll(world.pem, 'loop-', singles)
  const started = performance.now()
  for (const sealed of all) await wait(world, sealed)
  return (performance.now() - started) / 1000
}

/** New ones at a steady pace, whether or not the last is done, until the backlog is. */
async function loaded(world: World, candidate: Candidate, start: () => Promise<unknown>): Promise<number[]> {
  await createSealed(world.cluster, world.pem, { count: backlog, prefix: 'backlog-' })
  const fresh = await sealedAll(world.pem, 'late-', 2 * singles)
  const follower = await follow(world.cluster, resources.sealedSecret)
  const state = { done: false }
  const named = counting(backlog, (object) => object.metadata.name.startsWith('backlog-') && isSynced(object))
  const done = follower.until(named).then(() => {
    state.done = true
  })
  await start()
  const times: Promise<number>[] = []
  for (const sealed of fresh) {
    if (state.done) break
    times.push(wait(world, sealed))
    await delay(pause)
  }
  const all = await Promise.all(times)
  await done
  await follower.stop()
  console.log(`${candidate.name}: ${all.length} came while ${backlog} were worked on`)
  return all
}

async function measure(candidate: Candidate): Promise<Figures> {
  return onControlPlane(async (plane, cluster) => {
    let running = await candidate.start(plane, cluster)
    const world = { cluster, pem: await certificateOf(running), secrets: await follow(cluster, resources.secret) }
    try {
      const figures = { idle: await idle(world), loop: await loop(world) }
      await running.stop()
      const start = async (): Promise<void> => {
        running = await candidate.start(plane, cluster)
      }
      return { ...figures, loaded: await loaded(world, candidate, start) }
    } finally {
      await world.secrets.stop()
      await running.stop()
    }
  })
}

const all: Figures[] = []
for (const candidate of await candidates()) all.push(await measure(candidate))
const show = (what: string, pick: (figures: Figures) => number, atMost?: number): void =>
  figure(what, all.map(pick), { unit: 'ms', ...(atMost !== undefined && { atMost }) })
show('one new, idle: p50', (figures) => percentile(figures.idle, 0.5), 25)
show('one new, idle: p99', (figures) => percentile(figures.idle, 0.99))
show(`${singles} one after the other, each`, (figures) => (figures.loop * 1000) / singles)
show(`one new while ${backlog} are worked on: p50`, (figures) => percentile(figures.loaded, 0.5))
show(`one new while ${backlog} are worked on: p99`, (figures) => percentile(figures.loaded, 0.99), 300)
