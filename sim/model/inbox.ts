/**
 * A wish on its way to the patient through her custodians' mailboxes, her answer, the grant on chain
 * and the reply with its capsule (node/verbs/request.ts, mail.ts, answer.ts, grant.ts); then the
 * retrieval that it was for, as soon as the grant's block is confirmed to who asks.
 * @module
 */
import type { Planned } from '../workload.ts'
import { bytes, gas } from './costs.ts'
import { type Grant, isIn } from './custody.ts'
import { type ConsentRow, type Domain, untilOnline } from './domain.ts'
import type { Operation } from './operations.ts'
import { type Process, ticks } from './process.ts'
import { relay } from './relay.ts'
import { retrieve } from './retrieve.ts'
import { type Meter, meter, unitHash } from './traffic.ts'

/** Rounds of looking into mailboxes before a wish is given up: its keepers stay away. */
const LOOKS_MAX = 1_000
/** Looks for a confirmed block: as many blocks as any chain needs. */
const CONFIRM_LOOKS_MAX = 10_000

/** One wish and all that follows from it. */
export function* wish(domain: Domain, act: Planned): Process {
  const { operations, custody, processes, presence } = domain
  // whoever closed asks no more
  if (presence.gone[act.actor] === 1) return
  yield* untilOnline(domain, act.actor)
  const operation = operations.begin('wish', act.actor)
  const keepers = custody.custodiansOf(act.owner)
  const left = yield* processes.all(
    keepers.map((keeper) => leave(domain, operation, act.actor, keeper))
  )
  const at = keepers.filter((_, i) => left[i])
  operations.end(operation, at.length > 0 ? '' : 'PeerUnavailableError')
  if (at.length === 0) return
  const consent: ConsentRow = {
    wish: act.wish,
    wishedTick: operation.beganTick,
    readTick: Number.NaN,
    minedTick: Number.NaN,
    usableTick: Number.NaN
  }
  domain.consents.push(consent)
  yield* untilReadable(domain, act.owner, at)
  const distrusted = (domain.distrusted.get(act.actor) ?? Infinity) <= processes.nowTick
  if (!act.approved || distrusted) {
    const cost = meter()
    yield* read(domain, cost, act.owner, at)
    yield* reply(domain, cost, act.owner, act.actor, keepers, bytes.denial)
    return
  }
  // who grants looks into her mailboxes first: it is part of the act
  const answer = operations.begin('grant', act.owner)
  if (!(yield* read(domain, answer, act.owner, at))) {
    operations.end(answer, 'PeerUnavailableError')
    return
  }
  consent.readTick = processes.nowTick
  yield* processes.sleep(ticks(domain.costs.decideMs))
  const grant = yield* give(domain, answer, act, keepers)
  if (grant == null) return
  consent.minedTick = processes.nowTick
  if (!(yield* untilConfirmed(domain, grant))) return
  consent.usableTick = processes.nowTick
  yield* readOnce(domain, grant)
}

/** A retrieval under a grant, as a row of its own. */
export function* readOnce(domain: Domain, grant: Grant): Process<string> {
  const { operations, custody } = domain
  yield* untilOnline(domain, grant.requester)
  const traced = domain.wantsTrace()
  const operation = operations.begin('retrieve', grant.requester, traced)
  return yield* retrieve(domain, {
    record: custody.record(grant.record, grant.owner),
    requester: grant.requester,
    grant,
    named: grant.named,
    operation
  })
}

/** At one keeper: her card, the asker's own mailbox, then the wish (node/verbs/request.ts). */
function* leave(domain: Domain, cost: Meter, from: number, keeper: number): Process<boolean> {
  const { traffic, processes, costs } = domain
  if (from === keeper) return true
  const card = traffic.exchange(cost, from, keeper, 'inbox', bytes.cardRequest, bytes.card)
  if (!(yield* card)) return false
  if (!(yield* traffic.exchange(cost, from, keeper, 'inbox', bytes.card, bytes.done))) return false
  if (!(yield* traffic.hop(cost, from, keeper, bytes.wish, 'inbox'))) return false
  yield* traffic.work(keeper, costs.requestCpuMs)
  yield* processes.sleep(ticks(costs.fsyncMs))
  return yield* traffic.hop(cost, keeper, from, bytes.done, 'inbox')
}

/** Until she is on, looks at her mail, and one that has the wish is there, too. */
function* untilReadable(domain: Domain, owner: number, keepers: readonly number[]): Process {
  const { processes, costs, traffic } = domain
  yield* untilOnline(domain, owner)
  yield* processes.sleep(ticks(unitHash(owner, processes.nowTick) * costs.mailPollMs))
  for (let look = 0; look < LOOKS_MAX; look++) {
    yield* untilOnline(domain, owner)
    const there = keepers.some((each) => traffic.isOnline(each) && !traffic.isParted(owner, each))
    if (there) return
    yield* processes.sleep(ticks(costs.mailPollMs))
  }
}

/** Mail of all keepers that are there, taken out once it was read. */
function* read(
  domain: Domain,
  cost: Meter,
  owner: number,
  keepers: readonly number[]
): Process<boolean> {
  const { processes, traffic } = domain
  const items = bytes.wish + bytes.noMail
  const lists = yield* processes.all(
    keepers.map((keeper) => traffic.exchange(cost, owner, keeper, 'inbox', bytes.list, items))
  )
  const from = keepers.filter((_, i) => lists[i])
  yield* processes.all(
    from.map((keeper) => traffic.exchange(cost, owner, keeper, 'inbox', bytes.remove, bytes.done))
  )
  return from.length > 0
}

/** The grant on chain, then its capsule to the one who asked. */
function* give(
  domain: Domain,
  operation: Operation,
  act: Planned,
  keepers: readonly number[]
): Process<Grant | undefined> {
  const { operations, custody, chain, processes } = domain
  const view = yield* chain.view(act.owner)
  if (!view.ok) {
    operations.end(operation, 'ChainUnavailableError')
    return undefined
  }
  const { wish: number, record, owner, requester } = act
  const grant = custody.grant({
    wish: number,
    record,
    owner,
    requester,
    sentTick: processes.nowTick
  })
  const tx = yield* relay(domain, operation, owner, keepers, gas.grant, (sent) => {
    grant.tx = sent
  })
  if (tx == null) {
    operations.end(operation, 'TransactionFailedError')
    return undefined
  }
  operation.gas = gas.grant
  const size = bytes.reply(custody.n)
  const delivered = yield* reply(domain, operation, owner, requester, keepers, size)
  operations.end(operation, delivered ? '' : 'undelivered')
  return delivered ? grant : undefined
}

/** To the asker's own mailbox, else to the first custodian that takes it, where it looks too. */
function* reply(
  domain: Domain,
  cost: Meter,
  owner: number,
  requester: number,
  keepers: readonly number[],
  size: number
): Process<boolean> {
  const { traffic } = domain
  for (const to of [requester, ...keepers]) {
    if (yield* traffic.exchange(cost, owner, to, 'inbox', size, bytes.done)) return true
  }
  return false
}

/** Until who asks sees the grant in a confirmed block. */
function* untilConfirmed(domain: Domain, grant: Grant): Process<boolean> {
  const { processes, chain, scenario, costs } = domain
  for (let look = 0; look < CONFIRM_LOOKS_MAX; look++) {
    yield* untilOnline(domain, grant.requester)
    const view = yield* chain.view(grant.requester)
    if (view.ok && isIn(grant.tx, view.conf)) return true
    const block = grant.tx?.block ?? -1
    const due = block < 0 ? 0 : chain.tickOf(block + scenario.chain.confirmBlocks)
    const soon = processes.nowTick + ticks(costs.receiptPollMs)
    yield* processes.sleepUntil(Math.max(soon, due + ticks(costs.endpointLagMs)))
    if (processes.nowTick > domain.untilTick) return false
  }
  return false
}
