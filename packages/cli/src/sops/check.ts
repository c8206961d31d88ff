import { basename, resolve } from 'node:path'
import { SealkitError } from '@sealkit/core'
import { type CreationRule, explainRules, inspectFile, splitConflict } from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Checked, Checker, Finding } from '../checker.ts'
import type { Io } from '../io.ts'
import { openEncrypted } from './change.ts'
import { type Configs, pathBelow } from './creation.ts'
import { type EncryptedFile, parseEncrypted } from './encrypted.ts'
import { mayBeEncrypted } from './format.ts'
import { reportText, wantedMetadata } from './rekey.ts'

/** What SOPS files are checked against. */
export interface SopsChecks {
  readonly configs: Configs
  /** Decrypts every file and checks its MAC; null without keys. */
  readonly keys: MasterKeys | null
  readonly io: Io
}

/**
 * Checks SOPS files, and files that should be some: nothing in plain text that a rule encrypts, metadata whole,
 * recipients and rule those of `.sops.yaml`. No key is needed; with keys the MAC is checked too.
 */
export function sopsChecker(checks: SopsChecks): Checker {
  return {
    kind: 'SOPS file',
    mentions: () => true,
    check: async (text, _, path) => {
      if (path === 'stdin' || isConfig(path)) return nothing
      const bytes = Buffer.from(text)
      if (text.includes('ENC[AES256_GCM,') && splitConflict(text) !== null) {
        return found([{ place: [], text: `a merge conflict is not resolved: sealkit edit ${path}` }])
      }
      if (mayBeEncrypted(basename(path), bytes)) return checkEncrypted(path, bytes, checks)
      const why = await missingEncryption(path, text, checks)
      return why === null ? nothing : found([{ place: [], text: why }])
    },
  }
}

const nothing: Checked = { objects: 0, findings: [] }

function isConfig(path: string): boolean {
  return basename(path) === '.sops.yaml'
}

function found(findings: readonly Finding[]): Checked {
  return { objects: 1, findings }
}

async function checkEncrypted(path: string, bytes: Uint8Array, checks: SopsChecks): Promise<Checked> {
  try {
    const encrypted = await parseEncrypted({ path, bytes }, { configs: checks.configs }, checks.io)
    const flaws = await inspectFile(encrypted.file)
    const findings = flaws.map(({ place, text }) => ({ place: place === undefined ? [] : [place], text }))
    const more = [...(await ruleTexts(encrypted, checks)), ...(await openTexts(encrypted, checks))]
    return found([...findings, ...more.map((text) => ({ place: [], text }))])
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    // A file that only speaks of encrypted values is none.
    if (error.code === 'METADATA_MISSING') {
      const why = await missingEncryption(path, Buffer.from(bytes).toString(), checks)
      return why === null ? nothing : found([{ place: [], text: why }])
    }
    return found([{ place: [], text: withoutPath(error.message, path) }])
  }
}

/** What differs from the creation rule of the file. */
async function ruleTexts(encrypted: EncryptedFile, { configs }: SopsChecks): Promise<string[]> {
  const config = await configs.find(encrypted.path)
  if (config === null || config.config.creationRules === null) return []
  let rule: CreationRule | null
  try {
    rule = await configs.rule(encrypted.path)
  } catch (error) {
    if (error instanceof SealkitError) return [error.message]
    throw error
  }
  if (rule === null) return []
  const wanted = wantedMetadata(encrypted, rule, { add: [], remove: [] })
  const report = reportText(encrypted.file.metadata, wanted, { keepDataKey: true })
  return report === '' ? [] : [`not as .sops.yaml says: ${report}`]
}

async function openTexts(encrypted: EncryptedFile, { keys }: SopsChecks): Promise<string[]> {
  if (keys === null) return []
  try {
    await openEncrypted(encrypted, keys)
    return []
  } catch (error) {
    if (error instanceof SealkitError) return [withoutPath(error.message, encrypted.path)]
    throw error
  }
}

/** A rule without a path is for whatever somebody encrypts; one with a path says which files have to be. */
async function missingEncryption(path: string, text: string, { configs, io }: SopsChecks): Promise<string | null> {
  const found = await configs.find(path)
  if (found === null || text === '') return null
  const verdicts = await explainRules(found.config, pathBelow(found.path, resolve(io.cwd, path)))
  const broken = verdicts.find(({ verdict }) => verdict === 'is no regular expression')
  if (broken !== undefined) return `path_regex ${broken.rule.pathRegex} of .sops.yaml is no regular expression`
  const match = verdicts.find(({ verdict }) => verdict === 'matches')
  if (match === undefined || match.rule.pathRegex === '') return null
  return `not encrypted, and .sops.yaml has a rule for it: path_regex ${match.rule.pathRegex}`
}

function withoutPath(message: string, path: string): string {
  return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message
}
