/**
 * The model's clock and queue of events: a timing wheel with a slot for each tick of 1/16 ms (Varghese
 * and Lauck 1987), and a heap for what lies more than 8.2 s ahead. Events run by time, and those of
 * one tick in the order in which they were scheduled. Numbers in typed arrays and free lists: a
 * million pending events are no objects.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'

export const TICKS_PER_MS = 16

/** As many slots as ticks in 8.192 s; a power of two, since a slot is the tick's low bits. */
const SLOTS = 131_072
const MASK = SLOTS - 1
const FIRST_EVENTS = 1_024
/** 2^26 events are 1.6 GiB; more is a scenario's fault, not a load. */
const EVENTS_MAX = 67_108_864
const NONE = -1

/** `a` and `b` are what was scheduled, as unsigned 32-bit words. */
export type Handler = (a: number, b: number) => void

export class Wheel {
  #now = 0
  #pending = 0
  readonly #handlers: Handler[] = []

  // one event each
  #next = new Int32Array(FIRST_EVENTS)
  #kind = new Uint8Array(FIRST_EVENTS)
  #a = new Uint32Array(FIRST_EVENTS)
  #b = new Uint32Array(FIRST_EVENTS)
  #free = NONE
  #used = 0

  // one slot each: first and last event; and which slots hold any, by bit, and by bit of bits
  readonly #head = new Int32Array(SLOTS).fill(NONE)
  readonly #tail = new Int32Array(SLOTS)
  readonly #some = new Uint32Array(SLOTS >>> 5)
  readonly #someWords = new Uint32Array(SLOTS >>> 10)

  // the heap of what is further ahead: by tick, then by order of scheduling
  #farTick = new Float64Array(FIRST_EVENTS)
  #farOrder = new Float64Array(FIRST_EVENTS)
  #farEvent = new Int32Array(FIRST_EVENTS)
  #far = 0
  #order = 0

  /** The tick that runs, or up to which all has run. */
  get now(): number {
    return this.#now
  }

  get pending(): number {
    return this.#pending
  }

  /** What the arrays take, in bytes. */
  get bytes(): number {
    return this.#next.length * 13 + this.#farTick.length * 20 + SLOTS * 8
  }

  /** What runs events of this kind; a kind is a number from 0 to 255. */
  handle(kind: number, handler: Handler): void {
    this.#handlers[kind] = handler
  }

  /**
   * Runs `kind` at a tick, which is an integer; one in the past runs now, after what is scheduled
   * for now. `a` and `b` are kept as unsigned 32-bit words.
   * @throws InvalidParametersError when more events are pending than any scenario needs
   */
  schedule(atTick: number, kind: number, a: number, b: number): void {
    const event = this.#take()
    this.#kind[event] = kind
    this.#a[event] = a
    this.#b[event] = b
    this.#pending++
    const tick = atTick > this.#now ? atTick : this.#now
    if (tick - this.#now < SLOTS) this.#append(tick & MASK, event)
    else this.#pushFar(tick, event)
  }

  /** Runs all events up to and at `untilTick`, those that they schedule included. */
  run(untilTick: number): void {
    for (;;) {
      const tick = this.#nextTick()
      if (tick > untilTick || tick === Number.POSITIVE_INFINITY) break
      this.#moveTo(tick)
      this.#runSlot(tick & MASK)
    }
    if (untilTick > this.#now && Number.isFinite(untilTick)) this.#moveTo(untilTick)
  }

  #runSlot(slot: number): void {
    // what a handler adds to this very tick is appended, and so runs in the same loop
    for (
      let event = this.#head[slot] as number;
      event !== NONE;
      event = this.#head[slot] as number
    ) {
      const after = this.#next[event] as number
      this.#head[slot] = after
      if (after === NONE) this.#clear(slot)
      const kind = this.#kind[event] as number
      const a = this.#a[event] as number
      const b = this.#b[event] as number
      this.#next[event] = this.#free
      this.#free = event
      this.#pending--
      ;(this.#handlers[kind] as Handler)(a, b)
    }
  }

  /** Time goes on; what has come within the wheel's reach leaves the heap, before anything can be put behind it. */
  #moveTo(tick: number): void {
    this.#now = tick
    while (this.#far > 0 && (this.#farTick[0] as number) - tick < SLOTS) {
      const at = this.#farTick[0] as number
      this.#append(at & MASK, this.#popFar())
    }
  }

  /** The tick of the first event, or Infinity. */
  #nextTick(): number {
    const start = this.#now & MASK
    const slot = this.#nextSlot(start)
    if (slot !== NONE) return this.#now + ((slot - start) & MASK)
    return this.#far > 0 ? (this.#farTick[0] as number) : Number.POSITIVE_INFINITY
  }

  /** The first slot with events at or after `start`, around the wheel. */
  #nextSlot(start: number): number {
    const word = start >>> 5
    const here = (this.#some[word] as number) & (-1 << (start & 31))
    if (here !== 0) return (word << 5) + lowestBit(here)
    const found = this.#nextWord(word + 1)
    if (found !== NONE) return (found << 5) + lowestBit(this.#some[found] as number)
    const wrapped = this.#nextWord(0)
    return wrapped === NONE ? NONE : (wrapped << 5) + lowestBit(this.#some[wrapped] as number)
  }

  #nextWord(from: number): number {
    let group = from >>> 5
    if (group >= this.#someWords.length) return NONE
    let bits = (this.#someWords[group] as number) & (-1 << (from & 31))
    while (bits === 0) {
      if (++group >= this.#someWords.length) return NONE
      bits = this.#someWords[group] as number
    }
    return (group << 5) + lowestBit(bits)
  }

  #append(slot: number, event: number): void {
    this.#next[event] = NONE
    if (this.#head[slot] === NONE) {
      this.#head[slot] = event
      const word = slot >>> 5
      this.#some[word] = (this.#some[word] as number) | (1 << (slot & 31))
      const group = word >>> 5
      this.#someWords[group] = (this.#someWords[group] as number) | (1 << (word & 31))
    } else this.#next[this.#tail[slot] as number] = event
    this.#tail[slot] = event
  }

  #clear(slot: number): void {
    const word = slot >>> 5
    const bits = (this.#some[word] as number) & ~(1 << (slot & 31))
    this.#some[word] = bits
    if (bits !== 0) return
    const group = word >>> 5
    this.#someWords[group] = (this.#someWords[group] as number) & ~(1 << (word & 31))
  }

  #take(): number {
    const event = this.#free
    if (event !== NONE) {
      this.#free = this.#next[event] as number
      return event
    }
    if (this.#used === this.#next.length) this.#growEvents()
    return this.#used++
  }

  #growEvents(): void {
    const length = this.#next.length * 2
    if (length > EVENTS_MAX) {
      throw new InvalidParametersError(`events pending: expected at most ${EVENTS_MAX}, got more`)
    }
    this.#next = grown(this.#next, new Int32Array(length))
    this.#kind = grown(this.#kind, new Uint8Array(length))
    this.#a = grown(this.#a, new Uint32Array(length))
    this.#b = grown(this.#b, new Uint32Array(length))
  }

  #pushFar(tick: number, event: number): void {
    if (this.#far === this.#farTick.length) {
      const length = this.#far * 2
      this.#farTick = grown(this.#farTick, new Float64Array(length))
      this.#farOrder = grown(this.#farOrder, new Float64Array(length))
      this.#farEvent = grown(this.#farEvent, new Int32Array(length))
    }
    const order = this.#order++
    let at = this.#far++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!this.#before(tick, order, parent)) break
      this.#farTick[at] = this.#farTick[parent] as number
      this.#farOrder[at] = this.#farOrder[parent] as number
      this.#farEvent[at] = this.#farEvent[parent] as number
      at = parent
    }
    this.#put(at, tick, order, event)
  }

  #popFar(): number {
    const first = this.#farEvent[0] as number
    const last = --this.#far
    const tick = this.#farTick[last] as number
    const order = this.#farOrder[last] as number
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= last) break
      const right = child + 1
      if (
        right < last &&
        this.#before(this.#farTick[right] as number, this.#farOrder[right] as number, child)
      ) {
        child = right
      }
      if (this.#before(tick, order, child)) break
      this.#farTick[at] = this.#farTick[child] as number
      this.#farOrder[at] = this.#farOrder[child] as number
      this.#farEvent[at] = this.#farEvent[child] as number
      at = child
    }
    this.#put(at, tick, order, this.#farEvent[last] as number)
    return first
  }

  #put(at: number, tick: number, order: number, event: number): void {
    this.#farTick[at] = tick
    this.#farOrder[at] = order
    this.#farEvent[at] = event
  }

  #before(tick: number, order: number, other: number): boolean {
    const otherTick = this.#farTick[other] as number
    return tick < otherTick || (tick === otherTick && order < (this.#farOrder[other] as number))
  }
}

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits)

function grown<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
