/**
 * What both ends of the release bench share: the echo's name, and limits that hurry nobody.
 * @module
 */
import { defaultStreamLimits } from '../../protocols/framing.ts'

export const ECHO_PROTOCOL = '/keyward-bench/echo/1.0.0'

/** A peer may ask ten times a second; a bench asks a thousand times. */
export const unhurried = {
  ...defaultStreamLimits,
  requestsPerSecond: 1_000_000,
  requestsBurst: 1_000_000
}
