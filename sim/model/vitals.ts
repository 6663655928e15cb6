/**
 * Readings of a monitor: sealed by the patient's device and kept by each of her replicas before they
 * say so (ARCHITECTURE.md §3, "later vitals"). The node does not have it yet.
 * @module
 */
import type { Planned } from '../workload.ts'
import type { Domain } from './domain.ts'
import { type Process, ticks } from './process.ts'

const HEAD_BYTES = 120
const ACK_BYTES = 60

export function* vital(domain: Domain, act: Planned): Process {
  const { operations, custody, traffic, processes, costs, scenario } = domain
  // a device that is off reads nothing
  if (!traffic.isOnline(act.actor)) return
  const size = (scenario.workload.vitals?.bytes ?? 0) + HEAD_BYTES
  const operation = operations.begin('vital', act.actor)
  const kept = yield* processes.all(
    custody.replicasOf(act.owner).map(function* (clinic): Process<boolean> {
      const { state, connection } = yield* traffic.reach(operation, act.actor, clinic, 'vital')
      if (state === 'away') return false
      if (!(yield* traffic.hop(operation, act.actor, clinic, size, 'vital', connection))) {
        return false
      }
      yield* traffic.work(clinic, costs.requestCpuMs)
      yield* processes.sleep(ticks(costs.fsyncMs))
      return yield* traffic.hop(operation, clinic, act.actor, ACK_BYTES, 'vital', connection)
    })
  )
  operation.found = kept.filter(Boolean).length / kept.length
  operations.end(operation, kept.some(Boolean) ? '' : 'nobody-kept-it')
}
