import type { Manifest } from '@sealkit/core/manifest'
import { KubernetesError } from '../error.ts'

/**
 * The Kubernetes objects of a YAML or JSON text; the items of a List are read as if they stood alone, and documents that
 * are no objects of the API (no `kind`, no name) are left out.
 *
 * @throws INVALID
 */
export async function readManifests(text: string, path: string): Promise<Manifest[]> {
  try {
    return (await documents(text)).flatMap(members)
  } catch (cause) {
    const detail = cause instanceof Error && 'code' in cause ? `: ${cause.message}` : ''
    throw new KubernetesError('INVALID', `${path} cannot be read as YAML or JSON${detail}`, { cause })
  }
}

async function documents(text: string): Promise<unknown[]> {
  if (/^\s*[{[]/.test(text)) {
    try {
      return [JSON.parse(text)]
    } catch {
      // Flow-style YAML begins with a brace too.
    }
  }
  const { parseYaml } = await import('@sealkit/core/yaml')
  return text.split(separator).map((document) => parseYaml(document))
}

/** Documents are parted by lines of three dashes, as kubectl and the API's own readers part them. */
const separator = /^---[ \t]*(?:#.*)?\r?$/m

function members(document: unknown): Manifest[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return []
  const object = document as Manifest
  const items = object['items']
  if (typeof object.kind !== 'string') return []
  if (object.kind.endsWith('List') && Array.isArray(items)) return items.flatMap(members)
  return typeof object.apiVersion === 'string' && typeof object.metadata?.name === 'string' ? [object] : []
}
