/**
 * `record add` and `record update` in the model (node/verbs/publish.ts, deal.ts): cards of the
 * custodians, deals and replicas at all of them at once, then the commitment on chain through a
 * clinic. What is missing in the end is done again later, as upkeep does (node/upkeep.ts).
 * @module
 */
import { UPKEEP_MS, UPKEEP_RETRY_MS } from '../../core/limits.ts'
import { fetchBlocks } from './blocks.ts'
import { bytes, gas } from './costs.ts'
import type { RecordState } from './custody.ts'
import { type Domain, untilOnline } from './domain.ts'
import type { Operation } from './operations.ts'
import { type Process, ticks } from './process.ts'
import { relay } from './relay.ts'
import type { Meter } from './traffic.ts'

/** Rounds of upkeep before nobody waits for a record any more. */
const ROUNDS_MAX = 200

export function* publish(domain: Domain, record: number, owner: number): Process {
  yield* untilOnline(domain, owner)
  const operation = domain.operations.begin('publish', owner)
  yield* store(domain, operation, domain.custody.create(record, owner), gas.register)
}

/** The next version: dealt and registered like the first, while grants of the old one stand. */
export function* update(domain: Domain, record: number, owner: number): Process {
  yield* untilOnline(domain, owner)
  const operation = domain.operations.begin('update', owner)
  const { custody } = domain
  const old = custody.record(record, owner)
  const next: RecordState = {
    ...old,
    ver: old.ver + 1,
    shares: new Uint8Array(custody.n),
    blocks: new Uint8Array(custody.replicas),
    anchored: false,
    acknowledged: false
  }
  yield* store(domain, operation, next, gas.addVersion)
  if (next.acknowledged) custody.keep(next)
}

function* store(
  domain: Domain,
  operation: Operation,
  record: RecordState,
  gasCost: number
): Process {
  const { custody, processes, traffic, costs } = domain
  const { owner } = record
  const places = Array.from({ length: custody.n }, (_, place) => place)
  const cards = yield* processes.all(
    custody
      .custodiansOf(owner)
      .map((clinic) =>
        traffic.exchange(operation, owner, clinic, 'inbox', bytes.cardRequest, bytes.card)
      )
  )
  // a card that was never seen is needed; one that was will do (node/verbs/custodians.ts)
  const seen = domain.scenario.records.perPatient > 0
  if (!seen && cards.some((card) => !card)) {
    domain.operations.end(operation, 'PeerUnavailableError')
    return
  }
  yield* domain.chain.view(owner)
  yield* traffic.work(owner, record.bytes / costs.cipherBytesPerMs)
  yield* processes.all(places.map((place) => settle(domain, operation, record, place)))
  yield* anchor(domain, operation, record, gasCost)
  note(record)
  domain.operations.end(operation, record.acknowledged ? '' : 'degraded')
  if (!record.acknowledged) processes.start(finish(domain, record, gasCost))
}

/** One custodian: mailbox, deal, blocks; what was done before is not done again. */
function* settle(domain: Domain, meter: Meter, record: RecordState, place: number): Process {
  const { custody, traffic, costs, processes, chain } = domain
  const { owner } = record
  const clinic = custody.custodianOf(owner, place)
  const replica = place < custody.replicas
  if (record.shares[place] === 1 && (!replica || record.blocks[place] === 1)) return
  if (!(yield* traffic.exchange(meter, owner, clinic, 'inbox', bytes.card, bytes.done))) return
  if (record.shares[place] !== 1) {
    const { state, connection } = yield* traffic.reach(meter, owner, clinic, 'custody')
    if (state === 'away') return
    // whoever dealt here before has left her custody key
    const first = domain.scenario.records.perPatient === 0
    const size = bytes.deal(custody.n) + (first ? bytes.custodyKey : 0)
    if (!(yield* traffic.hop(meter, owner, clinic, size, 'custody', connection))) return
    yield* traffic.work(clinic, costs.dealCpuMs)
    const view = yield* chain.view(clinic)
    if (!view.ok) return
    yield* chain.prove()
    yield* processes.sleep(ticks(2 * costs.fsyncMs)) // the share, then the receipt
    if (!(yield* traffic.hop(meter, clinic, owner, bytes.ack, 'custody', connection))) return
    record.shares[place] = 1
  }
  if (replica) yield* pin(domain, meter, record, place, clinic)
}

/** The replica pulls the blocks from the owner and tells the DHT, in its own time. */
function* pin(
  domain: Domain,
  meter: Meter,
  record: RecordState,
  place: number,
  clinic: number
): Process {
  const { traffic, processes, costs } = domain
  const { owner } = record
  if (!(yield* traffic.hop(meter, owner, clinic, bytes.pin, 'custody'))) return
  if (!domain.withholds(clinic)) {
    const got = yield* fetchBlocks(domain, meter, owner, clinic, record.bytes)
    if (!got) return
  }
  // progress leaves when the number of blocks first changes
  if (!(yield* traffic.hop(meter, clinic, owner, bytes.progress, 'custody'))) return
  yield* processes.sleep(ticks(2 * costs.fsyncMs))
  if (!(yield* traffic.hop(meter, clinic, owner, bytes.ack, 'custody'))) return
  record.blocks[place] = 1
  processes.start(provide(domain, clinic, record.record))
}

/** Tells the DHT who has a record; a row of its own. */
export function* provide(domain: Domain, clinic: number, record: number): Process {
  const { operations, routing, scenario } = domain
  const operation = operations.begin('provide', clinic)
  const heard = yield* routing.provide(operation, clinic, record)
  operation.found = heard.length / scenario.dht.k
  operations.end(operation, heard.length > 0 ? '' : 'PeerUnavailableError')
}

function* anchor(
  domain: Domain,
  operation: Operation,
  record: RecordState,
  gasCost: number
): Process {
  const { custody } = domain
  const acked = custody.custodiansOf(record.owner).filter((_, place) => record.shares[place] === 1)
  if (record.anchored || acked.length < custody.t) return
  yield* domain.chain.view(record.owner)
  const sent = yield* relay(domain, operation, record.owner, acked, gasCost)
  if (sent == null) return
  operation.gas = gasCost
  record.anchored = true
}

function note(record: RecordState): void {
  const whole = record.shares.every((each) => each === 1) && record.blocks.every((b) => b === 1)
  record.acknowledged = whole && record.anchored
}

/** Round after round, until the record is whole; one row for all of them. */
function* finish(domain: Domain, record: RecordState, gasCost: number): Process {
  const { processes, custody, operations } = domain
  const operation = operations.begin('repair', record.owner)
  let waitMs = UPKEEP_RETRY_MS
  for (let round = 0; round < ROUNDS_MAX && !record.acknowledged; round++) {
    yield* processes.sleep(ticks(waitMs))
    waitMs = Math.min(2 * waitMs, UPKEEP_MS)
    yield* untilOnline(domain, record.owner)
    yield* processes.all(
      Array.from({ length: custody.n }, (_, place) => settle(domain, operation, record, place))
    )
    yield* anchor(domain, operation, record, gasCost)
    note(record)
  }
  operations.end(operation, record.acknowledged ? '' : 'degraded')
}
