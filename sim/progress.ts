/**
 * How far a run is, and how long it may still take: at the pace of this step, and for repeats to come
 * at the pace of those that are done. The first repeat's later steps cannot be known and are left out.
 * @module
 */
import type { RunProgress } from './run.ts'
import { timeLeft } from './sweep/progress.ts'

export interface ProgressLine {
  readonly step: string
  readonly detail?: string
}

/** Turns an engine's events into lines. `nowMs` is monotonic. */
export class RunProgressLines {
  readonly #nowMs: () => number
  #key = ''
  #stepBeganMs = 0
  #stepBeganDone = 0
  #most = 0
  #repeat = -1
  #repeatBeganMs = 0
  #repeatsMs: number[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  line(event: RunProgress): ProgressLine {
    const now = this.#nowMs()
    const { repeat, repeats, step, done, total } = event
    if (repeat !== this.#repeat) {
      if (this.#repeat !== -1) this.#repeatsMs.push(now - this.#repeatBeganMs)
      this.#repeat = repeat
      this.#repeatBeganMs = now
    }
    const key = `${repeat} ${step}`
    if (key !== this.#key) {
      this.#key = key
      this.#stepBeganMs = now
      this.#stepBeganDone = done
      this.#most = 0
    }
    // an engine may find that there is more to do: what was told is not taken back
    if (total > 0) this.#most = Math.max(this.#most, Math.min(1, done / total))
    const percent = Math.floor(100 * this.#most)
    // some engines know their own time better
    const left = / left\b/.test(event.detail ?? '') ? '' : this.#left(event, now)
    const which = repeats > 1 ? `repeat ${repeat + 1}/${repeats} ` : ''
    const detail = [left, event.detail ?? ''].filter((each) => each !== '').join(', ')
    // tens, so that a log of plain lines has ten of them and not a thousand
    const step10 = `${which}${step} ${percent - (percent % 10)} %`
    return detail === '' ? { step: step10 } : { step: step10, detail }
  }

  #left({ done, total, repeat, repeats }: RunProgress, now: number): string {
    const known = this.#repeatsMs
    if (known.length > 0) {
      const meanMs = known.reduce((sum, ms) => sum + ms, 0) / known.length
      const todoMs = Math.max(0, meanMs - (now - this.#repeatBeganMs))
      return timeLeft(1, 1, todoMs + meanMs * (repeats - repeat - 1))
    }
    const here = done - this.#stepBeganDone
    return here > 0 ? timeLeft(here, total - done, now - this.#stepBeganMs) : ''
  }
}
