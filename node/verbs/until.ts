/**
 * Reads the ends of grants as people give them: a span from now, or an instant with its zone.
 * The only place where such text becomes seconds (INTEROP.md §3.2: one function, an explicit zone).
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'

const SPAN_SECONDS = { m: 60, h: 3_600, d: 86_400, w: 604_800 } as const

/**
 * "30d" or "2027-01-31T12:00:00Z" as Unix seconds; the end of a grant is exclusive.
 * @throws InvalidParametersError on other text, and on an instant that has passed
 */
export function untilSeconds(text: string, nowMs: number): number {
  const span = /^([1-9]\d{0,5})([mhdw])$/.exec(text)
  const now = Math.floor(nowMs / 1_000)
  if (span != null)
    return now + Number(span[1]) * SPAN_SECONDS[span[2] as keyof typeof SPAN_SECONDS]
  const zoned = /T\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(text)
  const at = zoned ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) {
    throw new InvalidParametersError(
      '"until" expected a span such as 30d or an instant with its zone'
    )
  }
  if (at <= nowMs) throw new InvalidParametersError('"until" expected a time to come')
  return Math.floor(at / 1_000)
}
