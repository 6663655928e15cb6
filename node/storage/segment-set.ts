/**
 * The segments of a store, of which few are open at a time: the one that was used longest ago is
 * closed first.
 * @module
 */
import { OPEN_SEGMENTS } from '../../core/limits.ts'
import type { OpenFile } from './files.ts'
import type { Segment } from './segment.ts'

export class SegmentSet {
  readonly #segments: Set<Segment>
  readonly #open = new Set<Segment>()

  constructor(segments: readonly Segment[]) {
    this.#segments = new Set(segments)
  }

  /** In the order of their numbers. */
  all(): Segment[] {
    return [...this.#segments]
  }

  /** The one that goes on growing. */
  get last(): Segment | undefined {
    return this.all().at(-1)
  }

  add(segment: Segment): void {
    this.#segments.add(segment)
  }

  /** Removes its files, once nobody reads from it. */
  async remove(segment: Segment): Promise<void> {
    await segment.idle()
    this.#segments.delete(segment)
    this.#open.delete(segment)
    await segment.remove()
  }

  async read(segment: Segment, into: Uint8Array, at: number): Promise<number> {
    this.#use(segment)
    return await segment.read(into, at)
  }

  async file(segment: Segment): Promise<OpenFile> {
    this.#use(segment)
    return await segment.file()
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.close()
  }

  #use(segment: Segment): void {
    this.#open.delete(segment)
    this.#open.add(segment)
    if (this.#open.size <= OPEN_SEGMENTS) return
    const last = this.last
    for (const other of this.#open) {
      if (other === last || other === segment || !other.isIdle) continue
      this.#open.delete(other)
      other.close().catch(() => {})
      return
    }
  }
}
