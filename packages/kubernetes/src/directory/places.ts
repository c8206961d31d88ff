import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterObject, Key, Resource } from '../cluster.ts'
import { resourceName } from '../path.ts'
import { keyOf } from '../resources.ts'
import { folderIn, keyFile, namespaceFolder, objectFile, removePath, writeFile } from './files.ts'
import { scope } from './identity.ts'
import type { Roots } from './roots.ts'

/** Which root holds an object; in this order where two have one of the same name. */
export const places = ['keys', 'out', 'state', 'in'] as const

/** A root, as the place of an object. */
export type Place = (typeof places)[number]

/** Folder of a namespace in `out` where Secrets lie as one file a key. */
export const filesFolder = 'files'

/** Folder of the state where objects lie that are neither Secrets nor manifests of `in`. */
export const createdFolder = 'created'

/** Writes objects to where they belong. */
export interface Placer {
  write(place: Place, resource: Resource, object: ClusterObject): Promise<void>
  remove(place: Place, resource: Resource, key: Key): Promise<void>
}

/** A placer. With `files`, each Secret of `out` also lies as one file per key: `NAMESPACE/files/NAME/KEY`. */
export function placer(roots: Roots, files: boolean): Placer {
  const steps = (place: Place, resource: Resource, key: Key): readonly [string, ...string[]] =>
    place === 'state'
      ? [roots.state, createdFolder, resourceName(resource), scope(key)]
      : [(place === 'keys' ? roots.keys : undefined) ?? roots.out, namespaceFolder(key.namespace)]
  return {
    async write(place, resource, object) {
      const key = keyOf(object)
      const content = `${JSON.stringify(stored(object), undefined, 2)}\n`
      const folder = await folderIn(...steps(place, resource, key))
      if (place === 'out' && files) await writeKeys(folder, object)
      await writeFile(join(folder, `${objectFile(key.name)}.json`), content)
    },
    async remove(place, resource, key) {
      const folder = await folderIn(...steps(place, resource, key))
      await removePath(join(folder, `${objectFile(key.name)}.json`))
      if (place === 'out' && files) await removePath(join(await folderIn(folder, filesFolder), objectFile(key.name)))
    },
  }
}

/** What a file keeps of an object: all but what belongs to this process. */
function stored(object: ClusterObject): ClusterObject {
  const { resourceVersion: _, managedFields: __, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** One file per key, and none that the Secret no longer has. */
async function writeKeys(namespace: string, secret: ClusterObject): Promise<void> {
  const data = Object.entries((secret['data'] ?? {}) as Record<string, string>).map(
    ([key, value]) => [keyFile(key), Buffer.from(value, 'base64')] as const,
  )
  const folder = await folderIn(namespace, filesFolder, objectFile(secret.metadata.name))
  for (const [key, value] of data) await writeFile(join(folder, key), value)
  for (const name of await readdir(folder)) {
    if (!data.some(([key]) => key === name)) await removePath(join(folder, name))
  }
}
