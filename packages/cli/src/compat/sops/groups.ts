import { resolve } from 'node:path'
import {
  DataKeyError,
  type KeyEntry,
  type KeyGroup,
  type KeyKind,
  type Metadata,
  parseKeys,
  type SopsFile,
  unwrapDataKey,
  wrapDataKey,
} from '@sealkit/core/sops'
import { codes, fatal, goText, SopsExit, step } from './exit.ts'
import { readInput, writeOutput } from './files.ts'
import { kmsContext, type Session } from './session.ts'

/** `sops groups add`: gives a file one more key group, and every group a new share of the data key. */
export async function groupsAdd(session: Session): Promise<number> {
  if (session.args.length !== 0) throw new SopsExit('error: no positional arguments allowed', codes.generic)
  const group = await step(() => groupOfFlags(session), codes.generic)
  return regroup(session, (groups) => [...groups, group])
}

/** `sops groups delete index`: takes a key group away. */
export async function groupsDelete(session: Session): Promise<number> {
  const [text] = session.args
  if (session.args.length !== 1 || text === undefined) {
    throw new SopsExit('error: exactly one positional argument (index) required', codes.generic)
  }
  if (!/^\d+$/.test(text)) {
    return failed(
      session,
      `failed to parse [index] argument: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
  return regroup(session, (groups) => {
    // Sops panics here.
    if (Number(text) >= groups.length) throw new Error(`the file has no key group ${text}`)
    return groups.filter((_, index) => index !== Number(text))
  })
}

/** Kinds in the order in which sops takes them from the flags; it forgets `--hckms`. */
const keyFlags: readonly (readonly [flag: string, kind: KeyKind])[] = [
  ['pgp', 'pgp'],
  ['kms', 'kms'],
  ['gcp-kms', 'gcp_kms'],
  ['hckms', 'hckms'],
  ['hc-vault-transit', 'hc_vault'],
  ['azure-kv', 'azure_kv'],
  ['age', 'age'],
]

function groupOfFlags({ io, flags }: Session): KeyEntry[] {
  const context = kmsContext(io, flags.text('encryption-context'))
  const options = { awsProfile: flags.text('aws-profile'), ...(context === null ? {} : { context }) }
  return keyFlags.flatMap(([flag, kind]) => flags.list(flag).flatMap((text) => parseKeys(kind, text, options)))
}

async function regroup(session: Session, change: (groups: readonly KeyGroup[]) => KeyGroup[]): Promise<number> {
  const { flags, io } = session
  const shown = flags.text('file')
  if (shown === '') throw new SopsExit('Error reading file: open : no such file or directory', codes.couldNotReadInput)
  const path = resolve(io.cwd, shown)
  const file = { path, name: shown }
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const bytes = await readInput(io, path, shown)
  try {
    const encrypted = input.loadEncrypted(bytes)
    const content = output.emitEncrypted(await rewrapped(session, encrypted, change))
    writeOutput(io, content, { ...(flags.flag('in-place') ? { inPlace: path } : {}), output: '', plain: false })
    return 0
  } catch (error) {
    if (error instanceof SopsExit) throw error
    return failed(session, error instanceof DataKeyError ? dataKeyText(error) : goText(error))
  }
}

async function rewrapped(
  session: Session,
  file: SopsFile,
  change: (groups: readonly KeyGroup[]) => KeyGroup[],
): Promise<SopsFile> {
  const { metadata } = file
  const dataKey = await dataKeyOf(session, metadata)
  const keyGroups = change(metadata.keyGroups)
  const shamirThreshold = session.flags.number('shamir-secret-sharing-threshold') || metadata.shamirThreshold
  if (keyGroups.length < shamirThreshold) {
    throw new Error(
      `removing this key group will make the Shamir threshold impossible to satisfy: Shamir threshold is ${shamirThreshold}, but we only have ${keyGroups.length} key groups`,
    )
  }
  const changed = { ...metadata, keyGroups, shamirThreshold }
  return { ...file, metadata: await wrapDataKey(changed, dataKey, { wrap: session.keys.wrap }) }
}

async function dataKeyOf(session: Session, metadata: Metadata): Promise<Uint8Array> {
  try {
    return await unwrapDataKey(metadata, { unwrap: session.keys.unwrap, order: [], attempts: 'one by one' })
  } catch (error) {
    if (!(error instanceof DataKeyError)) throw error
    const recovered = error.groups.filter((group) => group === null).length
    const text = `Error getting data key: ${metadata.shamirThreshold} successful groups required, got ${recovered}`
    throw new Error(text, { cause: error })
  }
}

function dataKeyText({ groups, message }: DataKeyError): string {
  const recovered = groups.filter((group) => group === null).length
  return `Error getting data key: ${recovered} of ${groups.length} groups were successful: ${message}`
}

function failed({ io }: Session, text: string): number {
  fatal(io, text)
  return 1
}
