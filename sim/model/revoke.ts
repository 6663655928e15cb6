/**
 * `revoke` in the model (node/verbs/revoke.ts): the signed message straight to every custodian, which
 * refuses from the moment that it has it on disk, and to the chain through the first of them. Who was
 * cut off goes on asking, so that the last share that still leaves is seen (SECURITY.md §10).
 * @module
 */
import { Code } from '../../core/codes.ts'
import { EXCHANGE_MAX_MS } from '../../core/limits.ts'
import type { Planned } from '../workload.ts'
import type { Sending } from './chain.ts'
import { bytes, gas } from './costs.ts'
import { type Grant, isIn } from './custody.ts'
import { type Domain, type RevocationRow, untilOnline } from './domain.ts'
import { type Process, ticks, wait } from './process.ts'
import { signsOfLife, within } from './relay.ts'
import { type Meter, meter } from './traffic.ts'

/** node/custody/custodian.ts: custodians take turns in bringing it to the chain. */
const TURN_MS = 3_000
/** node/verbs/revoke.ts */
const MINE_WAIT_MS = 30_000
/** Who was cut off asks again this often: half of what its rate allows at one custodian. */
const PROBE_MS = 250
/** Revocations that are followed by such asking; further ones cost time and tell the same. */
const PROBED_MAX = 5_000

export function* revoke(domain: Domain, act: Planned): Process {
  const { operations, custody, processes } = domain
  yield* untilOnline(domain, act.owner)
  const operation = operations.begin('revoke', act.owner)
  const grant = custody.grantOf(act.wish)
  if (grant == null || grant.tx == null) {
    operations.end(operation, 'no-grant')
    return
  }
  grant.revokedTick = processes.nowTick
  const row: RevocationRow = {
    operation: operation.row,
    sentTick: processes.nowTick,
    noticedTick: Number.NaN,
    noticed: 0,
    minedTick: Number.NaN,
    releases: 0,
    lastReleaseTick: Number.NaN
  }
  domain.revocations.push(row)
  if (domain.revocations.length <= PROBED_MAX) processes.start(probe(domain, grant, row))
  const mined = yield* tellAll(domain, operation, grant, row)
  operation.gas = mined ? gas.revoke : Number.NaN
  operation.found = row.noticed / custody.n
  operations.end(operation, mined ? '' : 'TransactionFailedError')
}

/** Goes on when one custodian saw it mined and all have answered or failed to. */
function* tellAll(domain: Domain, cost: Meter, grant: Grant, row: RevocationRow): Process<boolean> {
  const { processes, custody } = domain
  const shared: { sending?: Sending } = {}
  const places = Array.from({ length: custody.n }, (_, place) => place)
  return yield* wait<boolean>((resume) => {
    let left = places.length
    let over = false
    const go = (mined: boolean): void => {
      if (over) return
      over = true
      resume(mined)
    }
    for (const place of places) {
      processes.start(tell(domain, cost, grant, row, place, shared), (mined) => {
        left--
        if (mined) go(true)
        else if (left === 0) go(false)
      })
    }
    processes.at(processes.nowTick + ticks(MINE_WAIT_MS), () => go(false))
  })
}

/** One custodian: on disk, obeyed, then relayed in its turn. */
function* tell(
  domain: Domain,
  cost: Meter,
  grant: Grant,
  row: RevocationRow,
  place: number,
  shared: { sending?: Sending }
): Process<boolean> {
  const { traffic, custody, costs, processes, chain, gossip } = domain
  const { owner } = grant
  const clinic = custody.custodianOf(owner, place)
  const { state, connection } = yield* traffic.reach(cost, owner, clinic, 'custody')
  if (state === 'away') return false
  if (!(yield* traffic.hop(cost, owner, clinic, bytes.revocation, 'custody', connection))) {
    return false
  }
  yield* traffic.work(clinic, costs.requestCpuMs)
  yield* processes.sleep(ticks(costs.fsyncMs))
  grant.noticedTick[place] = processes.nowTick
  row.noticed++
  row.noticedTick = processes.nowTick
  traffic.count(cost, clinic, owner, bytes.progress, 'custody')
  const from = processes.nowTick
  yield* processes.sleep(ticks(place * TURN_MS))
  const first = shared.sending == null
  const sending = shared.sending ?? chain.submit(gas.revoke)
  shared.sending = sending
  grant.revocation = sending.tx
  const mined = yield* within(domain, sending, MINE_WAIT_MS)
  if (mined && sending.tx.block >= 0) row.minedTick = chain.tickOf(sending.tx.block)
  signsOfLife(domain, cost, clinic, owner, from)
  const heard = yield* traffic.hop(cost, clinic, owner, bytes.noticeAnswer, 'custody', connection)
  if (mined && first) gossip.tell(clinic)
  return mined && heard
}

/** Asks every custodian again and again, until all refuse for good or nobody may give any more. */
function* probe(domain: Domain, grant: Grant, row: RevocationRow): Process {
  const { custody, chain, processes, scenario } = domain
  const cost = meter()
  const boundTicks = ticks(scenario.chain.headMaxAgeSeconds * 1_000 + EXCHANGE_MAX_MS)
  const cut = new Uint8Array(custody.n)
  // as long as the revocation waits for its block, and as long as a head may be old after it
  while (processes.nowTick < domain.untilTick) {
    const view = yield* chain.view(grant.requester)
    if (view.ok) {
      for (let place = 0; place < custody.n; place++) {
        if (cut[place] === 1) continue
        processes.start(probeOne(domain, cost, grant, row, place, view.conf), (code) => {
          if (code === Code.REVOKED || code === Code.REVOKED_DIRECT) cut[place] = 1
        })
      }
    }
    yield* processes.sleep(ticks(PROBE_MS))
    if (cut.every((each) => each === 1)) return
    const { revocation } = grant
    const isPast =
      isIn(revocation, chain.head) &&
      processes.nowTick > chain.tickOf(revocation?.block ?? 0) + boundTicks + ticks(1_000)
    if (isPast) return
  }
}

function* probeOne(
  domain: Domain,
  cost: Meter,
  grant: Grant,
  row: RevocationRow,
  place: number,
  conf: number
): Process<number> {
  const { traffic, custody, gate, processes } = domain
  const { owner, requester } = grant
  const clinic = custody.custodianOf(owner, place)
  // its streams stand open: whoever is cut off loses no time
  if (!traffic.isOnline(clinic) || traffic.isParted(requester, clinic)) return -1
  if (!(yield* traffic.hop(cost, requester, clinic, bytes.accessRequest, 'access'))) return -1
  const record = custody.record(grant.record, owner)
  const before = processes.nowTick
  const { code } = yield* gate.serve(clinic, {
    requester,
    want: 'share',
    record,
    place,
    grant,
    conf
  })
  if (code === 0 && before >= row.sentTick) {
    row.releases++
    row.lastReleaseTick = processes.nowTick
  }
  const size = code === 0 ? bytes.accessAnswer : bytes.accessDenied
  yield* traffic.hop(cost, clinic, requester, size, 'access')
  return code
}
