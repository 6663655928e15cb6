/**
 * Acts that take time, written as the node writes them: a generator goes on when what it waits for
 * has come. Waiting costs one event of the wheel; nothing runs but by the wheel, so the order of
 * steps is the order of ticks and of scheduling, the same in every run.
 * @module
 */
import { TICKS_PER_MS, type Wheel } from './wheel.ts'

/** Calls `resume` once, now or later. */
export type Waiting = (resume: (value: unknown) => void) => void
export type Process<T = void> = Generator<Waiting, T, unknown>

export const ticks = (ms: number): number => Math.round(ms * TICKS_PER_MS)

/** Waits until `start`'s callback is called with a value. */
export function* wait<T>(start: (resume: (value: T) => void) => void): Process<T> {
  return (yield start as Waiting) as T
}

export class Processes {
  readonly #wheel: Wheel
  readonly #kind: number
  // what waits, by place; places are used again
  readonly #waiting: (((value: unknown) => void) | undefined)[] = []
  readonly #free: number[] = []

  constructor(wheel: Wheel, kind: number) {
    this.#wheel = wheel
    this.#kind = kind
    wheel.handle(kind, (place) => {
      const resume = this.#waiting[place]
      this.#waiting[place] = undefined
      this.#free.push(place)
      resume?.(undefined)
    })
  }

  get nowTick(): number {
    return this.#wheel.now
  }

  get nowMs(): number {
    return this.#wheel.now / TICKS_PER_MS
  }

  /** Runs it until it first waits; `done` gets what it returns. */
  start<T>(process: Process<T>, done?: (value: T) => void): void {
    this.#step(process, undefined, done)
  }

  /** Calls `then` at a tick. */
  at(tick: number, then: () => void): void {
    const place = this.#free.pop() ?? this.#waiting.length
    this.#waiting[place] = then
    this.#wheel.schedule(tick, this.#kind, place, 0)
  }

  /** Lets time pass. */
  *sleep(forTicks: number): Process {
    if (forTicks > 0) yield (resume) => this.at(this.#wheel.now + forTicks, () => resume(undefined))
  }

  *sleepUntil(tick: number): Process {
    yield* this.sleep(tick - this.#wheel.now)
  }

  /** All at once; goes on when the last has ended, with their results in their order. */
  *all<T>(processes: readonly Process<T>[]): Process<readonly T[]> {
    if (processes.length === 0) return []
    return yield* wait<readonly T[]>((resume) => {
      const results = new Array<T>(processes.length)
      let left = processes.length
      for (const [i, process] of processes.entries()) {
        this.start(process, (value) => {
          results[i] = value
          if (--left === 0) resume(results)
        })
      }
    })
  }

  #step<T>(process: Process<T>, value: unknown, done: ((value: T) => void) | undefined): void {
    let next = value
    for (;;) {
      const { value: given, done: ended } = process.next(next)
      if (ended === true) {
        done?.(given)
        return
      }
      // what resumes at once is gone on with here, so that no stack grows; twice is once
      let state: 'starting' | 'resumed' | 'waiting' | 'over' = 'starting'
      given((got) => {
        if (state === 'starting') {
          state = 'resumed'
          next = got
        } else if (state === 'waiting') {
          state = 'over'
          this.#step(process, got, done)
        }
      })
      if ((state as string) !== 'resumed') {
        state = 'waiting'
        return
      }
    }
  }
}

/** Somebody waits here until it is opened: a patient who comes online, a block that is mined. */
export class Bell {
  #waiting: (() => void)[] = []

  ring(): void {
    const all = this.#waiting
    this.#waiting = []
    for (const resume of all) resume()
  }

  *heard(): Process {
    yield (resume) => this.#waiting.push(() => resume(undefined))
  }
}
