import { basename } from 'node:path'
import {
  conflictText,
  diffDocuments,
  encryptAgain,
  encryptedLayout,
  IvStash,
  type PlainFile,
  plainLayout,
  splitConflict,
} from '@sealkit/core/sops'
import { count } from '../count.ts'
import { editPlain } from '../editor.ts'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { openEncrypted } from './change.ts'
import { Configs } from './creation.ts'
import { type EncryptedFile, parseEncrypted } from './encrypted.ts'
import { sopsKeys } from './keys.ts'
import { keptLayout } from './layout.ts'
import { checkSelected } from './selected.ts'

/** Whether a file is one that SOPS encrypted, with git's conflict markers or without. */
export function holdsEncrypted(text: string): boolean {
  return text.includes('ENC[AES256_GCM,')
}

/** Space, tab and line breaks. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** What the command line says. */
interface EditValues {
  readonly identity?: readonly string[]
  readonly 'keep-layout'?: boolean
}

function keeps(values: EditValues, { format }: EncryptedFile): boolean {
  return values['keep-layout'] === true && format === 'yaml'
}

/** A SOPS file as an editor shows it. */
interface View {
  readonly target: EncryptedFile
  readonly plain: PlainFile
  readonly content: Uint8Array
}

/**
 * Lets the user edit the plain form of a SOPS file. Of a file in conflict both sides are shown between markers, and
 * what the user makes of them is encrypted.
 *
 * @throws `EDITOR_FAILED`, `USAGE` for markers that were left, and what reading, decrypting and encrypting throw
 */
export async function editEncrypted(
  { path, text }: { readonly path: string; readonly text: string },
  values: EditValues,
  io: Io,
): Promise<{ readonly text: string; readonly changes: string } | null> {
  const { target, plain, content } = await viewOf({ path, text }, values, io)
  return editPlain({ name: basename(path), content }, io, async (edited) => {
    if (splitConflict(Buffer.from(edited).toString()) !== null) {
      throw new CliError('USAGE', 'conflict markers are left', { hint: 'choose one side, and take the markers away' })
    }
    if (edited.every((byte) => blanks.has(byte))) {
      throw new CliError('USAGE', 'the edited file is empty', {
        hint: 'to take values away, leave one, or remove the file',
      })
    }
    const documents = target.store.load(edited)
    const encrypted = await encryptAgain(plain, { documents }, { now: io.now() })
    checkSelected(encrypted, { documents, metadata: plain.metadata })
    const changed = diffDocuments(plain.documents, documents).length
    const content = keeps(values, target)
      ? keptLayout(encryptedLayout(Buffer.from(edited).toString(), encrypted))
      : target.store.emitEncrypted(encrypted)
    return {
      text: Buffer.from(content).toString(),
      changes: `${count(changed, 'value')} changed`,
    }
  })
}

async function viewOf(
  { path, text }: { readonly path: string; readonly text: string },
  values: EditValues,
  io: Io,
): Promise<View> {
  const keys = sopsKeys(values, io)
  const configs = new Configs(io.cwd, undefined)
  const open = async (bytes: string): Promise<View> => {
    const target = await parseEncrypted({ path, bytes: Buffer.from(bytes) }, { configs }, io)
    const plain = await openEncrypted(target, keys)
    const content = keeps(values, target)
      ? keptLayout(plainLayout(bytes, plain.documents))
      : target.store.emit(plain.documents)
    return { target, plain, content }
  }
  const sides = splitConflict(text)
  if (sides === null) return open(text)
  const [ours, theirs] = await Promise.all([open(sides.ours), open(sides.theirs)]).catch((cause) => {
    throw new CliError('MERGE_CONFLICT', `${path}: git put the two sides together by lines, and neither opens`, {
      cause,
      hint: `merge them by their values first, with: sealkit merge ${path}`,
    })
  })
  const shown = { ours: Buffer.from(ours.content).toString(), theirs: Buffer.from(theirs.content).toString() }
  const content = Buffer.from(conflictText(shown, { ours: 'ours', theirs: 'theirs' }))
  const stash = new IvStash()
  for (const { plain } of [theirs, ours]) {
    if (Buffer.compare(plain.dataKey, ours.plain.dataKey) === 0) stash.addAll(plain.stash)
  }
  return { target: ours.target, plain: { ...ours.plain, stash }, content }
}
