import { listMembers, type Manifest, parseManifestFile } from '@sealkit/core/manifest'
import { KubernetesError } from '../error.ts'
import { apiVersion, resourceOf, resources } from '../resources.ts'

/**
 * The Kubernetes objects of a YAML or JSON text; the items of a List are read as if they stood alone, and documents that
 * are no objects of the API (no `kind`, no name) are left out. A Secret that SOPS encrypted becomes a `SopsManifest`, a
 * SopsSecret is given its {@link SourceFile}.
 *
 * @throws INVALID
 */
export async function readManifests(text: string, path: string): Promise<Manifest[]> {
  try {
    const values = (await parseManifestFile(text)).map(({ value }) => value)
    return values.some(isEncrypted)
      ? values.flatMap((value, index) => encrypted(value, { text, index }))
      : values.flatMap(members)
  } catch (cause) {
    if (cause instanceof KubernetesError) {
      const { hint } = cause
      throw new KubernetesError('INVALID', `${path}: ${cause.message}`, { cause, ...(hint !== undefined && { hint }) })
    }
    const detail = cause instanceof Error && 'code' in cause ? `: ${cause.message}` : ''
    throw new KubernetesError('INVALID', `${path} cannot be read as YAML or JSON${detail}`, { cause })
  }
}

/** The objects of the API in a document: those with a kind, a version and a name. */
function members(document: unknown): Manifest[] {
  return listMembers(document).filter(
    ({ apiVersion, kind, metadata }) =>
      typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string',
  )
}

function isEncrypted(document: unknown): boolean {
  return typeof document === 'object' && document !== null && Object.hasOwn(document, 'sops')
}

/**
 * The file that an object is a document of. The documents of an encrypted file share one MAC, which covers what parsing
 * drops, too (digits of numbers, the order of keys).
 */
export interface SourceFile {
  readonly text: string
  readonly index: number
}

/** Where a SopsSecret of a directory holds its {@link SourceFile}: a field that its definition has not. */
export const sourceField = 'file'

function tooOld({ apiVersion: version, kind }: Manifest): KubernetesError {
  const message = `a ${kind} of ${version} is of another form than ${apiVersion(resources.sopsSecret)}, and not read`
  return new KubernetesError('INVALID', message, { hint: 'write it in the form of the newer version' })
}

/** A `SopsManifest` in the place of each Secret of an encrypted file, with the file as its spec. */
function encrypted(document: unknown, spec: SourceFile): Manifest[] {
  return members(document).flatMap((manifest) => {
    const { kind, metadata = {} } = manifest
    if (kind === resources.sopsSecret.kind && manifest.apiVersion?.startsWith(`${resources.sopsSecret.group}/`)) {
      if (resourceOf(manifest) === undefined) throw tooOld(manifest)
      return [manifest === document ? { ...manifest, [sourceField]: spec } : manifest]
    }
    if (kind !== 'Secret') return []
    const { name = '', namespace } = metadata
    if ([name, namespace].some((text) => text?.startsWith('ENC['))) {
      throw new KubernetesError('INVALID', 'the name or namespace of the Secret is encrypted', {
        hint: 'encrypt only the values: encrypted_regex ^(data|stringData)$ in .sops.yaml',
      })
    }
    const own = { name, ...(namespace !== undefined && { namespace }) }
    return [{ apiVersion: apiVersion(resources.sopsManifest), kind: resources.sopsManifest.kind, metadata: own, spec }]
  })
}
