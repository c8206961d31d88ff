import {
  type CreationRule,
  DataKeyError,
  defaultRule,
  encryptFile,
  type KeyEntry,
  type KeyGroup,
  type KeyKind,
  keyName,
  type Metadata,
  newDataKey,
  newMetadata,
  parseKeys,
  type Rule,
  type RuleName,
  ruleNames,
  type SopsFile,
  type Store,
  wrapDataKey,
} from '@sealkit/core/sops'
import { ServicesError } from '@sealkit/keyservice'
import { codes, goText, SopsExit, step, warn } from './exit.ts'
import { readInput, type Target, target, writeOutput } from './files.ts'
import { kmsContext, type Session } from './session.ts'

/** `sops encrypt [file]` */
export async function encrypt(session: Session): Promise<number> {
  const { flags, args } = session
  if (args.length === 0) {
    if (flags.flag('in-place')) {
      throw new SopsExit('Error: cannot use --in-place when reading from stdin', codes.conflictingParameters)
    }
    if (flags.text('filename-override') === '') {
      throw new SopsExit('Error: must specify --filename-override when reading from stdin', codes.conflictingParameters)
    }
  }
  session.warnArguments()
  return encryptTo(session, args[0])
}

/** Encrypts a file to where the flags say. */
export async function encryptTo(session: Session, argument: string | undefined): Promise<number> {
  const { flags, io } = session
  if (flags.flag('in-place') && flags.text('output') !== '') {
    throw new SopsExit('Error: cannot operate on both --output and --in-place', codes.conflictingParameters)
  }
  const file = target(io, argument, flags.text('filename-override'))
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const metadata = await newFileMetadata(session, file, input)
  const bytes = await readInput(io, file.path)
  const documents = await step(() => input.load(bytes), codes.couldNotReadInput, 'Error unmarshalling file: ')
  checkDocuments(output, documents)
  const { file: ready, dataKey } = await wrapNewKey(session, { documents, metadata })
  const encrypted = await encryptTree(session, ready, dataKey)
  const content = await step(() => output.emitEncrypted(encrypted), codes.errorDumpingTree, 'Could not marshal tree: ')
  const inPlace = flags.flag('in-place') ? { inPlace: file.path } : {}
  writeOutput(io, content, { ...inPlace, output: flags.text('output'), plain: false })
  return 0
}

/** Refuses documents that cannot be encrypted: none at all, or with an entry named like the metadata. */
export function checkDocuments(store: Store, documents: SopsFile['documents']): void {
  const [first] = documents
  if (first === undefined) {
    throw new SopsExit(
      'File cannot be completely empty, it must contain at least one document',
      codes.needAtLeastOneDocument,
    )
  }
  if (store.isReserved(first)) throw new SopsExit(alreadyEncrypted, codes.fileAlreadyEncrypted)
}

const alreadyEncrypted = `The file you have provided contains a top-level entry called 'sops', or for
flat file formats top-level entries starting with 'sops_'. This is
generally due to the file already being encrypted. SOPS uses a top-level
entry called 'sops' to store the metadata required to decrypt the file. For
this reason, SOPS can not encrypt files that already contain such an entry.

If this is an unencrypted file, rename the 'sops' entry.

If this is an encrypted file and you want to edit it, use the editor mode,
for example: \`sops edit my_file.yaml\``

/** Makes a data key and wraps it with every master key of the file. */
export async function wrapNewKey(session: Session, file: SopsFile): Promise<{ file: SopsFile; dataKey: Uint8Array }> {
  if (!session.flags.flag('enable-local-keyservice') && session.flags.list('keyservice').length === 0) {
    throw noDataKey('no key services provided, cannot update master keys')
  }
  const dataKey = newDataKey()
  try {
    const metadata = await wrapDataKey(file.metadata, dataKey, { wrap: session.keys.wrap })
    return { file: { ...file, metadata }, dataKey }
  } catch (error) {
    if (!(error instanceof DataKeyError)) throw noDataKey(goText(error))
    const failures = error.groups.flatMap((group) => group ?? [])
    const reasons = failures.flatMap(({ key, error: reason }) =>
      (reason instanceof ServicesError ? reason.errors : [reason]).map(
        (one) => `failed to encrypt new data key with master key ${JSON.stringify(keyName(key))}: ${goText(one)}`,
      ),
    )
    throw noDataKey(reasons.join(' '))
  }
}

function noDataKey(reason: string): SopsExit {
  return new SopsExit(`Could not generate data key: [${reason}]`, codes.generic)
}

/** Encrypts the values of a file. */
export async function encryptTree(
  session: Session,
  file: SopsFile,
  dataKey: Uint8Array,
  stash?: Parameters<typeof encryptFile>[1]['stash'],
): Promise<SopsFile> {
  return step(
    () => encryptFile(file, { dataKey, now: session.io.now(), stash }),
    codes.errorEncryptingTree,
    'Error encrypting tree: Error walking tree: ',
  )
}

/** The metadata of a new file, from flags and creation rule. */
export async function newFileMetadata(session: Session, file: Target, input: Store): Promise<Metadata> {
  const { flags, globals } = session
  const rule = await session.creationRule(file)
  const isBinary = input.format === 'binary'
  const stated = ruleNames
    .map((name) => ({ name, pattern: flags.text(name.replaceAll('_', '-')) || configured(rule, name) }))
    .filter(({ pattern }) => pattern !== '')
  if (isBinary) for (const { name } of stated) warnIgnored(session, name)
  if (!isBinary && stated.length > 1) {
    throw new SopsExit(
      'Error: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file',
      codes.conflictingParameters,
    )
  }
  const keyGroups = await groups(session, rule)
  return newMetadata({
    keyGroups,
    rule: isBinary ? null : (stated[0] ?? defaultRule),
    macOnlyEncrypted: !isBinary && (globals.flag('mac-only-encrypted') || rule?.macOnlyEncrypted === true),
    shamirThreshold: flags.number('shamir-secret-sharing-threshold') || (rule?.shamirThreshold ?? 0),
  })
}

function configured(rule: CreationRule | null, name: RuleName): string {
  return rule?.rules.find((candidate: Rule) => candidate.name === name)?.pattern ?? ''
}

const ignoredRules: Readonly<Partial<Record<RuleName, string>>> = {
  unencrypted_suffix: 'an unencrypted suffix',
  encrypted_suffix: 'an encrypted suffix',
  encrypted_regex: 'an encrypted regex',
  unencrypted_regex: 'an unencrypted regex',
  encrypted_comment_regex: 'an encrypted comment regex',
}

function warnIgnored(session: Session, name: RuleName): void {
  const what = ignoredRules[name]
  if (what === undefined) return
  const why =
    name === 'encrypted_comment_regex' ? 'never produces comments' : 'produces one key that should always be encrypted'
  warn(
    session.io,
    `Using ${what} does not make sense with the input store (the binary store ${why}) and will be ignored.`,
  )
}

/** Kinds of key in the order in which sops takes them from the command line. */
const keyFlags: readonly (readonly [flag: string, kind: KeyKind])[] = [
  ['kms', 'kms'],
  ['gcp-kms', 'gcp_kms'],
  ['hckms', 'hckms'],
  ['azure-kv', 'azure_kv'],
  ['pgp', 'pgp'],
  ['hc-vault-transit', 'hc_vault'],
  ['age', 'age'],
]

async function groups(session: Session, rule: CreationRule | null): Promise<readonly KeyGroup[]> {
  const given = await keysOfFlags(session, '')
  if (given.length > 0) return [given]
  if (rule !== null) return rule.keyGroups
  throw new SopsExit(
    'config file not found, or has no creation rules, and no keys provided through command line options',
    codes.generic,
  )
}

/** The master keys that the flags name, behind `--`, `--add-` or `--rm-`. */
export async function keysOfFlags(session: Session, prefix: '' | 'add-' | 'rm-'): Promise<KeyEntry[]> {
  const { flags } = session
  const context = kmsContext(session.io, flags.text('encryption-context'))
  const options = { awsProfile: flags.text('aws-profile'), ...(context === null ? {} : { context }) }
  return step(
    () => keyFlags.flatMap(([flag, kind]) => parseKeys(kind, flags.text(prefix + flag), options)),
    codes.generic,
  )
}
