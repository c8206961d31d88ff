import { TAG } from './der.ts'

/**
 * The text with which Go's `encoding/asn1` refuses data that should be a sequence for a struct of this name; null when
 * it is one.
 */
export function structureError(data: Buffer, name: string): string | null {
  const tag = data[0]
  if (tag === undefined) return 'asn1: syntax error: sequence truncated'
  const length = lengthOf(data)
  if (typeof length === 'string') return length
  const found = { class: tag >> 6, tag: tag & 0x1f, compound: (tag & 0x20) !== 0 }
  if (tag !== TAG.sequence) {
    return (
      `asn1: structure error: tags don't match (16 vs {class:${found.class} tag:${found.tag} length:${length.value} ` +
      `isCompound:${found.compound}}) {optional:false explicit:false application:false private:false ` +
      `defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} ${name} @${length.end}`
    )
  }
  return length.end + length.value > data.length ? 'asn1: syntax error: data truncated' : null
}

function lengthOf(data: Buffer): { value: number; end: number } | string {
  const first = data[1]
  if (first === undefined) return 'asn1: syntax error: truncated tag or length'
  if (first < 0x80) return { value: first, end: 2 }
  const count = first & 0x7f
  if (count === 0) return 'asn1: syntax error: indefinite length found (not DER)'
  let value = 0
  for (let i = 0; i < count; i++) {
    const byte = data[2 + i]
    if (byte === undefined) return 'asn1: syntax error: truncated tag or length'
    if (value >= 1 << 23) return 'asn1: structure error: length too large'
    value = value * 256 + byte
    if (value === 0) return 'asn1: structure error: superfluous leading zeros in length'
  }
  return value < 0x80 ? 'asn1: structure error: non-minimal length' : { value, end: 2 + count }
}
