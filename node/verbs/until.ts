/**
 * Reads the ends of grants as people give them: a span from now, or an instant with its zone.
 * The only place where such text becomes seconds (INTEROP.md §3.2: one function, an explicit zone).
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'

const SPAN_SECONDS = { m: 60, h: 3_600, d: 86_400, w: 604_800 } as const
/** So that clock guard and head age do not delay the first use (SECURITY.md §7). */
const FROM_BACK_SECONDS = 300

/**
 * "30d" or "2027-01-31T12:00:00Z" as Unix seconds; the end of a grant is exclusive.
 * @throws InvalidParametersError on other text, and on an instant that has passed
 */
export function untilSeconds(text: string, nowMs: number): number {
  const at = seconds(text, nowMs, 'until')
  if (at * 1_000 <= nowMs) throw new InvalidParametersError('"until" expected a time to come')
  return at
}

/** The same for a beginning, which may have passed; none is a little while ago. */
export const fromSeconds = (text: string | undefined, nowMs: number): number =>
  text == null ? Math.floor(nowMs / 1_000) - FROM_BACK_SECONDS : seconds(text, nowMs, 'from')

/** "30d" as seconds. @throws InvalidParametersError */
export function spanSeconds(text: string, field: string): number {
  const span = /^([1-9]\d{0,5})([mhdw])$/.exec(text)
  if (span == null) throw new InvalidParametersError(`"${field}" expected a span such as 30d`)
  return Number(span[1]) * SPAN_SECONDS[span[2] as keyof typeof SPAN_SECONDS]
}

function seconds(text: string, nowMs: number, field: string): number {
  const isSpan = /^\d+[mhdw]$/.test(text)
  if (isSpan) return Math.floor(nowMs / 1_000) + spanSeconds(text, field)
  const zoned = /T\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(text)
  const at = zoned ? Date.parse(text) : Number.NaN
  if (!(at >= 0)) {
    throw new InvalidParametersError(
      `"${field}" expected a span such as 30d or an instant with its zone`
    )
  }
  return Math.floor(at / 1_000)
}
