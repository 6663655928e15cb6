/**
 * The real clock and the real randomness: what a daemon and the command line pass where tests and
 * the simulator pass their own (node/adapters.ts).
 * @module
 */
import type { Clock, Random } from './adapters.ts'

export const systemClock: Clock = { nowMs: () => Date.now() }

export const systemRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length))
