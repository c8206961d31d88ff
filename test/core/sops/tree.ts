import {
  type Branch,
  branch,
  comment,
  decryptFile,
  encryptFile,
  entry,
  type Item,
  type Metadata,
  newMetadata,
  type SopsFile,
  type Value,
} from '@sealkit/core/sops'
import { fc } from '../../property.ts'

/** A data key for tests. */
export const dataKey: Uint8Array = new Uint8Array(32).fill(7)

/** A file of these documents, encrypted with {@link dataKey}. */
export function encrypted(documents: readonly Branch[], options: Partial<Metadata> = {}): Promise<SopsFile> {
  const keyGroups = [[{ ...entry('age', { recipient: 'age1' }), enc: 'wrapped\n' }]]
  const metadata = newMetadata({ keyGroups, ...options })
  return encryptFile({ documents, metadata }, { dataKey, now: new Date('2026-01-02T03:04:05Z') })
}

/** The documents of an encrypted file. */
export function decrypted(file: SopsFile): Promise<readonly Branch[]> {
  return decryptFile(file, { dataKey })
}

/** What a format can hold. */
export interface Shape {
  readonly text: fc.Arbitrary<string>
  readonly key: fc.Arbitrary<string>
  readonly comments: boolean
}

/** Any document of a nested format. */
export function document({ text, key, comments }: Shape): fc.Arbitrary<Branch> {
  const scalar = fc.oneof(
    text,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.constant(null),
    // Floats without a fraction read back as integers from a plain file.
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Number.isInteger(x)),
  )
  const { value } = fc.letrec<{ value: Value; branch: Branch }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      tie('branch'),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
    branch: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(distinct),
  }))
  const items = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }).map(distinct)
  return comments ? fc.tuple(items, fc.array(fc.nat(6), { maxLength: 3 })).map(commented) : items
}

/** YAML takes no key twice. */
function distinct(entries: readonly (readonly [string, Value])[]): Branch {
  return branch([...new Map(entries)].map(([key, value]) => ({ key, value })))
}

function commented([{ items }, places]: [Branch, number[]]): Branch {
  const result: Item[] = []
  for (const [index, item] of items.entries()) {
    if (places.includes(index)) result.push({ key: comment(` comment ${index}`), value: null })
    result.push(item)
  }
  return branch(result)
}
