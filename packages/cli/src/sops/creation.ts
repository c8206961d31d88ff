import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Config, type CreationRule, matchRule, readConfig } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'

/** A `.sops.yaml` that was found. */
export interface FoundConfig {
  readonly path: string
  readonly config: Config
}

/**
 * The configuration for a file: the one that is named, else the nearest `.sops.yaml` in the file's folder or above it.
 * (sops looks from the working directory instead.)
 *
 * @throws `FILE_UNREADABLE`, and what {@link readConfig} throws
 */
export async function findConfig(file: string, named: string | undefined, cwd: string): Promise<FoundConfig | null> {
  const path = named === undefined ? nearest(dirname(resolve(cwd, file))) : resolve(cwd, named)
  if (path === null) return null
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${path} cannot be read`, { cause, hint: 'check the path and its rights' })
  }
  return { path, config: await readConfig(text) }
}

function nearest(folder: string): string | null {
  const path = join(folder, '.sops.yaml')
  if (existsSync(path)) return path
  const above = dirname(folder)
  return above === folder ? null : nearest(above)
}

/** The creation rule for a file; null without a configuration, or one without rules. */
export async function creationRule(found: FoundConfig | null, file: string): Promise<CreationRule | null> {
  if (found === null) return null
  const folder = `${dirname(found.path)}/`
  return matchRule(found.config, file.startsWith(folder) ? file.slice(folder.length) : file)
}
