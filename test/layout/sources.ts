import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The workspace's root folder. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Every file that git tracks or would track, by its path from the root. */
export function files(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 1 << 26,
  })
  return listed
    .toString('utf8')
    .split('\0')
    .filter((file) => file !== '')
}

/** The text of a file of the workspace. */
export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** The source files of the packages. */
export function sources(): string[] {
  return files().filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file))
}

/** What a source file imports, statically or when it runs. */
export function imports(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|(?:^|\n)import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** The files beside it that a source file loads before its own first line runs: not for a type, and not later. */
export function loads(file: string): string[] {
  const pattern = /^(?:import|export)\s(?!type\b)(?:[^'"]*?from\s+)?['"](\.[^'"]+)['"]/gm
  return [...read(file).matchAll(pattern)].map((match) => join(dirname(file), match[1] ?? ''))
}

/** A package's manifest. */
export interface PackageManifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly description?: string
  readonly license?: string
  readonly files?: readonly string[]
  readonly exports?: Record<string, Record<string, string>>
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
  readonly engines?: Record<string, string>
}

/** The manifest of a package by its folder's name. */
export function manifest(folder: string): PackageManifest {
  return JSON.parse(read(`packages/${folder}/package.json`))
}
