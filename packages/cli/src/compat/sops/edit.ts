import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Branch, formatVersion, IvStash, type SopsFile, type Store } from '@sealkit/core/sops'
import { splitWords } from '@sealkit/keyservice'
import { installedEditor, runEditor } from '../../editor.ts'
import { checkDocuments, encryptTree, newFileMetadata, wrapNewKey } from './encrypt.ts'
import { codes, goText, logError, SopsExit, step } from './exit.ts'
import { exists, newFolder, type Target, writeOutput } from './files.ts'
import type { Session } from './session.ts'
import { waitForEnter } from './terminal.ts'

/** `sops edit file`, and `sops file`. */
export async function edit(session: Session): Promise<number> {
  const [path] = session.args
  if (path === undefined) throw new SopsExit('Error: no file specified', codes.noFileSpecified)
  session.warnArguments()
  return editFile(session, path)
}

/** Opens a file's plain form in an editor and encrypts what comes back; a file that does not exist begins as an example. */
export async function editFile(session: Session, argument: string): Promise<number> {
  const { flags, io } = session
  const path = resolve(io.cwd, argument)
  const override = flags.text('filename-override')
  const file = { path, name: override === '' ? path : resolve(io.cwd, override) }
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const stash = new IvStash()
  const opened = exists(path) ? await open(session, file, { input, stash }) : await begin(session, file, input)
  const edited = await editDocuments(session, opened.file, { input, output, name: basename(path) })
  const encrypted = await encryptTree(session, edited, opened.dataKey, stash)
  const content = await step(() => output.emitEncrypted(encrypted), codes.errorDumpingTree, 'Could not marshal tree: ')
  writeOutput(io, content, { inPlace: path, output: '', plain: false })
  return 0
}

interface Opened {
  readonly file: SopsFile
  readonly dataKey: Uint8Array
}

async function open(
  session: Session,
  file: Target,
  { input, stash }: { input: Store; stash: IvStash },
): Promise<Opened> {
  const encrypted = await session.load(input, file)
  const dataKey = await session.dataKey(encrypted)
  return { file: await session.decrypt(encrypted, { dataKey, stash }), dataKey }
}

async function begin(session: Session, file: Target, input: Store): Promise<Opened> {
  const metadata = await newFileMetadata(session, file, input)
  const { example } = await import('./example.ts')
  return wrapNewKey(session, { documents: [example(input.format)], metadata })
}

interface Editing {
  readonly input: Store
  readonly output: Store
  readonly name: string
}

/** The documents as the editor left them. The plain text lies in a folder of the user's own, which is removed. */
async function editDocuments(session: Session, file: SopsFile, editing: Editing): Promise<SopsFile> {
  const folder = await step(
    () => newFolder(session.io, 'sops'),
    codes.couldNotWriteOutput,
    'Could not create temporary directory: ',
  )
  try {
    const path = join(folder, editing.name)
    const showsKeys = session.flags.flag('show-master-keys')
    const before = await step(
      () => (showsKeys ? editing.output.emitEncrypted(file) : editing.output.emit(file.documents)),
      codes.errorDumpingTree,
      'Could not marshal tree: ',
    )
    writeFileSync(path, before, { mode: 0o600, flag: 'wx' })
    for (;;) {
      await openEditor(session, path)
      const after = readFileSync(path)
      if (after.equals(before)) throw new SopsExit('File has not changed, exiting.', 200)
      if (showsKeys) throw droppedEdits()
      const documents = readEdited(session, after, editing)
      if (documents !== null) return { documents, metadata: { ...file.metadata, version: newest(file) } }
      waitForEnter(session.io)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sops shows the keys and then drops every edit, of keys and of values, without a word. */
function droppedEdits(): SopsExit {
  return new SopsExit(
    'edits made with --show-master-keys are not kept, so nothing was written; edit values without it, and keys with rotate or updatekeys',
    codes.generic,
  )
}

/** The edited documents; null, with a message, where they cannot be encrypted. */
function readEdited(session: Session, bytes: Uint8Array, { input, output }: Editing): readonly Branch[] | null {
  const again = 'Press enter to return to the editor, or Ctrl+C to exit.'
  let documents: readonly Branch[]
  try {
    documents = input.load(bytes)
  } catch (error) {
    logError(session.io, `Could not load tree, probably due to invalid syntax. ${again}`, goText(error))
    return null
  }
  try {
    checkDocuments(output, documents)
    return documents
  } catch (error) {
    logError(session.io, `Tree not valid for encryption. ${again}`, goText(error))
    return null
  }
}

/** A file that an older sops wrote becomes one of this version. */
function newest({ metadata }: SopsFile): string {
  const numbers = (version: string): number[] => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  const [ours, theirs] = [numbers(formatVersion), numbers(metadata.version)]
  const difference = ours.map((part, index) => part - (theirs[index] ?? 0)).find((part) => part !== 0) ?? 0
  return difference > 0 ? formatVersion : metadata.version
}

async function openEditor(session: Session, path: string): Promise<void> {
  const { io } = session
  const { ended, problem } = await runEditor(editorCommand(session), path, io)
  if (ended === 'canceled') throw new SopsExit('User canceled operation', codes.generic)
  if (ended === 'badly') throw new SopsExit(`Could not run editor: ${problem}`, 201)
}

/** The editor and its arguments: `SOPS_EDITOR`, `EDITOR`, or the first of vim, nano and vi that is there. */
function editorCommand({ io }: Session): readonly string[] {
  for (const name of ['SOPS_EDITOR', 'EDITOR']) {
    const line = io.env[name]
    if (line === undefined || line === '') continue
    const words = splitWords(line)
    if (words !== null && words.length > 0) return words
    throw new SopsExit(`Could not run editor: invalid $${name}: ${line}`, 201)
  }
  const found = installedEditor(io)
  if (found !== undefined) return [found]
  throw new SopsExit(
    "Could not run editor: no editor available: sops attempts to use the editor defined in the SOPS_EDITOR or EDITOR environment variables, and if that's not set defaults to any of vim, nano, vi, but none of them could be found",
    201,
  )
}
