import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Key, Resource } from '../cluster.ts'
import { resourceName } from '../path.ts'
import { folderIn, namespaceFolder, objectFile, removePath, writeFile } from './files.ts'

/** What the API server would keep of an object whose manifest is only read. */
export interface Identity {
  readonly uid: string
  readonly created: string
  readonly generation: number
  /** Stamp of the manifest's file when the generation was last raised. */
  readonly stamp: string
  readonly status?: unknown
}

/** Identities by object, one file each. */
export interface IdentityStore {
  read(resource: Resource, key: Key): Promise<Identity | undefined>
  write(resource: Resource, key: Key, identity: Identity): Promise<void>
  delete(resource: Resource, key: Key): Promise<void>
}

/** The identities that a state folder keeps. */
export function identityStore(state: string): IdentityStore {
  const steps = (resource: Resource, key: Key): string[] => ['objects', resourceName(resource), scope(key)]
  const path = (resource: Resource, key: Key): string =>
    join(state, ...steps(resource, key), `${objectFile(key.name)}.json`)
  return {
    async read(resource, key) {
      try {
        return JSON.parse(await readFile(path(resource, key), 'utf8')) as Identity
      } catch {
        // Absent, or cut short by a crash: the object begins anew.
        return undefined
      }
    },
    async write(resource, key, identity) {
      await folderIn(state, ...steps(resource, key))
      await writeFile(path(resource, key), `${JSON.stringify(identity)}\n`, false)
    },
    delete: (resource, key) => removePath(path(resource, key)),
  }
}

/** The folder of a namespace, or that of objects which have none; no namespace begins with an underscore. */
export function scope(key: Key): string {
  return key.namespace === '' ? '_cluster' : namespaceFolder(key.namespace)
}

/** True for one kind, whatever its version. */
export function sameResource(one: Resource, other: Resource): boolean {
  return one.plural === other.plural && one.group === other.group
}
