import { basename } from 'node:path'
import { decodeBase64 } from '@sealkit/core/manifest'
import { type Branch, isComment, isComplex, plainText, toPlain, type Value } from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import { type Context, desired, type ManifestDocument, readDocuments, sealedSecretRender } from 'sealkit'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { readKeyRing } from '../sealing/keys.ts'
import { openEncrypted } from '../sops/change.ts'
import type { Configs } from '../sops/creation.ts'
import { parseEncrypted } from '../sops/encrypted.ts'
import { mayBeEncrypted } from '../sops/format.ts'

/** A file whose values a command is to get. */
export interface InputFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** What files are opened with. */
export interface ExecContext {
  readonly keys: MasterKeys
  readonly configs: Configs
  /** Files with private sealing keys. */
  readonly sealingKeys: readonly string[]
  /** The objects of all files that the command is given: where an ExternalSecret finds its store. */
  readonly manifests: () => Promise<readonly ManifestDocument[]>
  readonly io: Io
}

/** Values by the name that the file gives them, in its order. */
export type Variables = ReadonlyMap<string, string | Uint8Array>

/** One kind of file that holds secrets. A new kind is a new row of {@link kinds}. */
export interface ExecKind {
  readonly name: string
  /** Whether a file is of the kind. */
  holds(file: InputFile): boolean
  /** Its values. */
  variables(file: InputFile, context: ExecContext): Promise<Variables>
  /** The whole file in plain text; absent where the kind has no such thing. */
  plain?(file: InputFile, context: ExecContext): Promise<Uint8Array>
}

/** Every kind, the first that fits first. */
export const kinds: readonly ExecKind[] = [
  {
    name: 'SOPS file',
    holds: ({ path, bytes }) => mayBeEncrypted(basename(path), bytes),
    variables: async (file, context) => {
      const [document] = (await decrypted(file, context)).documents
      return document === undefined
        ? new Map()
        : (secretVariables(toPlain(document)) ?? branchVariables(document, file.path))
    },
    plain: async (file, context) => {
      const { documents, store } = await decrypted(file, context)
      return store.emit(documents)
    },
  },
  {
    name: 'SealedSecret',
    holds: ({ bytes }) => text(bytes).includes('SealedSecret'),
    variables: sealedVariables,
  },
  {
    name: 'ExternalSecret',
    holds: ({ bytes }) => /kind["']?:\s*["']?ExternalSecret\b/.test(text(bytes)),
    variables: externalVariables,
  },
  {
    name: 'store of an ExternalSecret',
    holds: ({ bytes }) => /kind["']?:\s*["']?(?:Cluster)?SecretStore\b/.test(text(bytes)),
    variables: async () => new Map(),
  },
  {
    name: 'Secret',
    holds: ({ bytes }) => /kind["']?:\s*["']?Secret\b/.test(text(bytes)),
    variables: async ({ path, bytes }) => {
      const documents = await readDocuments(text(bytes), path)
      return new Map(documents.flatMap(({ object }) => [...(secretVariables(object) ?? [])]))
    },
  },
]

async function decrypted(
  file: InputFile,
  { keys, configs, io }: ExecContext,
): Promise<{ documents: readonly Branch[]; store: { emit(documents: readonly Branch[]): Uint8Array } }> {
  const encrypted = await parseEncrypted(file, { configs }, io)
  return { documents: (await openEncrypted(encrypted, keys)).documents, store: encrypted.store }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

function branchVariables({ items }: Branch, path: string): Variables {
  return new Map(
    items.flatMap(({ key, value }) =>
      isComment(key) ? [] : [[String(typeof key === 'string' ? key : key.text), scalar(key, value, path)] as const],
    ),
  )
}

function scalar(key: unknown, value: Value, path: string): string | Uint8Array {
  if (isComplex(value)) {
    throw new CliError('EXEC_FAILED', `${path}: ${String(key)} is no text: it has parts of its own`, {
      hint: 'keep values for the environment at the top level, or pass the file with --file NAME=FILE',
    })
  }
  if (value instanceof Uint8Array) return value
  return value === null ? '' : plainText(value)
}

/** `data` and `stringData` of a Secret manifest; null for anything else. */
function secretVariables(object: unknown): Variables | null {
  if (typeof object !== 'object' || object === null) return null
  const { apiVersion, kind, data, stringData } = object as Record<string, unknown>
  if (apiVersion !== 'v1' || kind !== 'Secret') return null
  return new Map<string, string | Uint8Array>([
    ...entries(data).map(([key, value]) => [key, decodeBase64(value)] as const),
    ...entries(stringData).map(([key, value]) => [key, value] as const),
  ])
}

function entries(value: unknown): [string, string][] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).map(([key, one]) => [key, String(one)])
    : []
}

async function sealedVariables({ path, bytes }: InputFile, { sealingKeys, io }: ExecContext): Promise<Variables> {
  if (sealingKeys.length === 0) {
    throw new CliError('NO_KEY', `${path}: a SealedSecret needs a private sealing key`, { hint: 'pass --key' })
  }
  const clock = { now: () => BigInt(io.now().getTime()) * 1_000_000n }
  const context: Context = {
    sealed: { keyRing: await readKeyRing(sealingKeys, io), render: sealedSecretRender(clock) },
  }
  const outcomes = await desired(await readDocuments(text(bytes), path), context)
  return new Map(
    outcomes.flatMap((outcome) => {
      if ('error' in outcome) throw outcome.error
      return [...(outcome.secret?.data ?? [])]
    }),
  )
}

/** What the ExternalSecrets of a file resolve to: as `sealkit resolve`, with the credentials of the shell. */
async function externalVariables(file: InputFile, { sealingKeys, manifests, io }: ExecContext): Promise<Variables> {
  const [{ openSources }, { lentEnvironment }] = await Promise.all([import('../sources.ts'), import('../lent.ts')])
  const all = await manifests()
  const sources = await openSources({ documents: all, keys: sealingKeys, environment: lentEnvironment(io), io })
  try {
    const own = all.filter(({ place, object }) => place === file.path && object.kind === 'ExternalSecret')
    const outcomes = await desired(own, sources.context)
    return new Map(
      outcomes.flatMap((outcome) => {
        if ('error' in outcome) throw outcome.error
        return [...(outcome.secret?.data ?? [])]
      }),
    )
  } finally {
    await sources.close()
  }
}
