import { formatVersion, IvStash, type KeyEntry, type SopsFile, type Store, wrapDataKey } from '@sealkit/core/sops'
import { encryptTree } from './encrypt.ts'
import { codes, goText, SopsExit, step } from './exit.ts'
import { type Target, writeOutput } from './files.ts'
import type { Session } from './session.ts'
import { Answers } from './terminal.ts'
import { wrap } from './userror.ts'

const fixedIn = [3, 3, 0]

const message = `Up until version 3.3.0 of sops there was a bug surrounding the use of encryption context with AWS KMS.
You can read the full description of the issue here:
https://github.com/mozilla/sops/pull/435

If a TTY is detected, sops will ask you if you'd like for this issue to be automatically fixed, which will require re-encrypting the data keys used by each key.

If you are not using a TTY, sops will fix the issue for this run.

`

/** A file to repair, and how it is read and written. */
export interface Repair {
  readonly file: SopsFile
  readonly store: Store
  readonly target: Target
}

/**
 * Repairs what sops before 3.3.0 may have done to AWS KMS keys with an encryption context: the data key was wrapped
 * with one of the context's values in the place of all. The file's own context holds afterwards; on a terminal the
 * file is replaced, else it is repaired for this run. Gives any other file back as it is.
 *
 * @throws SopsExit 25 where the data key does not come out in any way
 */
export async function repairContext(session: Session, { file, store, target }: Repair): Promise<SopsFile> {
  const key = file.metadata.keyGroups.flat().find(isSuspect)
  if (key === undefined || !isBefore(file.metadata.version)) return file
  const { io } = session
  io.stdout.write(`${wrap(message, 75)}\n`)
  const persist = io.stdout.isTTY === true
  if (persist && !(await agreed(session))) throw new SopsExit('Exiting. User responded no', codes.generic)
  const { plain, dataKey, stash } = await recovered(session, file, key)
  const metadata = await step(
    () => wrapDataKey(plain.metadata, dataKey, { wrap: session.keys.wrap }),
    codes.generic,
    'Could not re-encrypt data key: ',
  )
  const repaired = await encryptTree(session, { ...plain, metadata }, dataKey, stash)
  if (persist) writeOutput(io, store.emitEncrypted(repaired), { inPlace: target.path, output: '', plain: false })
  return repaired
}

/** A key whose context has several values, so that one may stand for the others. */
function isSuspect({ kind, context }: KeyEntry): boolean {
  const values = Object.values(context ?? {})
  return kind === 'kms' && values.length >= 2 && new Set(values).size > 1
}

function isBefore(version: string): boolean {
  const parts = (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  const difference = fixedIn.map((part, index) => part - (parts[index] ?? 0)).find((part) => part !== 0)
  return (difference ?? 0) > 0
}

interface Recovered {
  readonly plain: SopsFile
  readonly dataKey: Uint8Array
  readonly stash: IvStash
}

async function recovered(session: Session, file: SopsFile, key: KeyEntry): Promise<Recovered> {
  let problem: unknown
  for (const candidate of [file, ...variations(file, key)]) {
    try {
      const stash = new IvStash()
      const dataKey = await session.dataKey(candidate, [])
      const { documents } = await session.decrypt(candidate, { dataKey, stash })
      const metadata = candidate === file ? file.metadata : { ...file.metadata, version: formatVersion }
      return { plain: { documents, metadata }, dataKey, stash }
    } catch (error) {
      problem ??= error
    }
  }
  const text = `Failed to decrypt, meaning there is likely another problem from the encryption context bug: ${goText(problem)}`
  throw new SopsExit(text, codes.errorDecryptingTree, problem)
}

/** The file with each value of the key's context in the place of all of them. */
function variations(file: SopsFile, key: KeyEntry): SopsFile[] {
  const names = Object.keys(key.context ?? {})
  return [...new Set(Object.values(key.context ?? {}))].map((value) => {
    const context = Object.fromEntries(names.map((name) => [name, value]))
    const keyGroups = file.metadata.keyGroups.map((group) =>
      group.map((entry) => (entry === key ? { ...entry, context } : entry)),
    )
    return { ...file, metadata: { ...file.metadata, keyGroups } }
  })
}

async function agreed({ io }: Session): Promise<boolean> {
  const answers = new Answers(io)
  for (;;) {
    io.stdout.write('Would you like sops to automatically fix this issue? (y/n): \n')
    const answer = await answers.next()
    if (answer === null || answer === '') {
      throw new SopsExit(answer === null ? 'EOF' : 'unexpected newline', codes.generic)
    }
    if (answer === 'y' || answer === 'n') return answer === 'y'
  }
}
