import { fromBytes, fromText } from '../utf8.ts'
import { type Element, readElement, readOid, readSequence, TAG } from './der.ts'

/** Attributes in the order in which Go's pkix.Name keeps them, with the names that it prints. */
const ATTRIBUTES: readonly (readonly [id: string, name: string])[] = [
  ['2.5.4.6', 'C'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.17', 'POSTALCODE'],
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'SERIALNUMBER'],
]

/** A distinguished name as Go's pkix.Name prints it: attributes it does not know first, the last of the others first. */
export function distinguishedName(der: Buffer): string {
  const found = (readSequence(readElement(der)) ?? []).flatMap((set) => readSequence(set, TAG.set) ?? [])
  const pairs = found.map((pair) => {
    const [id, value] = readSequence(pair) ?? []
    return { id: id === undefined ? '' : readOid(id.content), value }
  })
  const parts = ATTRIBUTES.flatMap(([id, name]) => {
    const all = pairs.filter((pair) => pair.id === id)
    const values = id === '2.5.4.3' || id === '2.5.4.5' ? all.slice(-1) : all
    return values.length === 0 ? [] : [values.map(({ value }) => `${name}=${escapeValue(textOf(value))}`).join('+')]
  })
  const known = new Set(ATTRIBUTES.map(([id]) => id))
  const unknown = pairs
    .filter(({ id }) => !known.has(id))
    .map(({ id, value }) => `${id}=#${value?.raw.toString('hex') ?? ''}`)
  return [...unknown, ...parts].toReversed().join(',')
}

function textOf(value: Element | undefined): string {
  if (value === undefined) return ''
  return value.tag === TAG.bmp
    ? fromText(Buffer.from(value.content).swap16().toString('utf16le'))
    : fromBytes(value.content)
}

function escapeValue(text: string): string {
  return text.replace(/[,+"\\<>;]|^[# ]| $/g, '\\$&')
}
