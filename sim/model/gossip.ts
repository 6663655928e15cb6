/**
 * Hints that words changed (protocols/announce/SPEC.md): from the clinic that brought a message to
 * the chain to all others. They have no authority, so nothing waits for them; what they cost and how
 * fast they are is all there is to know. The first ones are followed node by node, later ones take
 * the means of those.
 * @module
 */
import type { Rng } from '../random.ts'
import { bytes, TrafficKind } from './costs.ts'
import { Mesh, type Spread } from './mesh.ts'
import type { Operations } from './operations.ts'
import { type Processes, ticks } from './process.ts'
import type { Traffic } from './traffic.ts'

export interface GossipInit {
  readonly clinics: number
  readonly rng: Rng
  readonly processes: Processes
  readonly traffic: Traffic
  readonly operations: Operations
  readonly oneWayMs: (from: number, to: number) => number
  readonly clinicsOnline: () => number
}

/** Links that hints may be followed over, in all: a few seconds of a run. */
const FOLLOWED_LINKS = 6_000_000
/** The validator of a hint (announce/SPEC.md: under 1 ms). */
const VALIDATE_MS = 0.2

export class Gossip {
  readonly #init: GossipInit
  #mesh: Mesh | undefined
  #followed = 0
  #links = 0
  #sums = { reached: 0, messages: 0, lastTick: 0, hops: 0 }
  hints = 0

  constructor(init: GossipInit) {
    this.#init = init
  }

  get mesh(): Mesh {
    this.#mesh ??= new Mesh(this.#init.clinics, this.#init.rng.derive('mesh'))
    return this.#mesh
  }

  /** A clinic says that the chain changed; a row of its own. */
  tell(origin: number): void {
    const { operations, processes, clinics, traffic } = this.#init
    if (clinics < 2 || !traffic.isOnline(origin)) return
    this.hints++
    const operation = operations.begin('hint', origin)
    const { reached, messages, lastTick, hops } =
      this.#links < FOLLOWED_LINKS ? this.#follow(origin) : this.#mean()
    operation.messages = messages
    operation.bytes = messages * bytes.hint
    operation.hops = hops
    operation.found = Math.min(1, reached / this.#init.clinicsOnline())
    processes.at(processes.nowTick + Math.round(lastTick), () => operations.end(operation, ''))
  }

  #follow(origin: number): Spread {
    const { traffic, oneWayMs } = this.#init
    const spread = this.mesh.spread(
      origin,
      (from, to) =>
        traffic.isOnline(to) && !traffic.isParted(from, to)
          ? ticks(oneWayMs(from, to) + VALIDATE_MS)
          : -1,
      (from, to) => traffic.count(undefined, from, to, bytes.hint, 'gossip')
    )
    this.#followed++
    this.#links += spread.messages
    this.#sums.reached += spread.reached
    this.#sums.messages += spread.messages
    this.#sums.lastTick += spread.lastTick
    this.#sums.hops += spread.hops
    return spread
  }

  #mean(): Spread {
    const { traffic } = this.#init
    const { reached, messages, lastTick, hops } = this.#sums
    const of = (sum: number): number => sum / this.#followed
    const at = TrafficKind.indexOf('gossip')
    const size = of(messages) * bytes.hint
    traffic.kindBytes[at] = (traffic.kindBytes[at] as number) + size
    traffic.totalBytes += size
    traffic.totalMessages += of(messages)
    return {
      reached: of(reached),
      messages: of(messages),
      lastTick: of(lastTick),
      hops: of(hops)
    }
  }
}
