import { CoreError } from '../error.ts'
import { ZONES } from './zones.ts'

/** A zone's abbreviation and its seconds east of UTC; the name is empty where only the offset is known. */
export interface Zone {
  readonly name: string
  readonly offset: number
}

/** A place whose clocks follow rules, as Go's `time.Location`. */
export interface Location {
  readonly name: string
  /** The zone in use at a second since 1970-01-01T00:00:00Z. */
  readonly zoneAt: (unix: number) => Zone
  /** The zones with an abbreviation of letters that the place uses now. */
  readonly zones: readonly Zone[]
}

const UTC_ZONE: Zone = { name: 'UTC', offset: 0 }

/** Coordinated Universal Time; Go programs in containers have it as their local time. */
export const UTC: Location = { name: 'UTC', zoneAt: () => UTC_ZONE, zones: [] }

/**
 * Finds a location by its IANA name, exact in case, as Go's `time.LoadLocation`; the empty name and `UTC` are UTC.
 *
 * Offsets come from the runtime's `Intl`; abbreviations from the ones that the place uses now, so a historic one
 * (`LMT` apart) is a number where the offset is neither of today's.
 *
 * @throws CoreError `INVALID_TIME` for an unknown name; `upstream` is Go's text
 */
export function loadLocation(name: string): Location {
  if (name === '' || name === 'UTC') return UTC
  const zones = zonesOf(name)
  if (zones === undefined) {
    const upstream = /^[/\\]|\.\./.test(name) ? 'time: invalid location name' : `unknown time zone ${name}`
    throw new CoreError('INVALID_TIME', 'the time zone is unknown', {
      hint: 'name an IANA time zone such as Europe/Berlin',
      upstream,
    })
  }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  const zoneAt = (unix: number): Zone => {
    const offset = offsetAt(format, unix)
    return { name: isMeanTime(name, unix, offset) ? 'LMT' : abbreviation(zones, offset), offset }
  }
  const first = zoneAt(BEFORE_ZONES)
  return { name, zoneAt, zones: first.name === 'LMT' ? [...zones, first] : zones }
}

/** 1840: the first zone that a country used was Britain's, in 1847. */
const BEFORE_ZONES = -4_102_444_800

/** Whether clocks showed the place's own mean time. Later that can be told by its odd seconds only. */
function isMeanTime(name: string, unix: number, offset: number): boolean {
  return offset % 60 !== 0 || (unix <= BEFORE_ZONES && name.includes('/') && !name.startsWith('Etc/'))
}

function zonesOf(name: string): readonly Zone[] | undefined {
  if (name === '' || name.includes(' ')) return undefined
  for (const [abbreviations, names] of Object.entries(ZONES)) {
    if (!` ${names} `.includes(` ${name} `)) continue
    const [standard = '', offset, summer, summerOffset] = abbreviations.split(' ')
    const zones: Zone[] = standard === '' ? [] : [{ name: standard, offset: Number(offset) }]
    if (summer !== undefined) zones.push({ name: summer, offset: Number(summerOffset) })
    return zones
  }
  return undefined
}

function offsetAt(format: Intl.DateTimeFormat, unix: number): number {
  const label = format.formatToParts(unix * 1000).find((part) => part.type === 'timeZoneName')?.value ?? ''
  const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(label)
  if (match === null) return 0
  const [, sign, hours, minutes, seconds = '0'] = match
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -offset : offset
}

function abbreviation(zones: readonly Zone[], offset: number): string {
  const known = zones.find((zone) => zone.offset === offset)
  if (known !== undefined) return known.name
  const minutes = Math.abs(offset) / 60
  const digits = String(Math.floor(minutes / 60)).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${digits}${minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0')}`
}
