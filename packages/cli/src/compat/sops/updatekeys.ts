import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type KeyGroup, keyName, wrapDataKey } from '@sealkit/core/sops'
import { codes, goText, logError, pathError, progress, SopsExit, step } from './exit.ts'
import { readInput, writeOutput } from './files.ts'
import type { Session } from './session.ts'
import { Answers } from './terminal.ts'

/** `sops updatekeys file...`: gives files the master keys of their creation rule. */
export async function updatekeys(session: Session): Promise<number> {
  const { args, io } = session
  if (session.configPath === '') throw new SopsExit('config file not found', codes.generic)
  if (args.length === 0) throw new SopsExit('Error: no file specified', codes.noFileSpecified)
  const answers = new Answers(io)
  if (args.length === 1) {
    await updateFile(session, resolve(io.cwd, args[0] ?? ''), answers)
    return 0
  }
  let failed = 0
  for (const path of args) {
    try {
      await updateFile(session, resolve(io.cwd, path), answers)
    } catch (error) {
      failed++
      logError(io, goText(error))
    }
  }
  if (failed > 0) throw new SopsExit(`failed updating ${failed} key(s)`, codes.generic)
  return 0
}

async function updateFile(session: Session, path: string, answers: Answers): Promise<void> {
  const { io, flags } = session
  checkPath(path)
  const file = { path, name: path }
  const store = await session.store(file, 'input-type')
  progress(io, `Syncing keys for file ${path}`)
  const bytes = await readInput(io, path)
  const encrypted = await step(() => store.loadEncrypted(bytes), codes.generic)
  const { keyGroups: oldGroups, shamirThreshold: oldThreshold } = encrypted.metadata
  const rule = await session.creationRule(file)
  if (rule === null) {
    throw new SopsExit('The config file does not contain any creation rule', codes.generic)
  }
  const threshold = Math.min(oldThreshold, rule.keyGroups.length)
  const diffs = difference(oldGroups, rule.keyGroups)
  if (diffs.every(({ added, removed }) => added.length + removed.length === 0) && threshold === oldThreshold) {
    progress(io, `File ${path} already up to date`)
    return
  }
  io.stdout.write(
    `The following changes will be made to the file's groups:\n${diffText(diffs, oldThreshold, threshold)}`,
  )
  if (!flags.flag('yes') && !(await agreed(session, answers))) {
    progress(io, `File ${path} left unchanged`)
    return
  }
  const dataKey = await session.dataKey(encrypted, [])
  const metadata = { ...encrypted.metadata, keyGroups: rule.keyGroups, shamirThreshold: threshold }
  const wrapped = await step(
    () => wrapDataKey(metadata, dataKey, { wrap: session.keys.wrap }),
    codes.generic,
    'error updating one or more master keys: ',
  )
  const content = await step(
    () => store.emitEncrypted({ ...encrypted, metadata: wrapped }),
    codes.errorDumpingTree,
    'Could not marshal tree: ',
  )
  writeOutput(io, content, { inPlace: path, output: '', plain: false })
  progress(io, `File ${path} synced with new keys`)
}

function checkPath(path: string): void {
  let isDirectory: boolean
  try {
    isDirectory = statSync(path).isDirectory()
  } catch (error) {
    throw new SopsExit(pathError('stat', path, error), codes.generic)
  }
  if (isDirectory) throw new SopsExit("can't operate on a directory", codes.generic)
}

/** What a change of key groups does to each group. */
export interface Difference {
  readonly kept: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** Group by group, by the names of the keys. */
export function difference(before: readonly KeyGroup[], after: readonly KeyGroup[]): Difference[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
    const [old, fresh] = [before[index] ?? [], after[index] ?? []].map((group) => group.map(keyName))
    return {
      kept: (fresh ?? []).filter((name) => old?.includes(name)),
      added: (fresh ?? []).filter((name) => !old?.includes(name)),
      removed: (old ?? []).filter((name) => !fresh?.includes(name)),
    }
  })
}

function diffText(diffs: readonly Difference[], oldThreshold: number, threshold: number): string {
  return [...thresholdLines(oldThreshold, threshold), ...groupLines(diffs)].map((line) => `${line}\n`).join('')
}

/** The lines that show which keys come and go. */
export function groupLines(diffs: readonly Difference[]): string[] {
  return diffs.flatMap(({ kept, added, removed }, index) => [
    `Group ${index + 1}`,
    ...kept.map((name) => `    ${name}`),
    ...added.map((name) => `+++ ${name}`),
    ...removed.map((name) => `--- ${name}`),
  ])
}

function thresholdLines(before: number, after: number): string[] {
  if (before > 0 && before === after) return [`shamir_threshold: ${after}`]
  const lines = after > 0 ? [`+++ shamir_threshold: ${after}`] : []
  return before > 0 ? [...lines, `--- shamir_threshold: ${before}`] : lines
}

async function agreed({ io }: Session, answers: Answers): Promise<boolean> {
  for (;;) {
    io.stdout.write('Is this okay? (y/n):')
    const answer = await answers.next()
    if (answer === null) throw new SopsExit('EOF', codes.generic)
    if (answer === '') throw new SopsExit('unexpected newline', codes.generic)
    if (answer === 'y' || answer === 'n') return answer === 'y'
  }
}
