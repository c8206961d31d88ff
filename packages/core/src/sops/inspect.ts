import { CoreError } from '../error.ts'
import type { SopsFile } from './encrypt.ts'
import { keyName } from './keygroup.ts'
import { type Selector, selector } from './rules.ts'
import { type Branch, hasValue, isBranch, isComment, isList, type Leaf, type Value } from './tree.ts'
import { isEncrypted, parseValue } from './value.ts'
import { checkVersion } from './version.ts'
import { type Place, walk } from './walk.ts'

/** One thing that is wrong with an encrypted file, as far as can be seen without a key. */
export interface Flaw {
  /** Keys of the value with dots between; absent for the file as a whole. */
  readonly place?: string
  /** Names no value. */
  readonly text: string
}

/**
 * Looks at an encrypted file without a key: values in plain text that the file's own rule selects, damaged values and
 * metadata, keys that stand twice, and a rule that selects nothing.
 */
export async function inspectFile(file: SopsFile): Promise<Flaw[]> {
  const rule = await caught(() => selector(file.metadata.rule))
  if (rule instanceof CoreError) return [{ text: rule.message }]
  const flaws = [...metadataFlaws(file)]
  for (const document of file.documents) flaws.push(...documentFlaws(document, rule))
  const values = hasValue(file.documents, (leaf) => leaf !== '')
  if (values && !hasValue(file.documents, isCiphertext))
    flaws.push({ text: 'nothing is encrypted: the rule selects no value' })
  return flaws
}

function metadataFlaws({ metadata }: SopsFile): Flaw[] {
  const texts = [
    ...thrown(() => checkVersion(metadata.version)),
    ...(metadata.mac === ''
      ? ['there is no MAC']
      : thrown(() => parseValue(metadata.mac)).map(() => 'the MAC is damaged')),
    ...metadata.keyGroups
      .flat()
      .flatMap((key) => (key.enc === '' ? [`${keyName(key)} holds no part of the data key`] : [])),
  ]
  const { keyGroups, shamirThreshold } = metadata
  if (keyGroups.length > 1 && shamirThreshold > keyGroups.length) {
    texts.push(`shamir_threshold is ${shamirThreshold}, and there are ${keyGroups.length} groups`)
  }
  return texts.map((text) => ({ text }))
}

function documentFlaws(document: Branch, rule: Selector): Flaw[] {
  const flaws: Flaw[] = []
  const look = (leaf: Leaf, { aad, selected }: Place): Leaf => {
    const text = valueFlaw(leaf, selected)
    if (text !== null) flaws.push({ place: aad.slice(0, -1).replaceAll(':', '.'), text })
    return leaf
  }
  const broken = thrown(() => walk(document, rule, look)).map((text) => ({ text }))
  return [...broken, ...flaws, ...repeated(document, '')]
}

function valueFlaw(leaf: Leaf, selected: boolean): string | null {
  if (isComment(leaf)) return null
  if (typeof leaf !== 'string' || !isEncrypted(leaf))
    return selected && leaf !== '' ? 'in plain text, where the rule of the file encrypts' : null
  if (!selected) return 'encrypted where the rule of the file leaves plain text: it would not be decrypted'
  try {
    const { tag, type } = parseValue(leaf)
    if (tag.length !== 16) return 'damaged: the tag does not have 16 bytes'
    return types.has(type) ? null : 'damaged: an unknown type'
  } catch {
    return 'damaged: not of the form ENC[AES256_GCM,...]'
  }
}

const types: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'time', 'bytes', 'comment'])

function isCiphertext(leaf: Leaf): boolean {
  return typeof leaf === 'string' && isEncrypted(leaf)
}

/** Readers differ in which of two entries of one name they take. */
function repeated(value: Value, path: string): Flaw[] {
  if (isList(value)) return value.flatMap((entry) => repeated(entry, path))
  if (!isBranch(value)) return []
  const seen = new Set<string>()
  return value.items.flatMap(({ key, value: inner }) => {
    if (typeof key !== 'string') return []
    const place = path === '' ? key : `${path}.${key}`
    const again = seen.has(key) ? [{ place, text: 'stands there several times' }] : []
    seen.add(key)
    return [...again, ...repeated(inner, place)]
  })
}

function thrown(check: () => unknown): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof CoreError) return [error.message]
    throw error
  }
}

async function caught<T>(make: () => Promise<T>): Promise<T | CoreError> {
  try {
    return await make()
  } catch (error) {
    if (error instanceof CoreError) return error
    throw error
  }
}
