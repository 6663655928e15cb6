/**
 * The fast tier's custodian: the real `decide()` and budget, asked as node/release/gate.ts asks
 * them, with proven words taken from the model and the gate's other duties (claim, receipt, check
 * 49, restart) in small. A weakness (mutants.ts) changes what it asks or leaves a check out.
 * @module
 */
import { contextOf } from '../../core/checks/context.ts'
import { Code, type RefuseCode } from '../../core/codes.ts'
import { CHECKS, decide, wordsNeeded } from '../../core/decide.ts'
import {
  type DecideInput,
  type Decision,
  defaultGatePolicy,
  type GatePolicy,
  type NamedWords,
  type Notices
} from '../../core/decision.ts'
import type { AccessRequest } from '../../core/request.ts'
import { Budget } from '../../node/release/budget.ts'
import { PEOPLE, p } from './cast.ts'
import { ancestor, type Block, type State, type Tx } from './chain.ts'
import type { Said } from './endpoints.ts'
import { cast, firstInput, papers, subUseOf, useOf } from './fast-input.ts'
import type { Ask, Step } from './history.ts'
import type { Weakness } from './mutants.ts'
import { type Answer, headsOf, onLine, type Pair } from './quorum.ts'
import type { Paper } from './subs.ts'
import type { Asked } from './terms.ts'
import type { World } from './world.ts'

export type Outcome =
  | { readonly conf: Block; readonly head: Block }
  | { readonly code: RefuseCode }
  /** It died before it could answer. */
  | undefined

interface Receipt {
  readonly opening: number
  readonly paper: Paper | undefined
  readonly ver: number
  readonly atSeconds: number
}

const ROUNDS = 6
export class FastCustodian {
  readonly #world: World
  readonly #weak: Weakness
  readonly #policy: GatePolicy
  // what is on disk
  readonly #receipts: Receipt[] = []
  #noticed: readonly Tx[] = []
  #last: Block | undefined
  // what a crash loses
  #budget = new Budget()
  #subBudget = new Budget()
  /** Blocks with the grants, accounts and versions whose words were proven there. */
  #known = new Map<Block, Set<unknown>>()
  #cached: { readonly atMs: number; readonly answer: Answer } | undefined

  constructor(world: World, weak: Weakness) {
    const { headMaxAgeSeconds, clockGuardSeconds, confirmedLagBlocks } = world.history.setting
    this.#world = world
    this.#weak = weak
    this.#policy = {
      ...defaultGatePolicy,
      headMaxAgeSeconds,
      clockGuardSeconds: weak.guardSeconds ?? clockGuardSeconds,
      confirmedLagBlocks
    }
    this.#start()
  }

  /** Looks how far its log is anchored, so that blocks are known before anybody asks. */
  #start(): void {
    if (this.#weak.refusesAll !== true) this.#current(true)
  }

  notice(tx: Tx): void {
    this.#noticed = [...this.#noticed, tx]
  }

  crash(): void {
    this.#cached = undefined
    this.#known = new Map()
    this.#budget = new Budget()
    this.#subBudget = new Budget()
    if (this.#weak.forgets === 'notices') this.#noticed = []
    this.#start()
    if (this.#weak.forgets === 'budget') return
    for (const { opening, paper, ver, atSeconds } of this.#receipts) {
      this.#budget.claim(useOf(opening, ver), atSeconds)
      if (paper == null || this.#weak.forgets === 'budgets of sub-grants') continue
      this.#subBudget.claim(subUseOf(opening, paper, ver), atSeconds)
    }
  }

  ask(asked: Asked, { before = [], during = [], dies }: Ask): Outcome {
    const { opening, paper, ver } = asked
    const world = this.#world
    if (this.#weak.refusesAll) return { code: Code.BUSY }
    const decided = this.#decide(firstInput(asked, this.#policy, world.localMs), asked, before)
    if ('code' in decided) return decided
    const { input, requested, pair } = decided
    if (dies === 'before receipt') {
      this.crash()
      return undefined
    }
    this.#pass(during)
    this.#receipts.push({ opening, paper, ver, atSeconds: Math.floor(world.localMs / 1_000) })
    if (dies === 'after receipt') {
      this.crash()
      return undefined
    }
    const code = this.#changedMeanwhile(input, pair, asked)
    return code == null ? { conf: requested, head: pair.head } : { code }
  }

  #pass(steps: readonly Step[]): void {
    for (const step of steps) this.#world.take(step)
  }

  #decide(
    first: DecideInput,
    asked: Asked,
    before: readonly Step[]
  ):
    | { readonly input: DecideInput; readonly requested: Block; readonly pair: Pair }
    | { readonly code: RefuseCode } {
    const world = this.#world
    const { opening, paper, ver } = asked
    const use = useOf(opening, ver)
    const bySub = paper && subUseOf(opening, paper, ver)
    let input = first
    let gathered: { readonly pair: Pair; readonly requested: Block | undefined } | undefined
    for (let round = 0; round < ROUNDS; round++) {
      const nowMs = world.localMs
      const used = this.#budget.used(use, input.request.opening.window, nowMs / 1_000)
      const usedBySub = bySub && this.#subBudget.used(bySub, 0, nowMs / 1_000)
      input = { ...input, nowMs, notices: this.#notices(asked), used, usedBySub }
      const decision = this.#rule(input)
      if (decision.kind === 'refuse') return { code: decision.code }
      if (decision.kind === 'release') {
        if (gathered?.requested == null) return { code: Code.INTERNAL }
        if (this.#weak.unclaimed !== true) this.#budget.claim(use, nowMs / 1_000)
        if (bySub != null && this.#weak.unclaimedSub !== true) {
          this.#subBudget.claim(bySub, nowMs / 1_000)
        }
        return { input, requested: gathered.requested, pair: gathered.pair }
      }
      if (decision.what === 'heads') {
        const found = this.#heads(asked)
        if ('code' in found) return found
        gathered = found
        input = { ...input, heads: this.#headsInput(found) }
      } else if (decision.what === 'proofs') {
        if (gathered?.requested == null) return { code: Code.INTERNAL }
        if (input.words == null) this.#pass(before)
        input = { ...input, words: this.#words(input, gathered.requested, gathered.pair) }
      } else {
        input = { ...input, erc1271: 'bad' }
      }
    }
    return { code: Code.INTERNAL }
  }

  /** decide() itself, or its table without some rows. */
  #rule(input: DecideInput): Decision {
    const { without } = this.#weak
    if (without == null) return decide(input, p)
    const c = contextOf(input, p)
    for (const { name, verdict } of CHECKS) {
      if (without.includes(name)) continue
      const found = verdict(c)
      if (typeof found === 'number') return { kind: 'refuse', code: found, wire: Code.DENIED }
      if (found !== undefined) return { kind: 'need', what: found }
    }
    return {
      kind: 'release',
      idx: 2,
      shareEpoch: 1,
      grantId: c.ids.grantId,
      sub: c.ids.subGrant,
      words: undefined
    }
  }

  // ---- what it gathers

  #said(): Said[] {
    const world = this.#world
    const { endpoints } = world
    const now = Math.floor(world.nowMs / 1_000)
    const all = endpoints.manners.map((_, i) => endpoints.ask(i, now))
    const some = this.#weak.quorum === 1 ? all.slice(0, 1) : all
    return some.filter((said) => said != null)
  }

  #current(fresh: boolean): Answer {
    const { cacheMs, setting } = this.#world.history
    const atMs = this.#world.localMs
    const ageMs = atMs - (this.#cached?.atMs ?? Number.NEGATIVE_INFINITY)
    if (!fresh && this.#cached != null && ageMs >= 0 && ageMs < cacheMs) return this.#cached.answer
    const rule = { depth: setting.depth, quorum: this.#weak.quorum ?? setting.quorum }
    const answer = headsOf(this.#said(), rule, this.#last)
    this.#cached = { atMs, answer }
    if ('pair' in answer) this.#last = answer.pair.conf
    return answer
  }

  #heads(
    asked: Asked
  ):
    | { readonly pair: Pair; readonly requested: Block | undefined }
    | { readonly code: RefuseCode } {
    const weak = this.#weak
    let answer = this.#current(false)
    if ('pair' in answer && asked.conf.number > answer.pair.conf.number)
      answer = this.#current(true)
    if ('code' in answer) return answer
    const { confirmedLagBlocks } = this.#world.history.setting
    const { pair } = answer
    const requested =
      weak.anyConf === true ? asked.conf : onLine(pair.conf, asked.conf, confirmedLagBlocks)
    if (weak.headOnly === true) return { pair, requested: pair.head }
    if (weak.confOnly === true) return { pair: { ...pair, head: pair.conf }, requested }
    const tooLow = pair.highest - pair.head.number > 2
    if (weak.heightAge === true && tooLow) return { code: Code.HEAD_STALE }
    return { pair, requested }
  }

  #headsInput({
    pair,
    requested
  }: {
    readonly pair: Pair
    readonly requested: Block | undefined
  }): NonNullable<DecideInput['heads']> {
    return {
      ok: true,
      value: {
        head: pair.head,
        conf: pair.conf,
        requested:
          requested == null
            ? { ok: false, code: Code.CONF_MISMATCH }
            : { ok: true, value: requested }
      }
    }
  }

  /** Words that some endpoint can prove at both blocks, if the code is the pinned one. */
  #words(input: DecideInput, requested: Block, { head }: Pair): NonNullable<DecideInput['words']> {
    const weak = this.#weak
    const states: State[] = []
    for (const block of [requested, weak.headWords === 'conf' ? requested : head]) {
      const state = this.#proven(block, input.request)
      if (state == null) return { ok: false, code: Code.PROOF_UNAVAILABLE }
      states.push(state)
    }
    if (this.#world.history.otherCode && weak.anyCode !== true) {
      return { ok: false, code: Code.CODE_HASH }
    }
    const needed = wordsNeeded(input, p)
    const [conf, atHead] = states.map((state): NamedWords => {
      const words: Record<string, bigint> = {}
      for (const { role, slot } of needed) words[role] = cast.word(state, slot)
      return words
    })
    return { ok: true, value: { conf: conf as NamedWords, head: atHead as NamedWords } }
  }

  #proven(block: Block, request: AccessRequest): State | undefined {
    const proven = this.#known.get(block) ?? new Set()
    // what was once proven of a block stays proven, wherever the chain goes
    const parts = [request.opening, request.binding.account, request.ver, request.sub?.delegator]
    if (parts.every((part) => proven.has(part))) return block.state
    for (const said of this.#said()) {
      if (this.#weak.unproven === true) {
        // the first that answers is believed, whatever its blocks are
        return ancestor(said.head, Math.min(block.number, said.head.number))?.state
      }
      if (said.falseProofs || said.at(block.number) !== block) continue
      for (const part of parts) proven.add(part)
      this.#known.set(block, proven)
      return block.state
    }
    // a weak custodian took a block that nobody has: whoever made it proves it
    return this.#weak.anyConf === true ? block.state : undefined
  }

  // ---- what it knows itself

  /** The highest direct notice of each kind that concerns the request. */
  #notices(asked: Asked): Notices {
    const { opening, ver, account } = asked
    const notices: { -readonly [K in keyof Notices]: Notices[K] } = { erased: false }
    for (const tx of this.#noticed) {
      if (tx.is === 'erase' && tx.ver === ver) notices.erased = true
      if (tx.is === 'revoke' && tx.opening === opening) {
        notices.revokedVersion = Math.max(tx.version, notices.revokedVersion ?? 0)
      }
      if (tx.is === 'handBack' && this.#concerns(tx, asked)) notices.handedBack = true
      if (tx.is === 'revokeAll') notices.ownerEpoch = Math.max(tx.epoch, notices.ownerEpoch ?? 0)
      if (tx.is === 'bind' && tx.account === account) {
        notices.bindingEpoch = Math.max(tx.bindingEpoch, notices.bindingEpoch ?? 0)
      }
      if (tx.is === 'optOut' && tx.version > (notices.optOut?.version ?? 0)) notices.optOut = tx
    }
    return notices
  }

  /** As node/release/facts.ts looks it up: by ids and accounts. */
  #concerns(tx: Tx & { readonly is: 'handBack' }, { opening, paper, account }: Asked): boolean {
    if (this.#weak.deafTo === (tx.paper == null ? 'whole' : 'paper')) return false
    const sub = paper && papers.of(opening, paper).sub
    const { accounts } = PEOPLE
    const by = accounts[tx.account]
    const either = by === accounts[account] || by === sub?.delegator
    if (tx.opening !== opening || !either) return false
    if (tx.paper == null) return true
    return paper != null && papers.id(opening, paper) === papers.id(opening, tx.paper)
  }

  /** Check 49, as the gate makes it once the receipt is on disk. */
  #changedMeanwhile(input: DecideInput, { head }: Pair, asked: Asked): RefuseCode | undefined {
    const weak = this.#weak
    if (weak.noLateCheck === true) return undefined
    const nowMs = this.#world.localMs
    const again = this.#rule({ ...input, nowMs, notices: this.#notices(asked) })
    const told = this.#noticed.length > 0 && again.kind === 'refuse'
    if (told) return again.code
    const aged = nowMs / 1_000 - head.timeSeconds > this.#policy.headMaxAgeSeconds
    if (aged && weak.without?.includes('headIsYoung') !== true) return Code.HEAD_STALE
    return nowMs - asked.arrivedLocalMs > 5_000 ? Code.TIMEOUT : undefined
  }
}
