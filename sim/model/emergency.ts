/**
 * Break-glass in the model (ARCHITECTURE.md §8): two clinicians sign, every custodian checks them
 * against the directory and the patient's wish, both confirmed long before; the notice goes to the
 * chain at the same time and nobody waits for it. The node does not have it yet.
 * @module
 */
import type { Planned } from '../workload.ts'
import { bytes, gas } from './costs.ts'
import type { Domain } from './domain.ts'
import { type Process, ticks } from './process.ts'
import { retrieve } from './retrieve.ts'

/** Clinicians who sign beside the one who asks: k = 2 of n. */
const SIGNERS = 1
const SIGN_BYTES = 400

export function* emergency(domain: Domain, act: Planned): Process {
  const { operations, custody, traffic, chain, processes, costs } = domain
  const { clinics } = domain.scenario.network
  if (!traffic.isOnline(act.actor)) return
  const operation = operations.begin('emergency', act.actor)
  const began = processes.nowTick
  for (let i = 1; i <= SIGNERS; i++) {
    const signer = (act.actor + i) % clinics
    const signed = traffic.exchange(operation, act.actor, signer, 'custody', SIGN_BYTES, 120)
    if (!(yield* signed)) {
      operations.end(operation, 'no-second-clinician')
      return
    }
  }
  // an obligation, not a precondition
  const notice = chain.submit(gas.emergency)
  operation.gas = notice.tx.gas
  const record = custody.record(act.record, act.owner)
  const manifest = yield* firstManifest()
  if (!manifest) {
    operations.end(operation, 'no-manifest')
    return
  }
  yield* processes.sleep(ticks(costs.fsyncMs))
  yield* retrieve(domain, {
    record,
    requester: act.actor,
    grant: undefined,
    named: custody.replicasOf(act.owner),
    operation,
    began
  })

  /** From the first custodian that is there: whoever breaks the glass was given none before. */
  function* firstManifest(): Process<boolean> {
    for (const clinic of custody.custodiansOf(act.owner)) {
      const size = bytes.deal(custody.n)
      const got = traffic.exchange(
        operation,
        act.actor,
        clinic,
        'access',
        bytes.accessRequest,
        size
      )
      if (yield* got) return true
    }
    return false
  }
}
