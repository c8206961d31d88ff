import { ResolverError } from '../../error.ts'
import type { VaultSpec } from './spec.ts'

type Mount = Pick<VaultSpec, 'path' | 'version'>

/**
 * The API path of a secret's data. A key may start with the mount, and then with `data/`; both are taken off. Without a
 * mount in the store the key's first segment is the mount.
 *
 * @throws {ResolverError} `INVALID_REFERENCE` for `.`, `..` and empty segments
 */
export function dataPath(mount: Mount, key: string): string {
  const { path, version } = mount
  if (path !== null)
    return encodePath([trimmed(path), ...(version === 'v2' ? ['data'] : []), name(mount, key)].join('/'))
  if (version === 'v1' || key.includes('/data/')) return encodePath(trimmed(key))
  const [first = '', ...rest] = trimmed(key).split('/')
  return encodePath([first, 'data', ...rest].join('/'))
}

/**
 * The API path of a secret's metadata (KV v2).
 *
 * @throws {ResolverError} `INVALID_REFERENCE`, `INVALID_STORE` for KV v1 without a mount
 */
export function metadataPath(mount: Mount, key: string): string {
  const { path, version } = mount
  if (path !== null) return encodePath(`${root(mount, path)}/${name(mount, key)}`)
  if (version === 'v1') throw new ResolverError('INVALID_STORE', 'vault.path is needed to list KV v1')
  if (!key.includes('data')) throw new ResolverError('INVALID_REFERENCE', "provided Path isn't a valid kv v2 path")
  return encodePath(trimmed(key.replace('/data/', '/metadata/')))
}

/** The API path at which a folder is listed; the empty one is the whole mount. @throws as {@link metadataPath} */
export function folderPath(mount: Mount, folder: string): string {
  if (folder === '' && mount.path !== null) return encodePath(root(mount, mount.path))
  return metadataPath(mount, folder)
}

function root({ version }: Mount, path: string): string {
  return version === 'v2' ? `${trimmed(path)}/metadata` : trimmed(path)
}

function name({ path, version }: Mount, key: string): string {
  const prefix = `${path}/`
  if (!key.startsWith(prefix)) return trimmed(key)
  const rest = key.slice(prefix.length)
  return trimmed(version === 'v2' && rest.startsWith('data/') ? rest.slice('data/'.length) : rest)
}

/** Vault takes a path with or without slashes at its ends. */
function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}

/**
 * A path whose every segment is percent-encoded, so that `?`, `#`, `%2f` and the like are part of a name and never of
 * the request.
 *
 * @throws {ResolverError} `INVALID_REFERENCE` for `.`, `..` and empty segments, which would address something else
 */
export function encodePath(path: string): string {
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') {
      throw new ResolverError('INVALID_REFERENCE', `the path "${path}" has an empty, "." or ".." segment`, {
        hint: 'write the path without them',
      })
    }
  }
  return segments.map(encodeURIComponent).join('/')
}
