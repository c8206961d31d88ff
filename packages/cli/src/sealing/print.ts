import { extname } from 'node:path'
import { type Manifest, manifestJson, manifestYaml, type ObjectType } from '@sealkit/core/manifest'
import { CliError } from '../exit.ts'

/** Formats of manifests. */
export type Format = 'json' | 'yaml'

/**
 * The format to print in: the one asked for, else the one of the file's name, else the fallback.
 *
 * @throws USAGE
 */
export function outputFormat(asked: string | undefined, path: string | undefined, fallback: Format): Format {
  if (asked === 'json' || asked === 'yaml') return asked
  if (asked !== undefined)
    throw new CliError('USAGE', `unsupported output format: ${asked}`, { hint: 'give json or yaml' })
  const extension = extname(path ?? '')
  if (extension === '.json') return 'json'
  return extension === '.yaml' || extension === '.yml' ? 'yaml' : fallback
}

/** Manifests in one text: JSON objects one after the other, or YAML documents with `---` between them. */
export async function printManifests(
  type: ObjectType,
  manifests: readonly Manifest[],
  format: Format,
): Promise<string> {
  if (format === 'json') return manifests.map((manifest) => `${manifestJson(type, manifest)}\n`).join('')
  const documents = await Promise.all(manifests.map((manifest) => manifestYaml(type, manifest)))
  return documents.join('').replace(/^---\n/, '')
}
