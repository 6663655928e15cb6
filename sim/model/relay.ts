/**
 * A signed message on its way to the chain through clinics, one after the other (node/verbs/relay.ts,
 * node/custody/custodian.ts): patients never pay. The clinic that brought it there tells the others.
 * @module
 */
import { HEARTBEAT_MS, TX_WAIT_MS } from '../../core/limits.ts'
import type { Sending, Tx } from './chain.ts'
import { bytes } from './costs.ts'
import type { Domain } from './domain.ts'
import { type Process, ticks, wait } from './process.ts'
import type { Meter } from './traffic.ts'

/** Gives the transaction once its sender heard that it is mined, or undefined if nobody could. */
export function* relay(
  domain: Domain,
  meter: Meter,
  author: number,
  relayers: readonly number[],
  gas: number,
  begun: (tx: Tx) => void = () => {}
): Process<Tx | undefined> {
  const { traffic, processes, costs, chain } = domain
  let sending: Sending | undefined
  for (const relayer of relayers) {
    const { state, connection } = yield* traffic.reach(meter, author, relayer, 'custody')
    if (state === 'away') continue
    if (!(yield* traffic.hop(meter, author, relayer, bytes.notice, 'custody', connection))) continue
    yield* traffic.work(relayer, costs.requestCpuMs)
    yield* processes.sleep(ticks(costs.fsyncMs))
    traffic.count(meter, relayer, author, bytes.progress, 'custody')
    const from = processes.nowTick
    if (sending == null) {
      sending = chain.submit(gas)
      begun(sending.tx)
    }
    const mined = yield* within(domain, sending, TX_WAIT_MS)
    signsOfLife(domain, meter, relayer, author, from)
    yield* traffic.hop(meter, relayer, author, bytes.noticeAnswer, 'custody', connection)
    if (!mined) continue
    domain.gossip.tell(relayer)
    return sending.tx
  }
  return undefined
}

/** A frame every 2 s while a block is waited for (custody/SPEC.md, "Signs of life"). */
export function signsOfLife(
  { traffic, processes }: Domain,
  meter: Meter,
  from: number,
  to: number,
  sinceTick: number
): void {
  const beats = Math.floor((processes.nowTick - sinceTick) / ticks(HEARTBEAT_MS))
  for (let i = 0; i < beats; i++) traffic.count(meter, from, to, bytes.progress, 'custody')
}

/** Whether it was mined in time; it stays with the chain either way. */
export function* within(domain: Domain, sending: Sending, ms: number): Process<boolean> {
  const { processes } = domain
  return yield* wait<boolean>((resume) => {
    let over = false
    const go = (mined: boolean) => {
      if (over) return
      over = true
      resume(mined)
    }
    processes.start(sending.mined(), () => go(true))
    processes.at(processes.nowTick + ticks(ms), () => go(false))
  })
}
