/**
 * What truly happens on the chain of a history: blocks with parents and times, and what consent
 * says in each, in plain values. The judge reads these and nothing else; a custodian sees words.
 * @module
 */
import { type Hash, hash } from '../../core/ids.ts'
import type { Paper } from './subs.ts'

export interface GrantFact {
  readonly opening: number
  /** 0: never given; 1: active; 2: revoked. */
  readonly status: number
  readonly epoch: number
  readonly version: number
  readonly changedAt: number
  readonly changedBlock: number
}
export interface OwnerFact {
  readonly open: boolean
  readonly epoch: number
  readonly changedAt: number
  readonly optOut: number
  readonly optOutVersion: number
}
export interface AccountFact {
  /** 1: open; 2: suspended. */
  readonly status: number
  readonly bindingEpoch: number
  readonly org: number
  readonly roles: number
  readonly changedAt: number
}
export interface RecordFact {
  readonly status: number
  readonly shareEpoch: number
  readonly changedAt: number
}
/** An organisation, or membership of the group; 0 is absent. */
export interface StatusFact {
  readonly status: number
  readonly changedAt: number
}

export interface State {
  readonly grants: readonly GrantFact[]
  readonly owner: OwnerFact
  readonly accounts: readonly AccountFact[]
  /** By version, from 1. */
  readonly records: readonly RecordFact[]
  readonly org: StatusFact
  readonly members: readonly StatusFact[]
}

export type Tx =
  | {
      readonly is: 'grant'
      readonly opening: number
      readonly version: number
      readonly epoch: number
    }
  | { readonly is: 'revoke'; readonly opening: number; readonly version: number }
  | { readonly is: 'revokeAll'; readonly epoch: number }
  | { readonly is: 'optOut'; readonly purposes: number; readonly version: number }
  | { readonly is: 'bind'; readonly account: number; readonly bindingEpoch: number }
  | { readonly is: 'erase'; readonly ver: number; readonly shareEpoch: number }
  | { readonly is: 'refresh'; readonly ver: number; readonly shareEpoch: number }
  | { readonly is: 'account'; readonly account: number; readonly status: number }
  | { readonly is: 'roles'; readonly account: number; readonly roles: number }
  | { readonly is: 'org'; readonly status: number }
  | { readonly is: 'moves'; readonly account: number; readonly org: number }
  /** Never sent to the chain. */
  | {
      readonly is: 'handBack'
      readonly account: number
      readonly opening: number
      readonly paper: Paper | undefined
    }
  | { readonly is: 'member'; readonly account: number; readonly status: number }

export interface Block {
  readonly number: number
  readonly hash: Hash
  readonly timeSeconds: number
  readonly parent: Block | undefined
  /** An ancestor further down, so that old ones are found in few steps. */
  readonly jump: Block | undefined
  readonly state: State
  readonly txs: readonly Tx[]
  /** Once so deep in an honest endpoint's chain as the rule of confirmation asks. */
  confirmed: boolean
}

const hashes: Hash[] = []
/** The n-th block of a history has the same made-up hash in all. */
export function hashNo(n: number): Hash {
  for (let i = hashes.length; i <= n; i++) {
    const bytes = new Uint8Array(32).fill(0xb0)
    new DataView(bytes.buffer).setUint32(0, i)
    hashes.push(hash(bytes))
  }
  return hashes[n] as Hash
}

/** The block of that number on this one's line. */
export function ancestor(block: Block, number: number): Block | undefined {
  let at: Block | undefined = block
  while (at != null && at.number > number) {
    at = at.jump != null && at.jump.number >= number ? at.jump : at.parent
  }
  return at?.number === number ? at : undefined
}

export const isOnLine = (block: Block, of: Block): boolean => ancestor(of, block.number) === block

const replaced = <T>(list: readonly T[], at: number, by: T): readonly T[] =>
  list.map((each, i) => (i === at ? by : each))

/** What a block makes of a transaction; the contracts' refusals change nothing. */
export function apply(state: State, tx: Tx, number: number, changedAt: number): State {
  switch (tx.is) {
    case 'grant':
    case 'revoke': {
      const at = state.grants.findIndex(({ opening }) => opening === tx.opening)
      const was = state.grants[at] as GrantFact
      const gives = tx.is === 'grant'
      const fits = gives
        ? tx.version === was.version + 1 && tx.epoch === state.owner.epoch
        : tx.version > was.version
      if (!fits) return state
      const grant = {
        opening: tx.opening,
        status: gives ? 1 : 2,
        epoch: state.owner.epoch,
        version: tx.version,
        changedAt,
        changedBlock: number
      }
      const owner =
        gives && !state.owner.open ? { ...state.owner, open: true, changedAt } : state.owner
      return { ...state, owner, grants: replaced(state.grants, at, grant) }
    }
    case 'revokeAll':
      if (tx.epoch <= state.owner.epoch) return state
      return { ...state, owner: { ...state.owner, open: true, epoch: tx.epoch, changedAt } }
    case 'optOut': {
      if (tx.version <= state.owner.optOutVersion) return state
      const { purposes: optOut, version: optOutVersion } = tx
      return { ...state, owner: { ...state.owner, open: true, optOut, optOutVersion, changedAt } }
    }
    case 'bind': {
      const was = state.accounts[tx.account] as AccountFact
      if (tx.bindingEpoch <= was.bindingEpoch) return state
      const account = { ...was, bindingEpoch: tx.bindingEpoch, changedAt }
      return { ...state, accounts: replaced(state.accounts, tx.account, account) }
    }
    case 'account':
    case 'moves':
    case 'roles': {
      const was = state.accounts[tx.account] as AccountFact
      const change =
        tx.is === 'roles'
          ? { roles: tx.roles }
          : tx.is === 'moves'
            ? { org: tx.org }
            : { status: tx.status }
      return {
        ...state,
        accounts: replaced(state.accounts, tx.account, { ...was, ...change, changedAt })
      }
    }
    case 'erase':
    case 'refresh': {
      const was = state.records[tx.ver - 1] as RecordFact
      const fits =
        tx.is === 'erase' ? tx.shareEpoch === was.shareEpoch : tx.shareEpoch > was.shareEpoch
      if (was.status === 5 || !fits) return state
      const change = tx.is === 'erase' ? { status: 5 } : { shareEpoch: tx.shareEpoch }
      return {
        ...state,
        records: replaced(state.records, tx.ver - 1, { ...was, ...change, changedAt })
      }
    }
    case 'handBack':
      return state
    case 'org':
      return { ...state, org: { status: tx.status, changedAt } }
    case 'member':
      return {
        ...state,
        members: replaced(state.members, tx.account, { status: tx.status, changedAt })
      }
  }
}

export class Chain {
  tip: Block
  #made = 0
  #pool: Tx[] = []
  readonly byHash = new Map<Hash, Block>()

  constructor(state: State, genesisSeconds: number) {
    this.tip = this.add(undefined, genesisSeconds, [], state)
  }

  /** Any block on any parent; what it holds beside transactions is for liars. */
  add(parent: Block | undefined, timeSeconds: number, txs: readonly Tx[], forged?: State): Block {
    const number = parent == null ? 0 : parent.number + 1
    let state = forged ?? (parent as Block).state
    for (const tx of txs) state = apply(state, tx, number, timeSeconds)
    const above = parent?.jump ?? parent
    const higher = above?.jump ?? above
    const even =
      parent != null &&
      above != null &&
      parent.number - above.number === above.number - (higher?.number ?? 0)
    const block: Block = {
      number,
      hash: hashNo(this.#made++),
      timeSeconds,
      parent,
      jump: even ? higher : parent,
      state,
      txs,
      confirmed: number === 0
    }
    this.byHash.set(block.hash, block)
    return block
  }

  send(tx: Tx): void {
    this.#pool.push(tx)
  }

  mine(timeSeconds: number): void {
    const txs = this.#pool
    this.#pool = []
    this.tip = this.add(this.tip, timeSeconds, txs)
  }

  /** What the owner's page would see: the tip and what waits to be mined. */
  pending(): State {
    const { number, timeSeconds } = this.tip
    return this.#pool.reduce(
      (state, tx) => apply(state, tx, number + 1, timeSeconds),
      this.tip.state
    )
  }

  /** Replaces the last blocks; the times are those of the new ones. */
  reorg(depth: number, times: readonly number[], keep: boolean): readonly Block[] {
    const base = ancestor(this.tip, Math.max(0, this.tip.number - depth)) as Block
    const gone: Tx[] = []
    for (let at = this.tip; at !== base; at = at.parent as Block) gone.unshift(...at.txs)
    const made: Block[] = []
    this.tip = base
    for (const [i, time] of times.entries()) {
      this.tip = this.add(
        this.tip,
        Math.max(this.tip.timeSeconds, time),
        i === 0 && keep ? gone : []
      )
      made.push(this.tip)
    }
    return made
  }
}
