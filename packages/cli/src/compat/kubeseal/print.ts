import { type Manifest, manifestJson, manifestYaml, type ObjectType } from '@sealkit/core/manifest'
import { failure } from './failure.ts'

/** One object as kubeseal prints it: JSON and a line break, or a YAML document after a `---` line. */
export async function print(type: ObjectType, manifest: Manifest, format: string): Promise<string> {
  const kind = format.toLowerCase()
  if (kind === 'json' || kind === '') return `${manifestJson(type, manifest)}\n`
  if (kind === 'yaml') return manifestYaml(type, manifest)
  throw failure(`unsupported output format: ${format}`, 'USAGE')
}
