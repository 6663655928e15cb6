/**
 * What a clinic that is gone for good leaves behind: after a while another takes its place, with the
 * same share made anew by t custodians and the blocks from a replica (ARCHITECTURE.md §8, "Share
 * repair"). No gas: the manifest named who may take over. The node does not have it yet.
 * @module
 */

import { fetchBlocks } from './blocks.ts'
import { bytes } from './costs.ts'
import type { Domain } from './domain.ts'
import { type Process, ticks } from './process.ts'
import { provide } from './publish.ts'

/** Patients repaired at once by one departure: a queue, not a storm. */
const AT_ONCE = 8
/** A repair that finds too few custodians is tried again as often. */
const TRIES = 20
const AGAIN_MS = 600_000

/** All that it held finds a new place, if the scenario repairs at all. */
export function* depart(domain: Domain, clinic: number): Process {
  const { custody, processes, scenario, costs } = domain
  if (!scenario.churn.repair) return
  const places = custody.placesOf(clinic)
  yield* processes.sleep(ticks(costs.repairAfterMs))
  let next = 0
  yield* processes.all(
    Array.from({ length: AT_ONCE }, function* (): Process {
      while (next < places.length) {
        const { owner, place } = places[next++] as (typeof places)[number]
        yield* repair(domain, owner, place)
      }
    })
  )
}

/** One patient's share and blocks, to a clinic that is none of her custodians. */
function* repair(domain: Domain, owner: number, place: number): Process {
  const { operations, custody, processes } = domain
  const heir = heirOf(domain, owner)
  if (heir == null) return
  const operation = operations.begin('repair', heir)
  for (let tried = 1; ; tried++) {
    const pieces = yield* processes.all(
      custody
        .custodiansOf(owner)
        .filter((_, other) => other !== place)
        .map((clinic) =>
          domain.traffic.exchange(
            operation,
            heir,
            clinic,
            'custody',
            bytes.notice,
            bytes.deal(custody.n)
          )
        )
    )
    operation.shares = pieces.filter(Boolean).length
    if (operation.shares >= custody.t) break
    if (tried === TRIES) {
      operations.end(operation, 'NotEnoughSharesError')
      return
    }
    yield* processes.sleep(ticks(AGAIN_MS))
  }
  const reason = yield* blocks(domain, operation, owner, place, heir)
  if (reason === '') custody.replace(owner, place, heir)
  operations.end(operation, reason)
}

/** Blocks of all her records of the start, from the first replica that gives them. */
function* blocks(
  domain: Domain,
  operation: Parameters<typeof fetchBlocks>[1],
  owner: number,
  place: number,
  heir: number
): Process<string> {
  const { custody, scenario } = domain
  if (place >= custody.replicas) return ''
  const { clinics } = scenario.network
  const first = (owner - clinics) * scenario.records.perPatient
  for (const replica of custody.replicasOf(owner)) {
    if (!domain.traffic.isOnline(replica)) continue
    let all = true
    for (let i = 0; i < scenario.records.perPatient && all; i++) {
      const size = custody.bytesOf(first + i)
      all = yield* fetchBlocks(domain, operation, replica, heir, size)
    }
    if (!all) continue
    for (let i = 0; i < scenario.records.perPatient; i++) {
      domain.processes.start(provide(domain, heir, first + i))
    }
    return ''
  }
  return 'no-replica'
}

function heirOf({ custody, traffic, rng, scenario }: Domain, owner: number): number | undefined {
  const taken = new Set(custody.custodiansOf(owner))
  for (let tried = 0; tried < 64; tried++) {
    const clinic = rng.below(scenario.network.clinics)
    if (!taken.has(clinic) && traffic.isOnline(clinic)) return clinic
  }
  return undefined
}
