/**
 * Clinics that flood the topic with hints: what reaches an honest node, and whether honest hints still
 * do. The validator (protocols/announce/SPEC.md) counts by neighbour, 10 a second and 20 at once, and
 * gossipsub remembers a message before it is validated: the first copy that is over the rate is the
 * last that is looked at. A part of the run, at the mesh's own delays, on a wheel of its own.
 * @module
 */
import { REQUESTS_BURST, REQUESTS_PER_SECOND } from '../../../core/limits.ts'
import type { Rng } from '../../random.ts'
import type { Mesh } from '../mesh.ts'
import { ticks } from '../process.ts'
import { Wheel } from '../wheel.ts'

export interface SpamInit {
  readonly mesh: Mesh
  readonly spammers: number
  /** Of each of them. */
  readonly messagesPerSecond: number
  readonly oneWayMs: (from: number, to: number) => number
  readonly rng: Rng
}

export interface SpamResult {
  readonly seconds: number
  /** Honest hints sent, and the mean share of honest nodes that heard each. */
  readonly hints: number
  readonly hintDeliveredShare: number
  /** Copies that an honest node receives, all together. */
  readonly receivedPerNodeSecond: number
  /** Of these, accepted: handed on, and a look at the chain at most. */
  readonly acceptedPerNodeSecond: number
}

const ARRIVES = 0
const SPAMS = 1
const SAYS = 2
/** Simulated at most, and as many arrivals at most. */
const SECONDS_MAX = 20
const SECONDS_MIN = 3
const ARRIVALS_MAX = 3_000_000
/** Honest hints a second: one block's worth of relayers. */
const HINTS_PER_SECOND = 2
/** Before honest hints are counted: buckets run empty first. */
const SETTLE_SECONDS = 2.5

export function spam(init: SpamInit): SpamResult {
  const flood = new Flood(init)
  return flood.run()
}

class Flood {
  readonly #init: SpamInit
  readonly #wheel = new Wheel()
  readonly #seconds: number
  readonly #isSpammer: Uint8Array
  readonly #spammers: number[] = []
  /** By place of a link in the mesh. */
  readonly #tokens: Float64Array
  readonly #tokensAt: Float64Array
  readonly #offset: Uint32Array
  readonly #seen: Set<number>[]
  #messages = 0
  #received = 0
  #accepted = 0
  readonly #honest = new Map<number, number>()

  constructor(init: SpamInit) {
    this.#init = init
    const { mesh, spammers, rng } = init
    const { count } = mesh
    this.#isSpammer = new Uint8Array(count)
    const choose = rng.derive('spammers')
    while (this.#spammers.length < Math.min(spammers, count - 1)) {
      const node = choose.below(count)
      if (this.#isSpammer[node] === 1) continue
      this.#isSpammer[node] = 1
      this.#spammers.push(node)
    }
    this.#offset = new Uint32Array(count + 1)
    for (let node = 0; node < count; node++) {
      this.#offset[node + 1] = (this.#offset[node] as number) + mesh.degreeOf(node)
    }
    const links = this.#offset[count] as number
    this.#tokens = new Float64Array(links).fill(REQUESTS_BURST)
    this.#tokensAt = new Float64Array(links)
    this.#seen = Array.from({ length: count }, () => new Set())
    // each node passes on what all its links let through, to all its links
    const perSecond = Math.max(1, links * 6 * REQUESTS_PER_SECOND)
    this.#seconds = Math.max(SECONDS_MIN, Math.min(SECONDS_MAX, ARRIVALS_MAX / perSecond))
  }

  run(): SpamResult {
    const wheel = this.#wheel
    const { mesh, rng } = this.#init
    const end = ticks(this.#seconds * 1_000)
    wheel.handle(ARRIVES, (message, link) => this.#arrive(message, link))
    wheel.handle(SPAMS, (i) => this.#spam(i, end))
    const say = rng.derive('honest')
    wheel.handle(SAYS, () => {
      let node = say.below(mesh.count)
      while (this.#isSpammer[node] === 1) node = say.below(mesh.count)
      const message = this.#messages++
      this.#honest.set(message, 0)
      this.#pass(node, message, -1)
    })
    const phase = rng.derive('phase')
    for (const i of this.#spammers.keys()) wheel.schedule(phase.below(ticks(1_000)), SPAMS, i, 0)
    const first = Math.min(SETTLE_SECONDS, this.#seconds / 2)
    for (let at = first; at < this.#seconds; at += 1 / HINTS_PER_SECOND) {
      wheel.schedule(ticks(at * 1_000), SAYS, 0, 0)
    }
    wheel.run(end + ticks(5_000))
    return this.#result()
  }

  #result(): SpamResult {
    const honest = this.#init.mesh.count - this.#spammers.length
    const shares = [...this.#honest.values()].map((heard) => heard / Math.max(1, honest - 1))
    return {
      seconds: this.#seconds,
      hints: shares.length,
      hintDeliveredShare: shares.reduce((sum, each) => sum + each, 0) / Math.max(1, shares.length),
      receivedPerNodeSecond: this.#received / honest / this.#seconds,
      acceptedPerNodeSecond: this.#accepted / honest / this.#seconds
    }
  }

  #spam(i: number, end: number): void {
    const { messagesPerSecond } = this.#init
    this.#pass(this.#spammers[i] as number, this.#messages++, -1)
    const next = this.#wheel.now + Math.max(1, ticks(1_000 / messagesPerSecond))
    if (next < end) this.#wheel.schedule(next, SPAMS, i, 0)
  }

  /** To all neighbours but the one it came from. */
  #pass(node: number, message: number, by: number): void {
    const { mesh, oneWayMs } = this.#init
    this.#seen[node]?.add(message)
    for (let i = 0; i < mesh.degreeOf(node); i++) {
      const to = mesh.neighbour(node, i)
      if (to === by) continue
      const at = this.#wheel.now + Math.max(1, ticks(oneWayMs(node, to)))
      this.#wheel.schedule(at, ARRIVES, message, this.#linkOf(to, node))
    }
  }

  /** Place of the link at which `node` hears `from`. */
  #linkOf(node: number, from: number): number {
    const { mesh } = this.#init
    for (let i = 0; i < mesh.degreeOf(node); i++) {
      if (mesh.neighbour(node, i) === from) return (this.#offset[node] as number) + i
    }
    return this.#offset[node] as number
  }

  #arrive(message: number, link: number): void {
    const { mesh } = this.#init
    const node = this.#nodeOf(link)
    if (this.#isSpammer[node] === 1) return
    this.#received++
    const seen = this.#seen[node] as Set<number>
    if (seen.has(message)) return
    seen.add(message)
    if (!this.#take(link)) return
    this.#accepted++
    const heard = this.#honest.get(message)
    if (heard != null) this.#honest.set(message, heard + 1)
    this.#pass(node, message, mesh.neighbour(node, link - (this.#offset[node] as number)))
  }

  #nodeOf(link: number): number {
    let low = 0
    let high = this.#init.mesh.count
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#offset[middle] as number) <= link) low = middle
      else high = middle
    }
    return low
  }

  #take(link: number): boolean {
    const now = this.#wheel.now
    const passed = (now - (this.#tokensAt[link] as number)) / ticks(1_000)
    this.#tokensAt[link] = now
    const tokens = Math.min(
      REQUESTS_BURST,
      (this.#tokens[link] as number) + passed * REQUESTS_PER_SECOND
    )
    this.#tokens[link] = tokens < 1 ? tokens : tokens - 1
    return tokens >= 1
  }
}
