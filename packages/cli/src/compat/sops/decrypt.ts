import { type Branch, isBranch, type Store } from '@sealkit/core/sops'
import { parseTreePath, type TreePath, truncate } from '../../sops/treepath.ts'
import { codes, goText, SopsExit, step } from './exit.ts'
import { target, writeOutput } from './files.ts'
import type { Session } from './session.ts'

/** `sops decrypt [file]` */
export async function decrypt(session: Session): Promise<number> {
  const { flags, args } = session
  const fromStdin = args.length === 0
  if (fromStdin && flags.flag('in-place')) {
    throw new SopsExit('Error: cannot use --in-place when reading from stdin', codes.conflictingParameters)
  }
  session.warnArguments()
  return decryptTo(session, fromStdin ? undefined : args[0])
}

/** Decrypts a file to where the flags say. */
export async function decryptTo(session: Session, argument: string | undefined): Promise<number> {
  const { flags, io } = session
  if (flags.flag('in-place') && flags.text('output') !== '') {
    throw new SopsExit('Error: cannot operate on both --output and --in-place', codes.conflictingParameters)
  }
  const file = target(io, argument, flags.text('filename-override'))
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const path = await step(
    () => parseTreePath(flags.text('extract')),
    codes.invalidTreePath,
    'error parsing --extract path: ',
  )
  const encrypted = await session.load(input, file)
  const dataKey = await session.dataKey(encrypted)
  const { documents } = await session.decrypt(encrypted, { dataKey })
  const content = path.length > 0 ? await extract(documents, path, output) : await emit(documents, output)
  const inPlace = flags.flag('in-place') ? { inPlace: file.path } : {}
  writeOutput(io, content, { ...inPlace, output: flags.text('output'), plain: true })
  return 0
}

/** The plain form of documents. */
export async function emit(documents: readonly Branch[], store: Store): Promise<Uint8Array> {
  try {
    return store.emit(documents)
  } catch (error) {
    const hint = store.format === 'binary' ? binaryHint : ''
    throw new SopsExit(`Error dumping file: ${goText(error)}${hint}`, codes.errorDumpingTree, error)
  }
}

const binaryHint =
  '\n\nThis is likely not an encrypted binary file? If not, use --output-type to select the correct output type.'

async function extract(documents: readonly Branch[], path: TreePath, store: Store): Promise<Uint8Array> {
  const [first, ...rest] = documents
  if (first === undefined) throw new SopsExit('the file has no documents', codes.generic)
  const value = await step(() => truncate(first, path), codes.generic, 'error truncating tree: ')
  if (isBranch(value)) return emit([value, ...rest], store)
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  return step(() => store.emitValue(value), codes.errorDumpingTree, 'Error dumping tree: ')
}
