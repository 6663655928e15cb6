/**
 * Endpoints of a history: honest ones that follow, lag, hang or are down, and liars with blocks of
 * their own. What they say in the fast tier is read by quorum.ts; the whole tier gives the same
 * manners to windows on a memory chain.
 * @module
 */
import { ancestor, type Block, type Chain, type State } from './chain.ts'
import { HONEST, type Manner } from './history.ts'

/** What an endpoint says: its height, and whether it can prove and show what it votes for. */
export interface Said {
  readonly height: number
  /** The block that it names at a number; null: a hash that nobody else names. */
  at(number: number): Block | null | undefined
  readonly head: Block
  /** Its headers do not hash, or its proofs do not fit. */
  readonly falseHeaders: boolean
  readonly falseProofs: boolean
}

const GOOD: Manner = { is: 'good' }

export class Endpoints {
  readonly manners: Manner[]
  /** Where each honest endpoint stands. */
  readonly views: Block[]
  readonly #chain: Chain
  readonly #liars: number
  #forks: (Block | undefined)[]

  constructor(chain: Chain, count: number, quorum: number) {
    this.#chain = chain
    this.#liars = quorum - 1
    this.manners = Array.from({ length: count }, () => GOOD)
    this.views = Array.from({ length: count }, () => chain.tip)
    this.#forks = this.manners.map(() => undefined)
  }

  /** At most q-1 may lie: with one more it stays as it was. */
  set(at: number, manner: Manner): void {
    const lies = this.manners.filter((each, i) => i !== at && !HONEST.includes(each.is)).length
    if (!HONEST.includes(manner.is) && lies >= this.#liars) return
    if (manner.is === 'echo' && manner.of === at) return
    this.manners[at] = manner
    this.#forks[at] = undefined
    this.follow()
  }

  /** Honest endpoints that are neither stuck nor down take the tip. */
  follow(): void {
    for (const [i, manner] of this.manners.entries()) {
      if (manner.is !== 'stuck' && manner.is !== 'down') this.views[i] = this.#chain.tip
    }
  }

  isHonest(at: number): boolean {
    return HONEST.includes(this.manners[at]?.is as string)
  }

  /** What honest ones show, whether up or not. */
  shown(at: number): Block {
    const view = this.views[at] as Block
    const manner = this.manners[at] as Manner
    const lag = manner.is === 'lag' ? manner.blocks : 0
    return ancestor(view, Math.max(0, view.number - lag)) as Block
  }

  /** Undefined while it is down. */
  ask(at: number, nowSeconds: number): Said | undefined {
    const manner = this.manners[at] as Manner
    switch (manner.is) {
      case 'down':
        return undefined
      case 'echo': {
        // a liar that echoes a liar says nothing
        return this.manners[manner.of]?.is === 'echo' ? undefined : this.ask(manner.of, nowSeconds)
      }
      case 'fork':
        return said(this.fork(at, nowSeconds), {})
      case 'boast':
        return said(this.shown(at), { boast: manner.blocks })
      case 'lieHash':
        return said(this.shown(at), { otherHash: true })
      case 'lieState':
        return said(this.shown(at), { falseHeaders: true })
      case 'lieProof':
        return said(this.shown(at), { falseProofs: true })
      default:
        return said(this.shown(at), {})
    }
  }

  /** A liar's own branch: long since granted, never revoked, always of this minute. */
  fork(at: number, nowSeconds: number): Block {
    const { tip } = this.#chain
    let head = this.#forks[at]
    if (head == null) {
      head = ancestor(tip, Math.max(0, tip.number - 12)) as Block
      head = this.#chain.add(head, head.timeSeconds, [], forged(tip.state))
    }
    while (head.number < tip.number || head.timeSeconds < nowSeconds - 3) {
      const far = head.number < tip.number
      head = this.#chain.add(head, far ? head.timeSeconds : nowSeconds, [])
      if (!far) break
    }
    this.#forks[at] = head
    return head
  }
}

function said(
  head: Block,
  how: { boast?: number; otherHash?: boolean; falseHeaders?: boolean; falseProofs?: boolean }
): Said {
  const { boast = 0, otherHash = false, falseHeaders = false, falseProofs = false } = how
  return {
    height: head.number + boast,
    at: (number) => (number > head.number ? undefined : otherHash ? null : ancestor(head, number)),
    head,
    falseHeaders,
    falseProofs
  }
}

function forged(state: State): State {
  const grants = state.grants.map((grant) => ({
    ...grant,
    status: 1,
    epoch: state.owner.epoch,
    version: Math.max(1, grant.version)
  }))
  const owner = { ...state.owner, open: true, optOut: 0 }
  const records = state.records.map((record) => ({ ...record, status: 1 }))
  const accounts = state.accounts.map((account) => ({ ...account, status: 1, roles: 2 }))
  return { ...state, grants, owner, records, accounts }
}
