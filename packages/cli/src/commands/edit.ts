import { basename, extname } from 'node:path'
import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { editPlain } from '../editor.ts'
import { CliError, exitCode } from '../exit.ts'
import { clusterFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { applyChanges, plainView, type ViewChanges, viewChanges } from '../sealing/edit.ts'
import { writeResult } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { sealingKeyFor } from '../sealing/source.ts'
import { readText } from '../sealing/sources.ts'
import { editEncrypted, holdsEncrypted } from '../sops/edit.ts'
import { unfit } from '../unfit.ts'

/** One line for the list of commands. */
export const summary = 'Edit the plain text of a file in an editor; only what changed is encrypted again'

/** The positional arguments. */
export const positionals = 'FILE'

const own = [
  {
    name: 'keep-layout',
    type: 'boolean',
    description: 'SOPS, YAML: keep indentation, empty lines, quotes, flow style, anchors and tags of the text',
  },
  {
    name: 'identity',
    type: 'string',
    multiple: true,
    value: 'FILE',
    description: 'SOPS: decrypt with the age keys in FILE (where sops looks for them)',
  },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'private sealing keys that open the items; what none opens can be replaced only',
  },
  {
    name: 'cert',
    type: 'string',
    value: 'FILE|URL',
    description: 'seal with this certificate (that of the controller in the cluster)',
  },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of SealedSecrets that declare none',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof clusterFlags] = [...own, ...clusterFlags]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit edit secrets.yaml', 'a file that SOPS encrypted, or one that a merge left in conflict'],
  ['sealkit edit --key sealing-key.yaml --cert cert.pem sealed.yaml', 'look into a SealedSecret and change it'],
  ['sealkit edit --cert cert.pem sealed.yaml', 'replace, add and remove items without a private key'],
]

type EditValues = Values<typeof options>

/** What edits the files of one kind. */
interface FileEditor {
  readonly kind: string
  /** Whether a file is of the kind. */
  holds(text: string): boolean
  /** Lets the user edit a file's plain text; the new text and a word on what changed, or null where nothing did. */
  edit(file: EditedFile, values: EditValues, io: Io): Promise<Edited | null>
}

interface EditedFile {
  readonly path: string
  readonly text: string
}

interface Edited {
  readonly text: string
  readonly changes: string
}

const sealedSecrets: FileEditor = {
  kind: 'SealedSecret',
  holds: (text) => text.includes('SealedSecret'),
  async edit({ path, text }, values, io) {
    const { namespace } = values
    const keyRing = values.key === undefined ? undefined : await readKeyRing(values.key, io)
    const view = await plainView(text, { keyRing, namespace })
    // A view is YAML whatever the file is.
    const name = `${basename(path, extname(path))}.yaml`
    return editPlain({ name, content: Buffer.from(view.content) }, io, async (bytes) => {
      const changes = viewChanges(view, Buffer.from(bytes).toString())
      const publicKey = needsKey(changes, text) ? { publicKey: await sealingKeyFor(values, io) } : {}
      const edited = await applyChanges(text, changes, { keyRing, namespace, ...publicKey })
      return { text: edited, changes: changesText(changes) }
    })
  },
}

const encryptedFiles: FileEditor = {
  kind: 'SOPS file',
  holds: holdsEncrypted,
  edit: editEncrypted,
}

/** Removing needs no certificate, but for the format before 0.7, which seals all items as one. */
function needsKey(changes: ViewChanges, text: string): boolean {
  const values = [...changes.values()].flatMap((items) => [...items.values()])
  return values.some((value) => value !== null) || (values.length > 0 && !text.includes('encryptedData'))
}

function changesText(changes: ViewChanges): string {
  const values = [...changes.values()].flatMap((items) => [...items.values()])
  const removed = values.filter((value) => value === null).length
  const parts = [
    [values.length - removed, 'sealed'],
    [removed, 'removed'],
  ] as const
  return parts.flatMap(([number, what]) => (number > 0 ? [`${count(number, 'item')} ${what}`] : [])).join(', ')
}

/** The kinds of files that can be edited, the first that fits first. */
const editors: readonly FileEditor[] = [encryptedFiles, sealedSecrets]

/** Opens the file's plain text in the editor, and replaces the file when something was changed. */
export async function run(values: EditValues, [path, ...more]: readonly string[], io: Io): Promise<number> {
  if (path === undefined || more.length > 0) {
    throw new CliError('USAGE', 'edit needs one file', { hint: 'give FILE' })
  }
  const text = await readText(path, io)
  const editor = editors.find(({ holds }) => holds(text))
  if (editor === undefined) throw await unfit('edit', { path, text })
  const edited = await editor.edit({ path, text }, values, io)
  if (edited === null || edited.text === text) {
    io.stderr.write('nothing changed\n')
    return exitCode.done
  }
  writeResult(edited.text, path, io)
  io.stderr.write(`${path}: ${edited.changes}\n`)
  return exitCode.done
}
