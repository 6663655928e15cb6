/**
 * How far a sweep is, and how long it may still take: at the pace of the points that this call has
 * finished, since those found done cost nothing.
 * @module
 */
import type { SimProgress } from '../engine.ts'

export interface SweepProgressInit {
  readonly total: number
  /** Done by earlier calls. */
  readonly already: number
  /** Monotonic. */
  nowMs(): number
  progress(event: SimProgress): void
}

export class SweepProgress {
  readonly #init: SweepProgressInit
  readonly #beganMs: number
  #now = 0
  #failed = 0

  constructor(init: SweepProgressInit) {
    this.#init = init
    this.#beganMs = init.nowMs()
    this.tell()
  }

  done(): void {
    this.#now++
    this.tell()
  }

  failed(): void {
    this.#failed++
    this.done()
  }

  /** With what goes on meanwhile: "running 120/300", "2 workers". */
  tell(meanwhile = ''): void {
    const { total, already } = this.#init
    const done = already + this.#now
    const left = timeLeft(this.#now, total - done, this.#init.nowMs() - this.#beganMs)
    const detail = [this.#failed > 0 ? `${this.#failed} failed` : '', left, meanwhile]
      .filter((each) => each !== '')
      .join(', ')
    this.#init.progress({ step: 'points', done, total, ...(detail === '' ? {} : { detail }) })
  }
}

/** "3 min left"; "" before anything is known. */
export function timeLeft(done: number, todo: number, elapsedMs: number): string {
  if (done === 0 || todo === 0) return ''
  const seconds = Math.ceil(((elapsedMs / done) * todo) / 1_000)
  if (seconds < 60) return `${seconds} s left`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min left` : `${Math.round(minutes / 60)} h left`
}
