import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Config, type CreationRule, matchRule, readConfig } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'

/** A `.sops.yaml` that was found. */
export interface FoundConfig {
  readonly path: string
  readonly config: Config
}

/** The configurations of one call, each read once. */
export class Configs {
  readonly #cwd: string
  readonly #named: string | undefined
  readonly #fromCwd: boolean
  readonly #read = new Map<string, Promise<FoundConfig>>()
  readonly #nearest = new Map<string, string | null>()

  /**
   * @param named the configuration for all files; without it each file has the nearest `.sops.yaml`
   * @param fromCwd the nearest to the working directory instead, as sops has it
   */
  constructor(cwd: string, named: string | undefined, fromCwd = false) {
    this.#cwd = cwd
    this.#named = named
    this.#fromCwd = fromCwd
  }

  /**
   * The configuration for a file: the one that is named, else the nearest `.sops.yaml` in the file's folder or above
   * it. (sops looks from the working directory instead.)
   *
   * @throws `FILE_UNREADABLE`, and what {@link readConfig} throws
   */
  async find(file: string): Promise<FoundConfig | null> {
    const path =
      this.#named === undefined
        ? this.#above(this.#fromCwd ? this.#cwd : dirname(resolve(this.#cwd, file)))
        : resolve(this.#cwd, this.#named)
    if (path === null) return null
    const found = this.#read.get(path) ?? open(path)
    this.#read.set(path, found)
    return found
  }

  /**
   * The creation rule for a file; null without a configuration, or one without rules.
   *
   * @throws `NO_CREATION_RULE` where no rule is for the file, and as {@link find}
   */
  async rule(file: string): Promise<CreationRule | null> {
    const found = await this.find(file)
    return found === null ? null : matchRule(found.config, pathBelow(found.path, resolve(this.#cwd, file)))
  }

  /** The creation rule for a file; null where there is none, for whatever reason. */
  async ruleOrNull(file: string): Promise<CreationRule | null> {
    try {
      return await this.rule(file)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'NO_CREATION_RULE') return null
      throw error
    }
  }

  #above(folder: string): string | null {
    const known = this.#nearest.get(folder)
    if (known !== undefined) return known
    const path = join(folder, '.sops.yaml')
    const above = dirname(folder)
    const found = existsSync(path) ? path : above === folder ? null : this.#above(above)
    this.#nearest.set(folder, found)
    return found
  }
}

async function open(path: string): Promise<FoundConfig> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${path} cannot be read`, { cause, hint: 'check the path and its rights' })
  }
  return { path, config: await readConfig(text) }
}

/** The path that rules are asked about: below the folder of the configuration, or absolute where it is not below. */
export function pathBelow(config: string, file: string): string {
  const folder = `${dirname(config)}/`
  return file.startsWith(folder) ? file.slice(folder.length) : file
}
