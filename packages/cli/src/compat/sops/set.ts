import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseJson } from '@sealkit/core/go'
import { type Branch, IvStash, isBranch, openStore, type SopsFile, type Value } from '@sealkit/core/sops'
import { CliError } from '../../exit.ts'
import { readAll } from '../../io.ts'
import { parseTreePath, setValue, type TreePath, unsetValue } from '../../sops/treepath.ts'
import { encryptTree } from './encrypt.ts'
import { codes, pathError, SopsExit, step } from './exit.ts'
import { exists, type Target, writeOutput } from './files.ts'
import type { Session } from './session.ts'

/** `sops set file index value` */
export async function set(session: Session): Promise<number> {
  const { flags, args } = session
  if (flags.flag('value-file') && flags.flag('value-stdin')) {
    throw new SopsExit('Error: cannot use both --value-file and --value-stdin', codes.generic)
  }
  if (flags.flag('value-stdin') && args.length !== 2) {
    throw new SopsExit(
      'Error: file specified, or index and value are missing. Need precisely 2 positional arguments since --value-stdin is used.',
      codes.noFileSpecified,
    )
  }
  if (!flags.flag('value-stdin') && args.length !== 3) {
    throw new SopsExit(
      'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.',
      codes.noFileSpecified,
    )
  }
  const [path = '', index = ''] = args
  const place = await step(() => parseTreePath(index), codes.invalidSetFormat).catch(() => {
    throw new SopsExit('Invalid set index format', codes.invalidSetFormat)
  })
  const value = await jsonValue(await valueText(session, args[2] ?? ''))
  return change(session, path, (document) => setValue(document, place, value))
}

/** The old form: `sops --set '["a"] "value"' file`. */
export async function setLegacy(session: Session, path: string): Promise<number> {
  const text = session.flags.text('set')
  const at = text.indexOf('] ')
  if (at < 0) throw new SopsExit('Invalid --set format', codes.invalidSetFormat)
  const value = await jsonValue(text.slice(at + 2))
  const place = await step(() => parseTreePath(text.slice(0, at + 1)), codes.invalidSetFormat).catch(() => {
    throw new SopsExit('Invalid --set format', codes.invalidSetFormat)
  })
  const file = named(session, path)
  await session.creationRule(file)
  return change(session, path, (document) => setValue(document, place, value))
}

/** `sops unset file index` */
export async function unset(session: Session): Promise<number> {
  const { args } = session
  if (args.length !== 2) {
    throw new SopsExit('Error: no file specified, or index is missing', codes.noFileSpecified)
  }
  const [path = '', index = ''] = args
  let place: TreePath
  try {
    place = parseTreePath(index)
  } catch {
    throw new SopsExit('Invalid unset index format', codes.invalidSetFormat)
  }
  return change(session, path, (document) => ({ document: unsetValue(document, place), changed: true }))
}

type Change = (document: Branch) => { document: Branch; changed: boolean }

/** Decrypts a file, changes its first document and encrypts it again with the same data key and vectors. */
async function change(session: Session, path: string, apply: Change): Promise<number> {
  const { flags, io } = session
  const file = named(session, path)
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  if (!exists(file.path)) {
    throw new SopsExit(`Error reading file: open ${file.path}: no such file or directory`, codes.couldNotReadInput)
  }
  const encrypted = await session.load(input, file)
  const stash = new IvStash()
  const dataKey = await session.dataKey(encrypted)
  const plain = await session.decrypt(encrypted, { dataKey, stash })
  const changed = await applyTo(session, plain, apply)
  if (changed === null) return 0
  const result = await encryptTree(session, changed, dataKey, stash)
  const content = await step(() => output.emitEncrypted(result), codes.errorDumpingTree, 'Could not marshal tree: ')
  writeOutput(io, content, { inPlace: file.path, output: flags.text('output'), plain: false })
  return 0
}

/** Null where nothing is to be written. */
async function applyTo(session: Session, file: SopsFile, apply: Change): Promise<SopsFile | null> {
  const [first, ...rest] = file.documents
  if (first === undefined) throw new SopsExit('the file has no documents', codes.generic)
  const idempotent = session.flags.flag('idempotent')
  try {
    const { document, changed } = apply(first)
    return idempotent && !changed ? null : { ...file, documents: [document, ...rest] }
  } catch (error) {
    if (error instanceof CliError && error.code === 'NO_SUCH_KEY' && idempotent) return null
    throw new SopsExit(error instanceof Error ? error.message : String(error), codes.generic, error)
  }
}

function named(session: Session, path: string): Target {
  const absolute = resolve(session.io.cwd, path)
  return { path: absolute, name: absolute }
}

async function valueText(session: Session, argument: string): Promise<string> {
  if (session.flags.flag('value-stdin')) return (await readAll(session.io.stdin)).toString()
  if (!session.flags.flag('value-file')) return argument
  try {
    return readFileSync(resolve(session.io.cwd, argument), 'utf8')
  } catch (error) {
    throw new SopsExit(pathError('open', argument, error), codes.generic)
  }
}

/**
 * A JSON value for the tree. Sops reads numbers alone as floats, and those inside an object as what they are; lists it
 * cannot take.
 */
async function jsonValue(text: string): Promise<Value> {
  let plain: unknown
  try {
    plain = parseJson(text)
  } catch {
    throw new SopsExit('Value for --set is not valid JSON', codes.invalidSetFormat)
  }
  if (typeof plain === 'number' || typeof plain === 'string' || typeof plain === 'boolean' || plain === null)
    return plain
  const store = await openStore('json')
  try {
    const [value] = store.load(Buffer.from(text))
    if (isBranch(value)) return value
  } catch {
    // A list: said below.
  }
  throw new SopsExit('Invalid --set value format', codes.invalidSetFormat)
}
