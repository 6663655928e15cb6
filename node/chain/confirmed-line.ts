/**
 * The last stretch of verified confirmed headers, each the parent of the next. It shows that a new
 * confirmed block descends from the last one (306) and that a request's block is on the same line
 * (307). Bounded: what a request may still name, and a little more.
 * @module
 */
import { equalBytes } from '../../core/bytes.ts'
import type { BlockRef, VerifiedHeader } from '../adapters.ts'

/** Fetches headers `to`..child-1, ascending, each proven by its child's parentHash. */
export type WalkDown = (
  child: VerifiedHeader,
  to: number,
  signal: AbortSignal
) => Promise<VerifiedHeader[] | undefined>

export class ConfirmedLine {
  readonly #max: number
  readonly #walk: WalkDown
  /** Ascending by number, without gaps. */
  #headers: VerifiedHeader[] = []

  constructor(max: number, walk: WalkDown) {
    this.#max = max
    this.#walk = walk
  }

  get tip(): VerifiedHeader | undefined {
    return this.#headers.at(-1)
  }

  /** Begins anew at a header whose descent was shown by other means. */
  restart(tip: VerifiedHeader): void {
    this.#headers = [tip]
  }

  /**
   * Whether `header` descends from `ancestor`; then the line ends in it. Undefined: the headers
   * between could not be had. Walks at most as far as the line is long.
   */
  async extend(
    header: VerifiedHeader,
    ancestor: BlockRef,
    signal: AbortSignal
  ): Promise<boolean | undefined> {
    const low = ancestor.number + 1
    const between = header.number <= low ? [] : await this.#walk(header, low, signal)
    if (between == null) return undefined
    const first = between[0] ?? header
    if (!equalBytes(first.parentHash, ancestor.hash)) return false
    const kept = this.#headers.filter((each) => each.number <= ancestor.number)
    const joins = kept.at(-1)
    const below = joins != null && equalBytes(joins.hash, ancestor.hash) ? kept : []
    this.#headers = [...below, ...between, header].slice(-this.#max)
    return true
  }

  /** The line's header at a number, if it is kept. */
  kept(number: number): VerifiedHeader | undefined {
    return this.#headers[number - (this.#headers[0]?.number ?? 0)]
  }

  /** The line's header at a number, walking down to it if need be; undefined if out of reach. */
  async at(number: number, signal: AbortSignal): Promise<VerifiedHeader | undefined> {
    const lowest = this.#headers[0]
    if (lowest == null) return undefined
    if (number < lowest.number) {
      const more = await this.#walk(lowest, number, signal)
      // Another walk may have ended first.
      if (more != null && this.#headers[0] === lowest) {
        this.#headers = [...more, ...this.#headers].slice(-this.#max)
      }
    }
    return this.kept(number)
  }
}
