import { type FSWatcher, watch as watchFolder } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from './clock.ts'
import type { Cluster, ClusterObject, Resource } from './cluster.ts'
import { DirectoryState } from './directory/cluster.ts'
import { folderIn } from './directory/files.ts'
import { identityStore } from './directory/identity.ts'
import { lockFolder } from './directory/lock.ts'
import { createdFolder, filesFolder, type Place, placer } from './directory/places.ts'
import { openRoots, type Roots } from './directory/roots.ts'
import { type Scanner, scanner } from './directory/scan.ts'

/** The folders of a directory, and what it makes of them. */
export interface DirectoryOptions extends Roots {
  /** True = each Secret of `out` also as one file a key, `NAMESPACE/files/NAME/KEY`. */
  readonly files?: boolean
  /** Namespace of manifests that name none; `default` unless given. */
  readonly defaultNamespace?: string
  /** Kinds besides those of `resources`. */
  readonly resources?: readonly Resource[]
  /** Applies a kind's defaults and checks it (as the API server does by its CRD); throws INVALID. */
  readonly admit?: (resource: Resource, object: ClusterObject) => ClusterObject
  /** Label selector of new Secrets that belong into `keys`. */
  readonly keySelector?: string
  /** Milliseconds between scans where no event of the file system came; 30 s unless given, 0 = never. */
  readonly rescan?: number
  /** Told of files that cannot be read, objects that are there twice, links that lead out. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
}

/** A `Cluster` of folders. */
export interface DirectoryCluster extends Cluster {
  /** Reads the folders now. */
  sync(): Promise<void>
  /** Stops watching the folders and gives the state folder back. */
  close(): Promise<void>
}

/** File systems tell of one save in several events; a scan waits for this long after the first. */
const settle = 50

/**
 * The `Cluster` port over folders, for the same reconcilers with no cluster: manifests are read from `in`, Secrets are
 * written to `out` as manifests (mode 0600), statuses and identities are kept in `state`. The README's table says which
 * verbs it keeps exactly and which it refuses.
 *
 * @throws PATH_REFUSED where a folder is missing, inside another, in a git work tree, open to others or in use
 */
export async function directoryCluster(options: DirectoryOptions): Promise<DirectoryCluster> {
  const roots = await openRoots(options)
  const unlock = await lockFolder(roots.state)
  try {
    const onError = options.onError ?? (() => undefined)
    const state = new DirectoryState({
      identities: identityStore(roots.state),
      defaultNamespace: options.defaultNamespace ?? 'default',
      resources: options.resources ?? [],
      admit: options.admit ?? ((_, object) => object),
      onError,
      placer: placer(roots, options.files === true),
      scanners: await scanners(roots, onError),
      state: roots.state,
      ...(options.keySelector !== undefined && { keySelector: options.keySelector }),
    })
    await state.sync()
    const stop = follow(roots, () => state.sync().catch(onError), options)
    return Object.assign(state, {
      async close() {
        stop()
        await state.idle()
        await unlock()
      },
    })
  } catch (error) {
    await unlock()
    throw error
  }
}

async function scanners(roots: Roots, onError: (error: unknown) => void): Promise<Map<Place, Scanner>> {
  const found = new Map<Place, Scanner>([
    ['in', scanner({ root: roots.in, onError })],
    ['out', scanner({ root: roots.out, skip: new Set([filesFolder]), onError })],
    ['state', scanner({ root: await folderIn(roots.state, createdFolder), onError })],
  ])
  if (roots.keys !== undefined) found.set('keys', scanner({ root: roots.keys, onError }))
  return found
}

/**
 * Calls `sync` a moment after anything changes, and now and then where the file system says nothing (NFS, overlays). The
 * next scan waits ten times as long as the last one took, so that large folders with many changes do not keep it busy.
 */
function follow(roots: Roots, sync: () => Promise<void>, options: DirectoryOptions): () => void {
  const { clock = systemClock, rescan = 30_000 } = options
  let cancelScan: (() => void) | undefined
  let cancelRescan = (): void => undefined
  let earliest = 0
  const scan = async (): Promise<void> => {
    const began = clock.now()
    await sync()
    earliest = clock.now() + 10 * (clock.now() - began)
  }
  const soon = (): void => {
    cancelScan ??= clock.timer(Math.max(settle, earliest - clock.now()), () => {
      cancelScan = undefined
      void scan()
    })
  }
  const later = (): void => {
    if (rescan <= 0) return
    cancelRescan = clock.timer(rescan, () => {
      later()
      void scan()
    })
  }
  later()
  const watchers = [roots.in, roots.out, roots.keys].flatMap((root) =>
    root === undefined ? [] : watchRoot(root, soon),
  )
  return () => {
    cancelScan?.()
    cancelRescan()
    for (const watcher of watchers) watcher.close()
  }
}

/** Watches a folder with all in it; none where the system cannot, for then the scans do it. */
function watchRoot(root: string, changed: () => void): FSWatcher[] {
  try {
    const watcher = watchFolder(join(root), { recursive: true }, changed)
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}
