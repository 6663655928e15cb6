/**
 * The model's queue of events, beside a plain sorted list.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Wheel } from '../../../sim/model/wheel.ts'

/** What runs when: by tick, then by order of scheduling. */
class SlowWheel {
  now = 0
  readonly #events: { tick: number; order: number; a: number; b: number }[] = []
  #order = 0
  handler: (a: number, b: number) => void = () => {}

  schedule(tick: number, _kind: number, a: number, b: number): void {
    this.#events.push({ tick: Math.max(tick, this.now), order: this.#order++, a, b })
  }

  run(until: number): void {
    for (;;) {
      this.#events.sort((x, y) => x.tick - y.tick || x.order - y.order)
      const first = this.#events[0]
      if (first == null || first.tick > until) break
      this.#events.shift()
      this.now = first.tick
      this.handler(first.a, first.b)
    }
    this.now = Math.max(this.now, until)
  }
}

/** Near, at the wheel's edge, and far beyond it. */
const anyDelay = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 131_060, max: 131_090 }),
  fc.integer({ min: 0, max: 3_000_000 }),
  fc.integer({ min: 2 ** 33, max: 2 ** 33 + 3 })
)

describe('timing wheel', () => {
  it('runs events in the order of a sorted list, those included that events schedule', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyDelay, fc.array(anyDelay, { maxLength: 3 })), { maxLength: 60 }),
        fc.array(anyDelay, { maxLength: 4 }),
        (events, stops) => {
          const fast = new Wheel()
          const slow = new SlowWheel()
          const logs = [fast, slow].map((wheel) => {
            const log: number[][] = []
            let next = events.length
            const handler = (a: number, b: number): void => {
              log.push([wheel.now, a, b])
              for (const delay of b === 0 ? (events[a]?.[1] ?? []) : []) {
                wheel.schedule(wheel.now + delay, 3, next++, 1)
              }
            }
            if (wheel instanceof Wheel) wheel.handle(3, handler)
            else wheel.handler = handler
            for (const [i, [delay]] of events.entries()) wheel.schedule(delay, 3, i, 0)
            for (const stop of stops) {
              wheel.run(wheel.now + stop)
              log.push([wheel.now])
            }
            wheel.run(2 ** 36)
            return log
          })

          expect(logs[0]).toEqual(logs[1])
          expect(fast.pending).toBe(0)
        }
      )
    )
  })

  it('stands at the tick up to which it ran, and runs nothing later', () => {
    const wheel = new Wheel()
    const ran: number[] = []
    wheel.handle(0, (a) => ran.push(a))
    wheel.schedule(100, 0, 1, 0)
    wheel.schedule(101, 0, 2, 0)

    wheel.run(100)

    expect(ran).toEqual([1])
    expect(wheel.now).toBe(100)
    expect(wheel.pending).toBe(1)
  })

  it('keeps whole 32-bit words', () => {
    const wheel = new Wheel()
    const ran: number[][] = []
    wheel.handle(255, (a, b) => ran.push([a, b]))

    wheel.schedule(1, 255, 0xffff_ffff, 0x8000_0000)
    wheel.run(1)

    expect(ran).toEqual([[0xffff_ffff, 0x8000_0000]])
  })

  it('runs what is scheduled in the past at once, after what waits for now', () => {
    const wheel = new Wheel()
    const ran: number[] = []
    wheel.handle(0, (a) => {
      ran.push(a)
      if (a === 1) wheel.schedule(3, 0, 9, 0)
    })
    wheel.schedule(50, 0, 1, 0)
    wheel.schedule(50, 0, 2, 0)

    wheel.run(50)

    expect(ran).toEqual([1, 2, 9])
  })

  it('holds a million events and gives their room back', () => {
    const wheel = new Wheel()
    let ran = 0
    wheel.handle(0, () => ran++)
    const load = (): void => {
      for (let i = 0; i < 1_000_000; i++) wheel.schedule(wheel.now + (i % 999_983), 0, i, 0)
      wheel.run(wheel.now + 1_000_000)
    }

    load()
    const bytes = wheel.bytes
    load()

    expect(ran).toBe(2_000_000)
    expect(wheel.bytes).toBe(bytes)
  })
})
