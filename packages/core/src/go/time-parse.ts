import { CoreError } from '../error.ts'
import { quoteTime } from './duration.ts'
import { type Location, UTC, type Zone } from './location.ts'
import { daysFromCivil, type GoTime, RFC3339, RFC3339_NANO } from './time.ts'
import { type Cursor, ELEMENTS, Fields, type ReadElement, Refusal } from './time-element.ts'
import { type LayoutChunk, layoutChunks } from './time-layout.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/**
 * Parses a time by a Go layout, as `time.Parse` (or `time.ParseInLocation` when a location is given).
 *
 * Without a zone in the layout the text is a time in `location`. A numeric offset is kept; an unknown abbreviation is
 * kept with offset zero, as Go does.
 *
 * @param location default UTC, which is what Go's local time is in a container
 * @throws CoreError `INVALID_TIME`; `upstream` is Go's text
 */
export function parseTime(layout: string, text: string, location: Location = UTC): GoTime {
  const fields = new Fields()
  // Go compares bytes, and may stop inside of a character.
  const cursor: Cursor = { rest: toBytes(text), following: '' }
  try {
    const chunks = layoutChunks(toBytes(layout))
    for (const [index, chunk] of chunks.entries()) {
      cursor.following = chunks[index + 1]?.element ?? ''
      readChunk(chunk, cursor, fields)
    }
    fields.settleDate()
  } catch (error) {
    if (error instanceof Refusal) throw timeError(layout, text, error)
    throw error
  }
  return inZone(fields, location)
}

const OUTSIDE_ASCII = /[^\0-\x7f]/

/** A text with one character for each of its bytes. */
function toBytes(text: string): string {
  if (!OUTSIDE_ASCII.test(text)) return text
  return Array.from(encodeUtf8(text), (byte) => String.fromCharCode(byte)).join('')
}

function fromBytes(bytes: string): string {
  return decodeUtf8(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
}

function readChunk({ prefix, element }: LayoutChunk, cursor: Cursor, fields: Fields): void {
  skip(cursor, prefix)
  if (element === '') {
    if (cursor.rest !== '') throw new Refusal(`: extra text: ${quoteTime(fromBytes(cursor.rest))}`)
    return
  }
  const hold = cursor.rest
  const problem = elementReader(element)?.(cursor, fields, element)
  if (problem === undefined) return
  throw problem === '' ? new Refusal('', hold, element) : new Refusal(`: ${problem} out of range`)
}

function elementReader(element: string): ReadElement | undefined {
  if (/^[.,]/.test(element)) return ELEMENTS[`.${element.charAt(1)}`]
  return ELEMENTS[element] ?? ELEMENTS['zone']
}

/** Skips literal text; a run of spaces in the layout matches any run in the text, even none at its end. */
function skip(cursor: Cursor, prefix: string): void {
  let wanted = prefix
  while (wanted !== '') {
    const { rest } = cursor
    if (wanted.startsWith(' ')) {
      if (rest !== '' && !rest.startsWith(' ')) throw new Refusal('', rest, prefix)
      wanted = wanted.replace(/^ +/, '')
      cursor.rest = rest.replace(/^ +/, '')
      continue
    }
    if (rest === '' || rest[0] !== wanted[0]) throw new Refusal('', rest, prefix)
    wanted = wanted.slice(1)
    cursor.rest = rest.slice(1)
  }
}

function timeError(layout: string, text: string, refusal: Refusal): CoreError {
  const detail =
    refusal.problem === ''
      ? ` as ${quoteTime(layout)}: cannot parse ${quoteTime(fromBytes(refusal.value))} as ${quoteTime(fromBytes(refusal.element))}`
      : refusal.problem
  const isRfc3339 = layout === RFC3339 || layout === RFC3339_NANO
  return new CoreError('INVALID_TIME', 'the text is no time of the layout asked for', {
    ...(isRfc3339 ? { hint: 'write the time as RFC 3339, for example 2026-01-02T15:04:05Z' } : {}),
    upstream: `parsing time ${quoteTime(text)}${detail}`,
  })
}

function inZone(fields: Fields, location: Location): GoTime {
  const days = daysFromCivil(fields.year, fields.month, fields.day)
  const wall = days * 86400 + fields.hour * 3600 + fields.minute * 60 + fields.second
  const at = (unix: number, zone: Zone): GoTime => ({ unix, nanosecond: fields.nanosecond, zone })
  if (fields.utc) return at(wall, UTC.zoneAt(0))
  if (fields.offset !== undefined) {
    const unix = wall - fields.offset
    const local = location.zoneAt(unix)
    const same = local.offset === fields.offset && (fields.zoneName === '' || local.name === fields.zoneName)
    return at(unix, same ? local : { name: fields.zoneName, offset: fields.offset })
  }
  if (fields.zoneName !== '') {
    const known = namedOffset(fields.zoneName, wall, location)
    if (known !== undefined) return at(wall - known, location.zoneAt(wall - known))
    const hours = fields.zoneName.startsWith('GMT') ? Number(fields.zoneName.slice(3) || 0) : 0
    // Go shifts the clock but not the instant here.
    return at(wall, { name: fields.zoneName, offset: hours * 3600 })
  }
  // Go's rule for a wall clock: the zone at the time read as UTC, then the one at the instant which that gives.
  const guess = location.zoneAt(wall).offset
  const unix = guess === 0 ? wall : wall - location.zoneAt(wall - guess).offset
  return at(unix, location.zoneAt(unix))
}

/** The offset of an abbreviation in a location: of the zone in use at that time, else of any zone of that name. */
function namedOffset(name: string, wall: number, location: Location): number | undefined {
  const candidates = location.zones.filter((zone) => zone.name === name)
  const inUse = candidates.find((zone) => location.zoneAt(wall - zone.offset).name === name)
  return (inUse ?? candidates[0])?.offset
}
