/**
 * The laws of consent, held against every share that leaves a custodian of the model, while it runs:
 * the first breach ends the run with an error that names the seed (checks/violated.ts).
 * @module
 */
import { EXCHANGE_MAX_MS } from '../../core/limits.ts'
import { Tally } from '../checks/observations.ts'
import { CheckViolatedError } from '../checks/violated.ts'
import type { CheckResult } from '../engine.ts'
import type { Scenario } from '../scenario/shape.ts'
import type { Chain } from './chain.ts'
import { type Grant, isIn, type RecordState } from './custody.ts'
import { ticks } from './process.ts'

export interface LawsInit {
  readonly scenario: Scenario
  readonly seed: number
  readonly repeat: number
  readonly chain: Chain
  /** Clocks are exact in the model; what is between two ticks is not. */
  readonly slackTicks?: number
}

export class Laws {
  readonly #init: LawsInit
  readonly #granted = new Tally('no-share-without-grant')
  readonly #revoked = new Tally('revoked-is-denied')
  readonly #receipts = new Tally('every-release-has-a-receipt')
  readonly #stays = new Tally('acknowledged-stays-openable')
  /** Releases later than the guarantee allows, where liars are enough to void it. */
  lateReleases = 0

  constructor(init: LawsInit) {
    this.#init = init
  }

  /** Under a revoked grant no share leaves later than this after its block (SECURITY.md §10). */
  get boundTicks(): number {
    const { headMaxAgeSeconds } = this.#init.scenario.chain
    return ticks(headMaxAgeSeconds * 1_000 + EXCHANGE_MAX_MS)
  }

  /** A share leaves: `head` and `conf` are what its custodian proved the grant at. */
  released(grant: Grant, custodian: number, head: number, conf: number, atTick: number): void {
    const { chain } = this.#init
    const told = () => `node ${custodian}, record ${grant.record}, tick ${atTick}, head ${head}`
    // what a reorganisation took back since was there when it was proven
    const stood = isIn(grant.tx, conf) || (grant.tx?.reorged ?? 0) > 0
    this.#note(this.#granted, stood && grant.sentTick <= atTick, told)
    const { revocation } = grant
    if (revocation == null || revocation.block < 0) return
    const late = atTick > chain.tickOf(revocation.block) + this.boundTicks
    if (late && chain.isForged) {
      // q liars and more: no guarantee is given (§10), so none is broken
      this.lateReleases++
      return
    }
    this.#note(this.#revoked, !late, told)
  }

  /** Receipts on disk against shares that left, of one custodian. */
  receipts(custodian: number, receipts: number, releases: number): void {
    this.#note(
      this.#receipts,
      receipts >= releases,
      () => `node ${custodian}: ${releases} releases, ${receipts} receipts`
    )
  }

  /** Whether t shares and one replica of an acknowledged record are still somewhere, on or off. */
  kept(state: RecordState, shares: number, replicas: number): void {
    const { threshold } = this.#init.scenario.records
    this.#note(
      this.#stays,
      shares >= threshold && replicas > 0,
      () => `record ${state.record}: ${shares} shares and ${replicas} replicas are left`
    )
  }

  results(): readonly CheckResult[] {
    return [this.#granted, this.#revoked, this.#receipts, this.#stays].map((each) => each.result())
  }

  #note(tally: Tally, holds: boolean, told: () => string): void {
    tally.note(holds, told)
    if (holds) return
    throw new CheckViolatedError(tally.result(), this.#init.seed, this.#init.repeat)
  }
}
