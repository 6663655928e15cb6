/**
 * Who is online: nodes come and go by their session models, from a first moment in the middle of
 * life. Tables follow: an absent peer stays in a place of a bucket for as long as kad-dht would leave
 * it there (`bucket-wear.ts`), in `classic` until the next refresh asks it.
 * @module
 */
import type { Rng } from '../random.ts'
import type { Sessions } from '../sessions.ts'
import { deadByPlace, keepSecondsFor } from './bucket-wear.ts'
import type { Stale } from './drawn-tables.ts'
import type { TablePolicy } from './tables.ts'
import { TICKS_PER_MS, type Wheel } from './wheel.ts'

const TICKS_PER_SECOND = 1_000 * TICKS_PER_MS

export interface ChurnInit {
  readonly nodes: number
  readonly wheel: Wheel
  readonly rng: Rng
  /** The first of two free kinds of events. */
  readonly kinds: number
  /** How a node comes and goes; undefined: it stays. */
  sessionsOf(node: number): Sessions | undefined
  readonly tables: {
    readonly policy: TablePolicy
    /** Of the nodes that stand in tables; undefined: they stay. */
    readonly sessions: Sessions | undefined
    readonly refreshSeconds: number
    /** Mean time between newcomers to one bucket, in s (`Maintenance` measures it). @default 15 */
    readonly offerSeconds?: number
  }
  onChange?(node: number, online: boolean): void
}

export class Churn {
  /** 1 for each node that is online. */
  readonly online: Uint8Array
  /** For `buildTables`. */
  readonly stale: Stale
  readonly #init: ChurnInit
  #onlineCount = 0

  constructor(init: ChurnInit) {
    const { nodes, wheel, kinds } = init
    this.#init = init
    this.online = new Uint8Array(nodes).fill(1)
    this.#onlineCount = nodes
    this.stale = {
      online: this.online,
      awaySince: new Int32Array(nodes),
      keepSeconds: keepSecondsOf(init),
      get now() {
        return wheel.now / TICKS_PER_SECOND
      }
    }
    wheel.handle(kinds, (node) => this.#leave(node))
    wheel.handle(kinds + 1, (node) => this.#return(node))
    for (let node = 0; node < nodes; node++) this.#begin(node)
  }

  get onlineCount(): number {
    return this.#onlineCount
  }

  get bytes(): number {
    return this.online.byteLength + this.stale.awaySince.byteLength
  }

  /** Online or away in proportion, with what is left of that; away times have no memory. */
  #begin(node: number): void {
    const { rng, kinds } = this.#init
    const sessions = this.#init.sessionsOf(node)
    if (sessions === undefined) return
    if (rng.chance(sessions.availability)) {
      this.#in(sessions.drawRest(rng), kinds, node)
      return
    }
    this.online[node] = 0
    this.#onlineCount--
    this.stale.awaySince[node] = -Math.round(rng.exponential(sessions.meanAwaySeconds))
    this.#in(rng.exponential(sessions.meanAwaySeconds), kinds + 1, node)
  }

  #leave(node: number): void {
    const { rng, kinds, wheel } = this.#init
    const sessions = this.#init.sessionsOf(node) as Sessions
    this.online[node] = 0
    this.#onlineCount--
    this.stale.awaySince[node] = Math.round(wheel.now / TICKS_PER_SECOND)
    this.#in(rng.exponential(sessions.meanAwaySeconds), kinds + 1, node)
    this.#init.onChange?.(node, false)
  }

  #return(node: number): void {
    const { rng, kinds } = this.#init
    const sessions = this.#init.sessionsOf(node) as Sessions
    this.online[node] = 1
    this.#onlineCount++
    this.#in(sessions.draw(rng), kinds, node)
    this.#init.onChange?.(node, true)
  }

  #in(seconds: number, kind: number, node: number): void {
    const { wheel } = this.#init
    wheel.schedule(wheel.now + Math.ceil(seconds * TICKS_PER_SECOND), kind, node, 0)
  }
}

function keepSecondsOf({ tables, rng }: ChurnInit): Float64Array {
  const { policy, sessions, refreshSeconds, offerSeconds = 15 } = tables
  if (sessions === undefined || policy.table === 'classic') {
    return new Float64Array(policy.k).fill(refreshSeconds)
  }
  const dead = deadByPlace({ sessions, k: policy.k, offerSeconds, rng: rng.derive('wear') })
  return keepSecondsFor(dead, sessions)
}
