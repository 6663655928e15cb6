/**
 * When a denial leaves: at the next step of 300 ms after the request came, so that the time it took
 * does not tell "no such record" from "not yours" (SECURITY.md §9.2).
 * @module
 */
import { DENIED_STEP_MS } from '../../core/limits.ts'
import type { Clock } from '../adapters.ts'

export const deniedAtMs = (arrivedAtMs: number, nowMs: number): number => {
  const steps = Math.max(1, Math.ceil((nowMs - arrivedAtMs) / DENIED_STEP_MS))
  return arrivedAtMs + steps * DENIED_STEP_MS
}

/** Waits at most one step: a clock that is set back must not hold an answer. */
export async function waitUntil(
  atMs: number,
  clock: Clock,
  sleep: (ms: number) => Promise<unknown>
): Promise<void> {
  const leftMs = atMs - clock.nowMs()
  if (leftMs > 0) await sleep(Math.min(leftMs, DENIED_STEP_MS))
}
