import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, relative, resolve } from 'node:path'
import {
  type DestinationRule,
  defaultRule,
  IvStash,
  isBranch,
  isList,
  matchDestination,
  newMetadata,
  type SopsFile,
  type Store,
  type Value,
} from '@sealkit/core/sops'
import { keyIo } from '../../sops/keyio.ts'
import { sendFile, sendValues } from './destination/index.ts'
import { destinationPath } from './destination/path.ts'
import { encryptTree, wrapNewKey } from './encrypt.ts'
import { codes, fatal, logDebug, logInfo, pathError, SopsExit, step, warn } from './exit.ts'
import { readInput } from './files.ts'
import type { Session } from './session.ts'
import { Answers } from './terminal.ts'
import { difference, groupLines } from './updatekeys.ts'

/** `sops publish file-or-folder`: sends files to the destinations that `.sops.yaml` has for them. */
export async function publish(session: Session): Promise<number> {
  const { args, flags, io } = session
  if (session.configPath === '') throw new SopsExit('config file not found', codes.generic)
  const [path] = args
  if (path === undefined) throw new SopsExit('Error: no file specified', codes.noFileSpecified)
  session.warnArguments()
  if (isFolder(io.cwd, path) && !flags.flag('recursive')) {
    fatal(io, "can't operate on a directory without --recursive flag.")
    return 1
  }
  const answers = new Answers(io)
  for (const file of filesBelow(io.cwd, path)) await publishFile(session, { path: file, root: path, answers })
  return 0
}

function isFolder(cwd: string, path: string): boolean {
  try {
    return statSync(resolve(cwd, path)).isDirectory()
  } catch (error) {
    throw new SopsExit(pathError('stat', path, error), codes.generic)
  }
}

/** The files below a path in lexical order; links are not followed into folders. */
function* filesBelow(cwd: string, path: string): Generator<string> {
  if (!lstatSync(resolve(cwd, path)).isDirectory()) {
    yield path
    return
  }
  for (const name of readdirSync(resolve(cwd, path)).sort()) yield* filesBelow(cwd, join(path, name))
}

interface Publication {
  readonly path: string
  /** The path of the command line. */
  readonly root: string
  readonly answers: Answers
}

async function publishFile(session: Session, { path, root, answers }: Publication): Promise<void> {
  const { io, flags } = session
  const absolute = resolve(io.cwd, path)
  const store = await session.store({ path: absolute, name: path }, 'input-type')
  const text = readFileSync(resolve(io.cwd, session.configPath), 'utf8')
  const rule = await step(() => matchDestination(text, path), codes.generic)
  const { destination } = rule
  if (destination === null) throw new SopsExit('no destination configured for this file', codes.generic)
  const bytes = await readInput(io, absolute, path)
  const encrypted = await step(() => store.loadEncrypted(bytes), codes.generic)
  const send = await prepared(session, { rule, store, encrypted, bytes })
  const machine = keyIo(io)
  const name = destinationName(session, rule, { path, root })
  if (
    !flags.flag('yes') &&
    !(await agreed(session, answers, `${absolute} to ${destinationPath(destination, machine, name)}`))
  ) {
    const canceled = `Publication of ${absolute} canceled`
    if (!flags.flag('recursive')) throw new SopsExit(canceled, codes.generic)
    io.stdout.write(`${canceled}\n`)
    return
  }
  await send({
    io: machine,
    name,
    warn: (line) => warn(io, line, { logger: 'PUBLISH' }),
    info: (line) => isVerbose(session) && logInfo(io, line, 'PUBLISH'),
  })
}

interface Prepared {
  readonly rule: DestinationRule
  readonly store: Store
  readonly encrypted: SopsFile
  readonly bytes: Uint8Array
}

/** What sends the file: everything that can fail before the question is asked has been done. */
async function prepared(
  session: Session,
  { rule, store, encrypted, bytes }: Prepared,
): Promise<(sending: Parameters<typeof sendFile>[2]) => Promise<void>> {
  const { destination } = rule
  if (destination === null) throw new SopsExit('no destination configured for this file', codes.generic)
  if (destination.kind === 'vault') {
    const dataKey = await session.dataKey(encrypted)
    const { documents } = await session.decrypt(encrypted, { dataKey })
    return (sending) => sendValues(destination, documents, sending)
  }
  const content = rule.recreation.keyGroups[0]?.length ? await recreated(session, { rule, store, encrypted }) : bytes
  return (sending) => sendFile(destination, content, sending)
}

/** The file with a new data key for the keys of the rule; of the selection rules sops keeps the suffixes alone. */
async function recreated(session: Session, { rule, store, encrypted }: Omit<Prepared, 'bytes'>): Promise<Uint8Array> {
  const { io } = session
  if (isVerbose(session)) logDebug(io, 'Re-encrypting tree before publishing', 'PUBLISH')
  const stash = new IvStash()
  const { documents } = await session.decrypt(encrypted, { dataKey: await session.dataKey(encrypted), stash })
  const { keyGroups, shamirThreshold, rules } = rule.recreation
  const diffs = difference(encrypted.metadata.keyGroups, keyGroups)
  if (diffs.some(({ added, removed }) => added.length + removed.length > 0)) {
    const lines = ["The following changes will be made to the file's key groups:", ...groupLines(diffs)]
    io.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
  const suffix = rules.find(({ name }) => name === 'unencrypted_suffix' || name === 'encrypted_suffix') ?? null
  if (suffix === null) checkReadable(documents)
  const metadata = newMetadata({ keyGroups, shamirThreshold, rule: suffix })
  const { file, dataKey } = await wrapNewKey(session, { documents, metadata })
  const result = await encryptTree(session, file, dataKey, stash)
  return step(() => store.emitEncrypted(result), codes.errorDumpingTree, 'Could not marshal tree: ')
}

/**
 * Without a suffix everything is encrypted, and the file says nothing of it; who reads it takes sops' own suffix for
 * granted and fails on values below such keys.
 */
function checkReadable(documents: SopsFile['documents']): void {
  if (!documents.some((document) => hasKey(document, (key) => key.endsWith(defaultRule.pattern)))) return
  throw new SopsExit(
    `keys of the file end in ${defaultRule.pattern}, with which sops could not read the published file: give the recreation_rule an unencrypted_suffix`,
    codes.errorEncryptingTree,
  )
}

function hasKey(value: Value, is: (key: string) => boolean): boolean {
  if (isList(value)) return value.some((item) => hasKey(item, is))
  if (!isBranch(value)) return false
  return value.items.some(({ key, value: inner }) => (typeof key === 'string' && is(key)) || hasKey(inner, is))
}

function destinationName(
  { flags }: Session,
  rule: DestinationRule,
  { path, root }: { readonly path: string; readonly root: string },
): string {
  const name = flags.flag('recursive') ? relative(root, path) || '.' : basename(path)
  const extension = extname(path)
  const omit = (flags.flag('omit-extensions') || rule.omitExtensions) && name.endsWith(extension)
  return omit ? name.slice(0, name.length - extension.length) : name
}

async function agreed({ io }: Session, answers: Answers, what: string): Promise<boolean> {
  for (;;) {
    io.stdout.write(`uploading ${what} ? (y/n): `)
    const answer = await answers.next()
    if (answer === null) throw new SopsExit('EOF', codes.generic)
    if (answer === '') throw new SopsExit('unexpected newline', codes.generic)
    if (answer === 'y' || answer === 'n') return answer === 'y'
  }
}

function isVerbose({ flags, globals }: Session): boolean {
  return flags.flag('verbose') || globals.flag('verbose')
}
