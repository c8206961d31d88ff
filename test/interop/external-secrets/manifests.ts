import { readdirSync, readFileSync } from 'node:fs'
import type { Manifest } from '@sealkit/core/manifest'
import { readDocuments } from 'sealkit'

/** The groups whose objects are compared. */
const groups = ['external-secrets.io', 'generators.external-secrets.io']

/** Objects of External Secrets' kinds in the recorded cases, later steps included. */
export function recordedManifests(): Manifest[] {
  const folder = new URL('../../vectors/external-secrets/cases/', import.meta.url)
  const cases = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case)
  return cases
    .flatMap(({ objects = [], steps = [] }) => [...objects, ...steps.flatMap((step) => step.objects ?? [])])
    .filter(isWanted)
}

interface Case {
  readonly objects?: readonly Manifest[]
  readonly steps?: readonly { readonly objects?: readonly Manifest[] }[]
}

/** The examples of External Secrets' documentation, those apart that only its documentation's own templates can read. */
export async function documentedManifests(folder: string): Promise<Manifest[]> {
  const manifests: Manifest[] = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    try {
      const documents = await readDocuments(readFileSync(`${folder}/${file}`, 'utf8'), file)
      manifests.push(...documents.map(({ object }) => object))
    } catch {
      // Two definitions of one key, or a template of the documentation: no API server is ever asked.
    }
  }
  return manifests.filter(isWanted)
}

function isWanted({ apiVersion = '' }: Manifest): boolean {
  return groups.includes(apiVersion.split('/')[0] ?? '')
}

/** Where an object is created without being kept. */
export function dryRunPath({ apiVersion, kind = '' }: Manifest): string {
  const plural = kind === 'Fake' ? 'fakes' : `${kind.toLowerCase()}s`
  const scope = kind.startsWith('Cluster') ? '' : '/namespaces/default'
  return `/apis/${apiVersion}${scope}/${plural}?dryRun=All`
}

/** An object with a name, in the namespace in which it is tried. */
export function placed(object: Manifest): Manifest {
  const { namespace: _, ...metadata } = object.metadata ?? {}
  return { ...object, metadata: { ...metadata, name: metadata.name ?? 'unnamed' } }
}
