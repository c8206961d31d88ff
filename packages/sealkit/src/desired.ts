import type { DesiredSecret } from '@sealkit/core/manifest'
import type { ResolveContext } from '@sealkit/resolver'
import type { ManifestDocument } from './document.ts'
import { SourceError } from './error.ts'
import type { Source } from './source.ts'
import { externalSecretSource } from './sources/external-secret.ts'
import { type SealedContext, sealedSecretSource } from './sources/sealed-secret.ts'
import { type SopsContext, sopsSource } from './sources/sops.ts'

/** What each source works with; the documents of a source whose part is absent fail with `CONTEXT_REQUIRED`. */
export interface Context {
  readonly sealed?: SealedContext
  readonly sops?: SopsContext
  readonly external?: ResolveContext
}

/** What became of one document: a Secret, nothing (`null`: no source reads it, or the Secret is to be left as it is), or an error. */
export type Outcome =
  | { readonly document: ManifestDocument; readonly secret: DesiredSecret | null }
  | { readonly document: ManifestDocument; readonly error: unknown }

/** A source as it is asked: whether it reads a document, and the Secret from its own part of a {@link Context}. */
interface Row {
  reads(document: ManifestDocument): boolean
  desired(document: ManifestDocument, context: Context): Promise<DesiredSecret | null>
}

/** Every source. A new one is one row. */
const sources: readonly Row[] = [
  row(sealedSecretSource, ({ sealed }) => sealed, 'private sealing keys'),
  row(sopsSource, ({ sops }) => sops, 'keys to decrypt with'),
  row(externalSecretSource, ({ external }) => external, 'a resolver'),
]

function row<Part>(source: Source<Part>, part: (context: Context) => Part | undefined, need: string): Row {
  return {
    reads: source.reads,
    async desired(document, context) {
      const own = part(context)
      if (own !== undefined) return source.desired(document, own)
      throw new SourceError('CONTEXT_REQUIRED', `a ${source.kind} needs ${need}, which were not given`)
    },
  }
}

/** Whether any source reads a document. */
export function isSource(document: ManifestDocument): boolean {
  return sources.some((source) => source.reads(document))
}

/** The Secrets that a set of documents stands for, in their order; one that fails does not hold up the others. */
export async function desired(documents: readonly ManifestDocument[], context: Context): Promise<Outcome[]> {
  return Promise.all(documents.map((document) => outcome(document, context)))
}

async function outcome(document: ManifestDocument, context: Context): Promise<Outcome> {
  const source = sources.find((candidate) => candidate.reads(document))
  try {
    return { document, secret: source === undefined ? null : await source.desired(document, context) }
  } catch (error) {
    return { document, error }
  }
}
