import { type Branch, type Change, diffDocuments, pathText } from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Values } from '../command.ts'
import { count } from '../count.ts'
import { CliError, exitCode } from '../exit.ts'
import { identityFlag } from '../flags.ts'
import { gitOutput } from '../git.ts'
import type { Io } from '../io.ts'
import { readInput } from '../sealing/files.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { printable } from '../sealing/place.ts'
import { isSealed, maskedSealed, plainSealed, sealedDocuments, type VersionKeys } from '../sealing/version.ts'
import { Configs } from '../sops/creation.ts'
import { sopsKeys } from '../sops/keys.ts'
import { valueText } from '../sops/show.ts'
import { maskedText, plainText, type Version, versionDocuments } from '../sops/version.ts'

/** One line for the list of commands. */
export const summary = 'Say which values of a SOPS file or a SealedSecret differ, without showing them'

/** The positional arguments. */
export const positionals = 'FILE [FILE]'

const own = [
  {
    name: 'rev',
    type: 'string',
    value: 'REVISION',
    description: 'compare one file with what git has of it in this revision (HEAD)',
  },
  { name: 'show-values', type: 'boolean', description: 'print the values in plain text' },
  {
    name: 'no-keys',
    type: 'boolean',
    description: 'compare without decrypting: a value that was encrypted anew counts as changed',
  },
  {
    name: 'key',
    short: 'k',
    type: 'string',
    multiple: true,
    value: 'FILE|DIRECTORY',
    description: 'SealedSecrets: private keys; without one, an item that was sealed again counts as changed',
  },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    value: 'NAMESPACE',
    description: 'namespace of SealedSecrets that declare none',
  },
  { name: 'exit-code', type: 'boolean', description: 'fail where there is a difference' },
  {
    name: 'textconv',
    type: 'boolean',
    description:
      'for git: print one file with a fingerprint in the place of each encrypted value, no key needed; of a SealedSecret\u2019s value with --key',
  },
] as const

/** The command line as data. */
export const options: readonly [...typeof own, ...typeof identityFlag] = [...own, ...identityFlag]

/** Command lines that a person would type. */
export const examples: readonly (readonly [string, string])[] = [
  ['sealkit diff secrets.yaml', 'what did I change since the last commit?'],
  ['sealkit diff staging.yaml production.yaml', 'which keys differ?'],
  ['sealkit diff --key sealing-key.yaml sealed.yaml', 'a SealedSecret: which items have another value?'],
  ['git config diff.sealkit.textconv "sealkit diff --textconv"', 'readable git diffs that show no secret'],
]

type DiffValues = Values<typeof options>

/** Prints one line for each difference. */
export async function run(values: DiffValues, paths: readonly string[], io: Io): Promise<number> {
  const [one, two, ...more] = paths
  if (one === undefined || more.length > 0 || (values.textconv === true && two !== undefined)) {
    throw new CliError('USAGE', 'diff needs one file or two', { hint: 'see sealkit diff --help' })
  }
  const keys = await keysOf(values, io)
  if (values.textconv === true) {
    const version = { path: one, bytes: readInput(one, io) }
    io.stdout.write(await converted(version, { keys, shown: values['show-values'] === true }, io))
    return exitCode.done
  }
  const versions = sides(values, [one, two], io)
  const [before, after] = await Promise.all(versions.map((version) => documentsOf(version, keys, io)))
  const changes = diffDocuments(before ?? [], after ?? [])
  for (const change of changes) io.stdout.write(lineOf(change, values['show-values'] === true))
  const again = changes.filter(sealedAgain).length
  if (again > 0) {
    io.stderr.write(
      `${count(again, 'item')} sealed again: with --key and the private key, equal values are no change\n`,
    )
  }
  return changes.length > 0 && values['exit-code'] === true ? exitCode.failed : exitCode.done
}

/** What opens the files of each kind. */
interface Keys {
  readonly configs: Configs
  /** Null: not to be decrypted. */
  readonly sops: MasterKeys | null
  readonly sealed: VersionKeys
}

async function keysOf(values: DiffValues, io: Io): Promise<Keys> {
  const open = values['no-keys'] !== true
  const keyRing = open && values.key !== undefined ? await readKeyRing(values.key, io) : undefined
  return {
    configs: new Configs(io.cwd, undefined),
    sops: open ? sopsKeys(values, io) : null,
    sealed: { keyRing, namespace: values.namespace },
  }
}

async function documentsOf(version: Version, { configs, sops, sealed }: Keys, io: Io): Promise<readonly Branch[]> {
  return (await sealedDocuments(version, sealed)) ?? versionDocuments(version, { keys: sops, configs }, io)
}

/** One version as git may show it; in plain text where that is asked for. */
async function converted(
  version: Version,
  { keys, shown }: { readonly keys: Keys; readonly shown: boolean },
  io: Io,
): Promise<string | Uint8Array> {
  const { configs, sops, sealed } = keys
  const found = shown ? await plainSealed(version, sealed) : await maskedSealed(version, sealed)
  if (found !== null) return found
  return shown && sops !== null ? plainText(version, sops, configs, io) : maskedText(version, configs, io)
}

function sides(values: DiffValues, [one, two]: readonly [string, string | undefined], io: Io): Version[] {
  if (two !== undefined) return [one, two].map((path) => ({ path, bytes: readInput(path, io) }))
  const revision = values.rev ?? 'HEAD'
  const bytes = gitOutput(['show', `${revision}:./${one}`], `${one} in ${revision}`, io)
  return [
    { path: one, bytes },
    { path: one, bytes: readInput(one, io) },
  ]
}

/** Whether all that is known of a change is that the ciphertext is another one. */
function sealedAgain({ kind, before, after }: Change): boolean {
  return kind === 'changed' && (isSealed(before) || isSealed(after))
}

function lineOf(change: Change, shown: boolean): string {
  const { kind, document, place, comment, before, after } = change
  const where = `${document === 0 ? '' : `document ${document + 1} `}${printable(pathText(place))}`
  const line = `${kind} ${comment ? `comment in ${place.length === 0 ? 'the file' : where}` : where}${sealedAgain(change) ? ' (sealed again)' : ''}\n`
  if (!shown) return line
  const value = (sign: string, text: string | null): string => (text === null ? '' : `  ${sign} ${text}\n`)
  return line + value('-', valueText(before)) + value('+', valueText(after))
}
