import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '@sealkit/core/manifest'
import { marshalYaml, parseYaml } from '@sealkit/core/yaml'

/** An age key of the real age-keygen. */
export interface AgeKey {
  readonly identity: string
  readonly recipient: string
}

/** A new key. */
export function ageKey(ageKeygen: string): AgeKey {
  const text = execFileSync(ageKeygen, [], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  return { identity: text, recipient: /age1\w+/.exec(text)?.[0] ?? '' }
}

/** How a file is encrypted: arguments of the real sops, and lines of its `.sops.yaml`. */
export interface Encryption {
  readonly sops: string
  readonly args: readonly string[]
  readonly rule?: Readonly<Record<string, unknown>>
}

/** What the real sops makes of a file. */
export function encrypted(text: string, { sops, args, rule = {} }: Encryption): string {
  const folder = mkdtempSync(join(tmpdir(), 'sops-secret-'))
  try {
    const file = join(folder, text.startsWith('{') ? 'file.json' : 'file.yaml')
    writeFileSync(file, text)
    writeFileSync(join(folder, '.sops.yaml'), marshalYaml({ creation_rules: [rule] }))
    // Nothing of who runs the tests.
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
    return execFileSync(sops, ['encrypt', ...args, file], { cwd: folder, env }).toString()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The object of a file, as it is applied. */
export function objectOf(text: string): Manifest {
  return parseYaml(text) as Manifest
}
