/**
 * The timestamps that go-yaml knows: a date, a date and time in UTC behind a space, or RFC 3339 with short fields.
 * Go's parser takes a comma for the fraction's point and several spaces for one.
 */
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]| +)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(?:(Z)|([-+])(\d\d):(\d\d))?)?$/

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The timestamp as RFC 3339 with as many digits of the second as it has (Go's RFC3339Nano), undefined if it is none. */
export function parseTimestamp(text: string): string | undefined {
  if (text.charCodeAt(4) !== 0x2d) return undefined
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = ''] = match
  const [, , , , time, , , , utc, sign] = match
  // A zone belongs to the forms with `T`, and is wanted there.
  const zoned = utc !== undefined || sign !== undefined
  if (time !== undefined && zoned !== /[Tt]/.test(text)) return undefined
  if (!isDate(Number(year), Number(month), Number(day))) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const zone = sign === undefined ? 'Z' : formatZone(sign, Number(match[10]), Number(match[11]))
  if (zone === undefined) return undefined
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const clock = [hour, minute, second].map((part) => part.padStart(2, '0')).join(':')
  const digits = fraction.slice(0, 9).replace(/0+$/, '')
  return `${date}T${clock}${digits === '' ? '' : `.${digits}`}${zone}`
}

function isDate(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return day >= 1 && day <= (month === 2 && !leap ? 28 : (DAYS[month - 1] ?? 0))
}

/** Go takes offsets of up to 24 hours and 60 minutes. */
function formatZone(sign: string, hours: number, minutes: number): string | undefined {
  if (hours > 24 || minutes > 60) return undefined
  const total = hours * 60 + minutes
  if (total === 0) return 'Z'
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${sign}${pad(Math.floor(total / 60))}:${pad(total % 60)}`
}
