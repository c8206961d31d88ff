import { CoreError } from '@sealkit/core'
import type { YamlNode } from '@sealkit/core/yaml'
import { CliError } from './exit.ts'

/** The verbs that take files of every kind that holds encrypted values. */
export type FileVerb = 'check' | 'decrypt' | 'edit' | 'rotate' | 'set' | 'unset'

/** What is known of a kind that a verb has no work with. */
interface Unfit {
  readonly what: string
  readonly hint: string
  /** A better word for single verbs. */
  readonly verbs?: Partial<Readonly<Record<FileVerb, string>>>
}

const reference: Unfit = {
  what: 'an ExternalSecret, which holds no value',
  hint: 'edit its text, and see what it resolves to with: sealkit render',
}

const kinds: Readonly<Record<string, Unfit>> = {
  SealedSecret: {
    what: 'a SealedSecret, which has no data key',
    hint: 'move it to another sealing key with: sealkit reseal',
  },
  ExternalSecret: reference,
  ClusterExternalSecret: { ...reference, what: 'a ClusterExternalSecret, which holds no value' },
  Secret: {
    what: 'a Secret in plain text',
    hint: 'make it fit for git with: sealkit seal, or sealkit encrypt --in-place',
    verbs: { decrypt: 'it can be read as it is' },
  },
}

/** Why a verb has no work with a file, and which verb has. */
export async function unfit(
  verb: FileVerb,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<CliError> {
  const names = await kindsIn(text)
  const row = names.flatMap((name) => (Object.hasOwn(kinds, name) ? (kinds[name] ?? []) : []))[0]
  if (row !== undefined) return new CliError('USAGE', `${path}: ${row.what}`, { hint: row.verbs?.[verb] ?? row.hint })
  return new CliError('USAGE', `${path}: no SealedSecret or SOPS file found`, {
    hint: 'make one with: sealkit seal, or sealkit encrypt',
  })
}

/** The kinds of the objects in a text, members of Lists included; none where it cannot be read. */
async function kindsIn(text: string): Promise<readonly string[]> {
  const { nodeAt, scalarText, segmentsOf } = await import('./sealing/objects.ts')
  const kindOf = (node: YamlNode): readonly string[] => {
    const kind = nodeAt(node, ['kind'])
    return kind === undefined ? [] : [scalarText(kind)?.value ?? '']
  }
  try {
    const roots = segmentsOf(text).flatMap(({ documents }) => documents.flatMap(({ content }) => content))
    return roots.flatMap((root) => [root, ...(nodeAt(root, ['items'])?.content ?? [])]).flatMap(kindOf)
  } catch (error) {
    if (error instanceof CoreError) return []
    throw error
  }
}
