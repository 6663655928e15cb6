/**
 * Times as people read them: ISO in the local zone, the zone written out.
 * @module
 */

const two = (n: number): string => String(n).padStart(2, '0')

/** Unix seconds as "2026-11-24T21:05:00+01:00". */
export function localTime(seconds: number): string {
  const at = new Date(seconds * 1_000)
  if (Number.isNaN(at.getTime())) return String(seconds)
  const offset = -at.getTimezoneOffset()
  const away = Math.abs(offset)
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${day}T${clock}${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}`
}

/**
 * A day such as "2026-12-31" means all of that day where the person is, so the end is the midnight
 * after it; spans and instants stay as they are for the verb to read.
 */
export function untilText(text: string): string {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (day == null) return text
  const [year, month, date] = day.slice(1).map(Number) as [number, number, number]
  const next = new Date(year, month - 1, date + 1)
  const same = new Date(year, month - 1, date)
  const exists = same.getMonth() === month - 1 && same.getDate() === date
  return exists ? localTime(next.getTime() / 1_000) : text
}
