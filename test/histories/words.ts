/**
 * The words that stand for what is true, packed anew from SECURITY.md §7's table of bits rather
 * than by the code under test. Facts do not change, so each is packed once.
 * @module
 */
import type { AccountFact, GrantFact, OwnerFact, RecordFact, StatusFact } from './chain.ts'

interface Facts {
  grant: GrantFact
  owner: OwnerFact
  account: AccountFact
  record: RecordFact
  status: StatusFact
}

const at = (value: number, bit: number): bigint => BigInt(value) << BigInt(bit)

const PACK: { readonly [K in keyof Facts]: (fact: Facts[K]) => bigint } = {
  grant: (g) =>
    g.status === 0
      ? 0n
      : at(g.status, 0) |
        at(g.epoch, 8) |
        at(g.version, 40) |
        at(g.changedAt, 104) |
        at(g.changedBlock, 152),
  owner: (o) =>
    o.open
      ? at(1, 0) |
        at(o.epoch, 8) |
        at(o.changedAt, 40) |
        at(o.optOut, 80) |
        at(o.optOutVersion, 112)
      : 0n,
  account: (a) =>
    at(a.status, 0) | at(a.bindingEpoch, 8) | at(a.org, 40) | at(a.roles, 72) | at(a.changedAt, 88),
  // one confirmation is wanted
  record: (r) => at(r.status, 0) | at(r.shareEpoch, 8) | at(r.changedAt, 40) | at(1, 112),
  status: (s) => (s.status === 0 ? 0n : at(s.status, 0) | at(s.changedAt, 8))
}

const packed = new WeakMap<object, bigint>()

export function wordOf<K extends keyof Facts>(kind: K, fact: Facts[K] | undefined): bigint {
  if (fact == null) return 0n
  let word = packed.get(fact)
  if (word === undefined) {
    word = PACK[kind](fact)
    packed.set(fact, word)
  }
  return word
}
