/**
 * What goes on around a custodian in one history: true time, the chain, endpoints, its clock, and
 * the requests that reach it. Both tiers play on it; the whole one repeats what it does on a memory
 * chain, told by `onChange`.
 * @module
 */
import { CHAIN, firstState, START } from './cast.ts'
import { type AccountFact, ancestor, type Block, Chain, isOnLine, type Tx } from './chain.ts'
import { Endpoints } from './endpoints.ts'
import type { Act, Ask, History, Manner, Step } from './history.ts'
import { Judge } from './judge.ts'
import type { Asked } from './terms.ts'

export type Change =
  | { readonly is: 'sent'; readonly tx: Tx }
  | { readonly is: 'mined'; readonly block: Block }
  | {
      readonly is: 'reorg'
      readonly depth: number
      /** The new ones, ascending. */
      readonly blocks: readonly Block[]
      readonly keep: boolean
    }
  | { readonly is: 'endpoint'; readonly at: number; readonly manner: Manner }
  | { readonly is: 'noticed'; readonly tx: Tx }

export interface Stream {
  readonly number: number
  lastSeq: number
  account: number
}

const DAY = 86_400

export class World {
  readonly history: History
  readonly chain: Chain
  readonly endpoints: Endpoints
  readonly judge: Judge
  readonly onChange: ((change: Change) => void) | undefined
  nowMs = START * 1_000
  skewMs = 0
  stream: Stream = { number: 0, lastSeq: 0, account: 0 }
  #orphan: Block | undefined

  constructor(history: History, onChange?: (change: Change) => void) {
    const { setting, openings, cacheMs, otherCode } = history
    const { depth, blockSeconds } = setting
    this.history = history
    this.onChange = onChange
    this.chain = new Chain(firstState(openings), START - (depth + 3) * blockSeconds)
    for (let i = depth + 2; i > 0; i--) this.chain.mine(START - i * blockSeconds)
    this.endpoints = new Endpoints(this.chain, setting.endpoints, setting.quorum)
    const tip = () => this.chain.tip
    const { endpoints } = this
    this.judge = new Judge(setting, { cacheMs, otherCode, endpoints, tip })
    this.judge.saw(this.nowMs)
  }

  get localMs(): number {
    return this.nowMs + this.skewMs
  }

  /** Everything but asking and crashing, which are the custodian's; true if that was it. */
  take(step: Step): boolean {
    switch (step.do) {
      case 'blocks':
        for (let i = 0; i < step.count; i++) {
          this.nowMs += this.history.setting.blockSeconds * 1_000
          this.#mine(Math.floor(this.nowMs / 1_000))
        }
        return true
      case 'wait':
        this.nowMs += step.ms
        return true
      case 'jump': {
        const { toSeconds, blockAgo } = step
        const before = blockAgo == null ? 0 : toSeconds - blockAgo
        if (toSeconds * 1_000 <= this.nowMs) return true
        if (before * 1_000 > this.nowMs) {
          this.nowMs = before * 1_000
          this.#mine(before)
        }
        this.nowMs = toSeconds * 1_000
        return true
      }
      case 'act':
        this.#act(step.act, step.notice === true, step.chain !== false)
        return true
      case 'reorg':
        this.#reorg(step)
        return true
      case 'endpoint':
        this.endpoints.set(step.at, step.manner)
        this.onChange?.({ is: 'endpoint', at: step.at, manner: step.manner })
        this.judge.saw(this.nowMs)
        return true
      case 'skew':
        if (this.skewMs === step.seconds * 1_000) return true
        this.skewMs = step.seconds * 1_000
        this.judge.clockMoved()
        return true
      default:
        return false
    }
  }

  #mine(timeSeconds: number): void {
    this.chain.mine(timeSeconds)
    this.onChange?.({ is: 'mined', block: this.chain.tip })
    this.endpoints.follow()
    this.judge.saw(this.nowMs)
  }

  #act(act: Act, notice: boolean, toChain: boolean): void {
    const tx = this.#txOf(act)
    if (notice) {
      this.onChange?.({ is: 'noticed', tx })
      this.judge.noticed(tx)
    }
    if (!toChain) return
    this.chain.send(tx)
    this.onChange?.({ is: 'sent', tx })
  }

  /** Numbers as the owner's page would choose them now. */
  #txOf(act: Act): Tx {
    const state = this.chain.pending()
    const version = (opening: number): number =>
      (state.grants.find((grant) => grant.opening === opening)?.version ?? 0) + 1
    switch (act.is) {
      case 'grant':
        return { ...act, is: 'grant', version: version(act.opening), epoch: state.owner.epoch }
      case 'revoke':
        return { ...act, is: 'revoke', version: version(act.opening) }
      case 'revokeAll':
        return { is: 'revokeAll', epoch: state.owner.epoch + 1 }
      case 'optOut':
        return { ...act, version: state.owner.optOutVersion + 1 }
      case 'bind': {
        const was = state.accounts[act.account] as AccountFact
        return { ...act, bindingEpoch: was.bindingEpoch + 1 }
      }
      case 'handBack': {
        const { account, opening, paper } = act
        return {
          is: 'handBack',
          account,
          opening,
          paper: paper == null ? undefined : { kind: paper, version: this.#given(opening) }
        }
      }
      case 'refresh':
      case 'erase': {
        const stored = state.records[act.ver - 1]?.shareEpoch ?? 1
        const shareEpoch = act.is === 'refresh' ? stored + 1 : stored
        return { is: act.is, ver: act.ver, shareEpoch }
      }
      default:
        return act
    }
  }

  /** The version of the grant's word, as whoever passes it on sees it. */
  #given(opening: number): number {
    const { grants } = this.chain.tip.state
    return Math.max(1, grants.find((grant) => grant.opening === opening)?.version ?? 0)
  }

  #reorg({ depth, blocks, keep, fresh }: Step & { do: 'reorg' }): void {
    const { tip } = this.chain
    const { blockSeconds } = this.history.setting
    const base = ancestor(tip, Math.max(0, tip.number - depth)) as Block
    const now = Math.floor(this.nowMs / 1_000)
    const times = Array.from({ length: blocks }, (_, i) =>
      Math.min(now, base.timeSeconds + (i + 1) * blockSeconds)
    )
    if (fresh) times[times.length - 1] = now
    if (base !== tip) this.#orphan = tip
    const made = this.chain.reorg(depth, times, keep)
    this.onChange?.({ is: 'reorg', depth: tip.number - base.number, blocks: made, keep })
    this.endpoints.follow()
    this.judge.saw(this.nowMs)
  }

  // ---- requests

  /** The request that an ask makes here and now; it takes its number on its stream. */
  asked(ask: Ask): Asked {
    const { fault } = ask
    const other = fault === 'other stream'
    const before = this.stream
    const same = ask.sameStream === true || fault === 'replay' || fault === 'skipped seq'
    if (!same || before.number === 0 || before.account !== ask.account) {
      this.stream = { number: before.number + 1, lastSeq: 0, account: ask.account }
    }
    const { stream } = this
    const { lastSeq } = stream
    const repeats = fault === 'replay' ? 0 : fault === 'skipped seq' ? 2 : 1
    const seq = other ? Math.max(1, before.lastSeq) : lastSeq + repeats
    if (seq === lastSeq + 1) stream.lastSeq = seq
    const now = Math.floor(this.nowMs / 1_000)
    const state = this.chain.tip.state
    const epoch = state.accounts[ask.account]?.bindingEpoch ?? 1
    const shareEpoch = state.records[ask.ver - 1]?.shareEpoch ?? 1
    return {
      opening: ask.opening,
      ver: ask.ver,
      account: ask.account,
      purpose: ask.purpose,
      paper:
        ask.paper == null
          ? undefined
          : { kind: ask.paper, version: ask.oldPaper ? 1 : this.#given(ask.opening) },
      shareEpoch: ask.oldEpoch ? Math.max(1, shareEpoch - 1) : shareEpoch,
      bindingEpoch: fault === 'old binding' ? Math.max(1, epoch - 1) : epoch,
      boundFrom: fault === 'future binding' ? now + 300 : START - DAY,
      boundUntil: fault === 'ended binding' ? now - 5 : START + DAY,
      chain: fault === 'other chain' ? CHAIN + 1 : CHAIN,
      ourRegistry: fault !== 'other registry',
      ourself: fault !== 'other custodian',
      boundPeer: fault !== 'other peer',
      signed: fault !== 'unsigned',
      bound: fault !== 'unbound',
      challengeOf: other ? before.number : stream.number,
      stream: stream.number,
      seq,
      lastSeq,
      deadline: fault === 'late' ? now - 2 : fault === 'far deadline' ? now + 200 : now + 30,
      conf: this.#conf(ask),
      arrivedMs: this.nowMs,
      arrivedLocalMs: this.localMs,
      undisturbed: ask.before == null && ask.during == null && ask.dies == null && fault == null
    }
  }

  #conf({ conf, ver }: Ask): Block {
    const { tip } = this.chain
    const { depth, confirmedLagBlocks: lag } = this.history.setting
    const back = (blocks: number): Block => ancestor(tip, Math.max(0, tip.number - blocks)) as Block
    switch (conf) {
      case 'older':
        return back(depth + 1 + Math.floor(((lag - 1) * (ver - 1)) / 2))
      case 'too old':
        return back(depth + lag + ver)
      case 'head':
        return tip
      case 'laggard': {
        const { manners } = this.endpoints
        const at = manners.findIndex(({ is }) => is === 'stuck' || is === 'lag')
        const view = at < 0 ? tip : this.endpoints.shown(at)
        return ancestor(view, Math.max(0, view.number - depth)) as Block
      }
      case 'orphan': {
        const orphan = this.#orphan
        if (orphan == null || isOnLine(orphan, tip)) return back(depth + 1)
        return ancestor(orphan, Math.max(0, orphan.number - (ver - 1) * 2)) as Block
      }
      case 'forged': {
        const liar = this.endpoints.manners.findIndex(({ is }) => is === 'fork')
        if (liar < 0) return back(1)
        const fork = this.endpoints.fork(liar, Math.floor(this.nowMs / 1_000))
        return ancestor(fork, fork.number - depth - (ver - 1)) ?? fork
      }
      default:
        return back(depth)
    }
  }
}
