/**
 * Domain time of a world: the machine's time since the start, from an instant that the world chose,
 * moved on by leaps when somebody asks (`advance`), with a skew for each node. All workers are on one
 * machine, so they read one clock. libp2p's own timers know nothing of it.
 * @module
 */
import type { Clock } from '../../node/index.ts'

export interface ClockPlan {
  /** Domain time at `machineMs`. */
  readonly startMs: number
  readonly machineMs: number
}

export class WorldClock implements Clock {
  readonly #plan: ClockPlan
  #leapMs = 0

  constructor(plan: ClockPlan) {
    this.#plan = plan
  }

  nowMs(): number {
    const { startMs, machineMs } = this.#plan
    return startMs + (Date.now() - machineMs) + this.#leapMs
  }

  advance(ms: number): void {
    this.#leapMs += ms
  }

  /** As a node with this skew reads it. */
  skewed(skewMs: number): Clock {
    return { nowMs: () => this.nowMs() + skewMs }
  }
}
