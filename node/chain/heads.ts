/**
 * Head and confirmed block by q of m endpoints (checks 12–17 of SECURITY.md §9.2): n is the q-th
 * highest head, q of those at or above n must give the same block n, and its header must hash. So
 * q-1 liars can neither raise nor forge either block. The confirmed block never leaves the line of
 * the last one persisted. How old a head may be is for `decide()`, by timestamp.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { Code, type RefuseCode } from '../../core/codes.ts'
import { InvalidConfigError, InvalidProofError } from '../../core/errors.ts'
import {
  HEAD_CACHE_MS,
  HEAD_GRACE_MS,
  HEADERS_AT_ONCE,
  HEADERS_WALKED,
  PROOF_HEDGE_MS,
  RPC_MAX_MS
} from '../../core/limits.ts'
import type {
  BlockRef,
  ClaimedHeader,
  Clock,
  CurrentHeads,
  Endpoint,
  HeadSource,
  Outcome,
  VerifiedHeader
} from '../adapters.ts'
import { ConfirmedLine } from './confirmed-line.ts'
import { claimedRef, verifyHeader } from './header.ts'
import type { ChainParameters } from './parameters.ts'
import { firstGood, gather, nthHighest, waitFor } from './quorum.ts'
import { CliqueDepth, QbftSeals, type SealCrypto } from './seals.ts'

/** Where the last confirmed block is kept over restarts. `put` resolves once it is durable. */
export interface Checkpoint {
  get(): Promise<BlockRef | undefined>
  put(ref: BlockRef): Promise<void>
}

export interface QuorumHeadsInit {
  readonly endpoints: readonly Endpoint[]
  readonly parameters: ChainParameters
  readonly clock: Clock
  readonly checkpoint: Checkpoint
  readonly primitives: SealCrypto
  /** @default HEAD_CACHE_MS */
  readonly cacheMs?: number
  /** For both blocks together. @default RPC_MAX_MS */
  readonly timeoutMs?: number
}

/** A question under way, and what was known of the chain's moves when it began. */
interface Flight {
  readonly answer: Promise<Outcome<CurrentHeads>>
  readonly expiries: number
}

interface Report {
  readonly endpoint: Endpoint
  readonly head: number
  /** Highest block that it would call confirmed. */
  readonly conf: number
}

/** @throws InvalidConfigError unless the quorum is a majority of the endpoints */
export function quorumHeads(init: QuorumHeadsInit): HeadSource {
  return new QuorumHeads(init)
}

const refuse = (code: RefuseCode): { ok: false; code: RefuseCode } => ({ ok: false, code })

class QuorumHeads implements HeadSource {
  readonly #init: QuorumHeadsInit
  readonly #quorum: number
  readonly #line: ConfirmedLine
  readonly #clique: CliqueDepth | undefined
  readonly #qbft: QbftSeals | undefined
  #cached: { readonly atMs: number; readonly answer: Outcome<CurrentHeads> } | undefined
  #flight: Flight | undefined
  /** How often the chain was said to have moved. */
  #expiries = 0
  #last: BlockRef | undefined

  constructor(init: QuorumHeadsInit) {
    const { endpoints, parameters } = init
    this.#init = init
    this.#quorum = parameters.quorum
    if (this.#quorum > endpoints.length || 2 * this.#quorum <= endpoints.length) {
      throw new InvalidConfigError(
        `"endpoints" expected ${this.#quorum} to be more than half of them, got ${endpoints.length}`
      )
    }
    const line = Math.max(parameters.confirmedLagBlocks + HEADERS_AT_ONCE, HEADERS_WALKED)
    this.#line = new ConfirmedLine(line, (...walk) => this.#walkDown(...walk))
    const { confirmed } = parameters
    if (confirmed.by !== 'seals') return
    if (confirmed.seal === 'qbft') this.#qbft = new QbftSeals(confirmed.sealers, init.primitives)
    else this.#clique = new CliqueDepth(confirmed.sealers, init.primitives)
  }

  async current(options: AbortOptions = {}): Promise<Outcome<CurrentHeads>> {
    const { cacheMs = HEAD_CACHE_MS, clock } = this.#init
    const ageMs = clock.nowMs() - (this.#cached?.atMs ?? Number.NEGATIVE_INFINITY)
    // A clock set back makes the age negative: then the answer is older than it seems.
    if (this.#cached != null && ageMs >= 0 && ageMs < cacheMs) return this.#cached.answer
    return await this.#refresh(options)
  }

  expire(): void {
    this.#cached = undefined
    this.#expiries++
  }

  async onConfirmedLine(
    ref: BlockRef,
    options: AbortOptions = {}
  ): Promise<Outcome<VerifiedHeader>> {
    let now = await this.current(options)
    // The asker's endpoints may be a block ahead of an answer that we kept.
    if (now.ok && ref.number > now.value.conf.number) now = await this.#refresh(options)
    if (!now.ok) return now
    const behind = now.value.conf.number - ref.number
    if (behind < 0 || behind > this.#init.parameters.confirmedLagBlocks) {
      return refuse(Code.CONF_MISMATCH)
    }
    const header =
      this.#line.kept(ref.number) ??
      (await waitFor(this.#line.at(ref.number, this.#deadline()), options.signal))
    if (header == null || !equalBytes(header.hash, ref.hash)) return refuse(Code.CONF_MISMATCH)
    return { ok: true, value: header }
  }

  /** All callers share one flight; a caller's signal ends only its own waiting. */
  #refresh(options: AbortOptions): Promise<Outcome<CurrentHeads>> {
    const before = this.#flight
    if (before == null || before.expiries !== this.#expiries) {
      const expiries = this.#expiries
      // one at a time: the confirmed line must not be extended by two
      const answer = (async () => {
        await before?.answer.catch(() => {})
        return await this.#fly(expiries)
      })().finally(() => {
        if (this.#flight === flight) this.#flight = undefined
      })
      const flight = { answer, expiries }
      this.#flight = flight
    }
    return waitFor((this.#flight as Flight).answer, options.signal)
  }

  #deadline(): AbortSignal {
    return AbortSignal.timeout(this.#init.timeoutMs ?? RPC_MAX_MS)
  }

  async #fly(expiries: number): Promise<Outcome<CurrentHeads>> {
    const atMs = this.#init.clock.nowMs()
    const done = new AbortController()
    const signal = AbortSignal.any([done.signal, this.#deadline()])
    try {
      const answer = await this.#ask(atMs, signal)
      // endpoints that were asked before it moved may have answered before, too
      if (expiries === this.#expiries) this.#cached = { atMs, answer }
      return answer
    } finally {
      done.abort() // stragglers
    }
  }

  async #ask(askedAtMs: number, signal: AbortSignal): Promise<Outcome<CurrentHeads>> {
    const { endpoints } = this.#init
    const asked = endpoints.map((endpoint) => this.#report(endpoint, signal))
    const reports = await gather(asked, {
      quorum: this.#quorum,
      graceMs: HEAD_GRACE_MS,
      signal
    })
    const head = nthHighest(
      reports.map((report) => report.head),
      this.#quorum
    )
    const conf = nthHighest(
      reports.map((report) => report.conf),
      this.#quorum
    )
    if (head == null || conf == null) return refuse(Code.RPC_UNAVAILABLE)

    this.#last ??= await this.#init.checkpoint.get()
    const last = this.#last
    // Endpoints that fell back behind our last block must still have it on their line.
    const target = last != null && conf < last.number && head >= last.number ? last.number : conf
    const [headBlock, confBlock] = await Promise.all([
      this.#agreed(
        head,
        reports.filter((report) => report.head >= head),
        signal
      ),
      this.#agreed(
        target,
        reports.filter((report) => report.head >= target),
        signal
      )
    ])
    if (!headBlock.ok) return headBlock
    if (!confBlock.ok) return confBlock
    const unsealed = await this.#unsealed(confBlock.value, headBlock.value, last, signal)
    if (unsealed != null) return refuse(unsealed)
    const descent = await this.#descend(confBlock.value, last, reports, signal)
    if (descent != null) return refuse(descent)
    return { ok: true, value: { head: headBlock.value, conf: confBlock.value, askedAtMs } }
  }

  async #report(endpoint: Endpoint, signal: AbortSignal): Promise<Report> {
    const { confirmed } = this.#init.parameters
    if (confirmed.by !== 'finalized') {
      const head = await endpoint.headNumber({ signal })
      return { endpoint, head, conf: Math.max(0, head - confirmed.blocks) }
    }
    const [head, conf] = await Promise.all([
      endpoint.headNumber({ signal }),
      endpoint.finalizedNumber({ signal })
    ])
    return { endpoint, head, conf: Math.min(conf, head) }
  }

  /** The block of this number that q of the endpoints name, its header verified. */
  async #agreed(
    number: number,
    reports: readonly Report[],
    signal: AbortSignal
  ): Promise<Outcome<VerifiedHeader>> {
    const asked = reports.map(async ({ endpoint }) => await endpoint.header(number, { signal }))
    const answers = await gather(asked, {
      quorum: this.#quorum,
      graceMs: HEAD_GRACE_MS,
      settles: (claims) => this.#votes(number, claims) != null,
      signal
    })
    const winner = this.#votes(number, answers)
    if (winner == null) {
      const enough = answers.length >= this.#quorum
      return refuse(enough ? Code.RPC_DISAGREE : Code.RPC_UNAVAILABLE)
    }
    for (const claim of winner.claims) {
      const value = this.#verify(claim, winner.ref)
      if (value != null) return { ok: true, value }
    }
    return refuse(Code.HEADER_INVALID)
  }

  #votes(
    number: number,
    claims: readonly (ClaimedHeader | undefined)[]
  ): { readonly ref: BlockRef; readonly claims: readonly ClaimedHeader[] } | undefined {
    const byHash = new Map<string, { ref: BlockRef; claims: ClaimedHeader[] }>()
    for (const claim of claims) {
      const ref = claim == null ? undefined : claimedRef(claim)
      if (claim == null || ref == null || ref.number !== number) continue
      const key = toHex(ref.hash)
      const votes = byHash.get(key)
      if (votes == null) byHash.set(key, { ref, claims: [claim] })
      else votes.claims.push(claim)
    }
    return [...byHash.values()].find((votes) => votes.claims.length >= this.#quorum)
  }

  #verify(claim: ClaimedHeader, ref: BlockRef): VerifiedHeader | undefined {
    try {
      return this.#open(claim, ref)
    } catch {
      return undefined // this endpoint's header is not the block; another's may be
    }
  }

  /** @throws InvalidProofError */
  #open(claim: ClaimedHeader, ref: BlockRef): VerifiedHeader {
    return this.#qbft?.verify(claim, ref) ?? verifyHeader(claim, ref, this.#init.primitives)
  }

  /** Code 303 unless enough sealers stand on `conf`; the last confirmed block had them once. */
  async #unsealed(
    conf: VerifiedHeader,
    head: VerifiedHeader,
    last: BlockRef | undefined,
    signal: AbortSignal
  ): Promise<RefuseCode | undefined> {
    if (this.#clique == null || (last != null && equalBytes(conf.hash, last.hash))) return undefined
    const walk = this.#walkDown.bind(this)
    const isSealed = await this.#clique.isSealed(conf, head, walk, signal)
    if (isSealed === undefined) return Code.RPC_UNAVAILABLE
    return isSealed ? undefined : Code.HEADER_INVALID
  }

  /** Code 306 unless `conf` is, or descends from, the last confirmed block; then it is the last. */
  async #descend(
    conf: VerifiedHeader,
    last: BlockRef | undefined,
    reports: readonly Report[],
    signal: AbortSignal
  ): Promise<RefuseCode | undefined> {
    if (last != null && conf.number <= last.number) {
      // A lower one cannot be on the line unless the endpoints lost blocks: say so (CHAIN.md §2.1).
      if (conf.number < last.number || !equalBytes(conf.hash, last.hash)) {
        return Code.CONF_REGRESSION
      }
      if (this.#line.tip == null) this.#line.restart(conf)
      return undefined
    }
    if (last != null && conf.number - last.number <= HEADERS_WALKED) {
      const descends = await this.#line.extend(conf, last, signal)
      if (descends === undefined) return Code.RPC_UNAVAILABLE
      if (!descends) return Code.CONF_REGRESSION
    } else {
      // Too far to walk, after days of rest: q endpoints must still have the last block.
      if (last != null) {
        const same = await this.#agreed(last.number, reports, signal)
        if (!same.ok) return same.code
        if (!equalBytes(same.value.hash, last.hash)) return Code.CONF_REGRESSION
      }
      this.#line.restart(conf)
    }
    const ref = { number: conf.number, hash: conf.hash }
    await this.#init.checkpoint.put(ref)
    this.#last = ref
    return undefined
  }

  /** Headers `to`..child-1, ascending, from whichever endpoint has them. */
  async #walkDown(
    child: VerifiedHeader,
    to: number,
    signal: AbortSignal
  ): Promise<VerifiedHeader[] | undefined> {
    const down: VerifiedHeader[] = []
    try {
      for (let high = child.number - 1; high >= to; high -= HEADERS_AT_ONCE) {
        const low = Math.max(to, high - HEADERS_AT_ONCE + 1)
        const parent = down.at(-1) ?? child
        const askers = this.#init.endpoints.map(
          (endpoint) => (ends: AbortSignal) => this.#stretch(endpoint, parent, low, ends)
        )
        down.push(...(await firstGood(askers, PROOF_HEDGE_MS, signal)))
      }
    } catch {
      return undefined
    }
    return down.reverse()
  }

  /** One endpoint's headers child-1..low, descending: each must hash to its child's parentHash. */
  async #stretch(
    endpoint: Endpoint,
    child: VerifiedHeader,
    low: number,
    signal: AbortSignal
  ): Promise<VerifiedHeader[]> {
    const numbers = Array.from({ length: child.number - low }, (_, i) => child.number - 1 - i)
    const claims = await Promise.all(numbers.map((number) => endpoint.header(number, { signal })))
    const headers: VerifiedHeader[] = []
    for (const [i, number] of numbers.entries()) {
      const claim = claims[i]
      if (claim == null) throw new InvalidProofError(`no header ${number}`)
      const ref = { number, hash: (headers.at(-1) ?? child).parentHash }
      headers.push(this.#open(claim, ref))
    }
    return headers
  }
}
