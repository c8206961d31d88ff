import { resolve } from 'node:path'
import { IvStash, type KeyEntry, type KeyGroup, keyName } from '@sealkit/core/sops'
import { encryptTree, keysOfFlags, wrapNewKey } from './encrypt.ts'
import { codes, SopsExit, step } from './exit.ts'
import { exists, target, writeOutput } from './files.ts'
import type { Session } from './session.ts'

/** `sops rotate file` */
export async function rotate(session: Session): Promise<number> {
  const { flags, args } = session
  const [path] = args
  if (path === undefined) throw new SopsExit('Error: no file specified', codes.noFileSpecified)
  session.warnArguments()
  if (flags.flag('in-place') && flags.text('output') !== '') {
    throw new SopsExit('Error: cannot operate on both --output and --in-place', codes.conflictingParameters)
  }
  return rotateTo(session, path)
}

/** Gives a file a new data key, and other master keys where the flags say so. */
export async function rotateTo(session: Session, argument: string): Promise<number> {
  const { flags, io } = session
  const absolute = resolve(io.cwd, argument)
  const [add, remove] = [await keysOfFlags(session, 'add-'), await keysOfFlags(session, 'rm-')]
  if (!exists(absolute) && add.length + remove.length > 0) {
    throw new SopsExit(
      `Error: cannot add or remove keys on non-existent file ${JSON.stringify(absolute)}, use \`--kms\` and \`--pgp\` instead.`,
      49,
    )
  }
  if (!exists(absolute) && !flags.flag('rotate')) {
    throw new SopsExit(`Error reading file: open ${absolute}: no such file or directory`, codes.couldNotReadInput)
  }
  const file = target(io, argument, flags.text('filename-override'))
  if (flags.flag('rotate')) await session.creationRule(file)
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const encrypted = await session.load(input, file)
  const stash = new IvStash()
  const oldKey = await session.dataKey(encrypted)
  const plain = await session.decrypt(encrypted, { dataKey: oldKey, stash })
  const keyGroups = changed(plain.metadata.keyGroups, add, remove)
  const { file: ready, dataKey } = await wrapNewKey(session, { ...plain, metadata: { ...plain.metadata, keyGroups } })
  const result = await encryptTree(session, ready, dataKey, stash)
  const content = await step(() => output.emitEncrypted(result), codes.errorDumpingTree, 'Could not marshal tree: ')
  const inPlace = flags.flag('in-place') ? { inPlace: file.path } : {}
  writeOutput(io, content, { ...inPlace, output: flags.text('output'), plain: false })
  return 0
}

/** New keys join the first group; removed ones leave every group. */
function changed(groups: readonly KeyGroup[], add: readonly KeyEntry[], remove: readonly KeyEntry[]): KeyGroup[] {
  const gone = new Set(remove.map(keyName))
  return groups
    .map((group, index) => (index === 0 ? [...group, ...add] : group))
    .map((group) => group.filter((key) => !gone.has(keyName(key))))
}
