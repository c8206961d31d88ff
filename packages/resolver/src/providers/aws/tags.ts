import { ResolverError } from '../../error.ts'
import { type Json, object, textMap } from '../../view.ts'

/** A tag as both services write it. */
export interface Tag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/** The tag by which External Secrets knows what it may overwrite. */
const managedBy = 'managed-by'
const owner = 'external-secrets'

/** What a push says of itself when nobody described it. */
export const defaultDescription: string = `secret '${managedBy}:${owner}'`

/** Whether External Secrets made it. */
export function isManaged(tags: readonly Tag[] = []): boolean {
  return tags.some(({ Key, Value }) => Key === managedBy && Value === owner)
}

/** The error for a secret that somebody else made. */
export function unmanaged(): ResolverError {
  return new ResolverError('PROVIDER_FAILED', 'secret not managed by external-secrets', {
    hint: 'delete the remote secret, or push to another key',
  })
}

/** The `spec` of a push's metadata. */
export function pushSpec(metadata: unknown): Json {
  return object(object(metadata)['spec'])
}

/** The tags that a push asks for, with the mark. @throws {ResolverError} `VALUE_INVALID` for a mark of its own */
export function wantedTags(spec: Json): Map<string, string> {
  const tags = new Map(Object.entries(textMap(spec['tags'])))
  if (tags.has(managedBy)) {
    throw new ResolverError('VALUE_INVALID', `error parsing tags in metadata: Cannot specify a '${managedBy}' tag`)
  }
  return tags.set(managedBy, owner)
}

/** Tags in the form of the API. */
export function tagList(tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

/** What must change for the tags to be those that are wanted. */
export function tagChanges(
  current: readonly Tag[],
  wanted: ReadonlyMap<string, string>,
): { readonly remove: string[]; readonly add: ReadonlyMap<string, string> } {
  const now = new Map(current.map(({ Key = '', Value = '' }) => [Key, Value]))
  return {
    remove: [...now.keys()].filter((key) => !wanted.has(key)),
    add: new Map([...wanted].filter(([key, value]) => now.get(key) !== value)),
  }
}
