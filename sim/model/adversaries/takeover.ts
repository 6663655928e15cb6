/**
 * Sybils and eclipses: servers of an attacker, with ids at random or ground to lie at the keys of a
 * few records, that take provider records and give nothing back. Watched records are provided at the
 * start and looked for through the run; what the manifest's addresses give meanwhile is in the
 * retrievals.
 * @module
 */
import type { Rng } from '../../random.ts'
import type { Scenario } from '../../scenario/shape.ts'
import type { Table } from '../../table.ts'
import { initialOwner, initialRecords, type Planned } from '../../workload.ts'
import type { Domain } from '../domain.ts'
import { type Process, ticks } from '../process.ts'
import { keyOf } from '../routing.ts'

/** Records that nobody attacks in particular, for comparison. */
const OTHERS = 200
/** Times that each watched record is looked for. */
const FINDS = 10

interface Watched {
  readonly record: number
  readonly attacked: boolean
  holders: number
  sybils: number
  finds: number
  found: number
}

export interface Attack {
  /** Nodes of the attacker, after all others. */
  readonly nodes: number
  /** Ids of the last of them. */
  readonly ground: readonly (readonly [hi: number, lo: number])[]
  readonly attacked: readonly number[]
}

/** What attackers add to a network; nothing if there are none. */
export function attackOf(
  scenario: Scenario,
  acts: readonly Planned[],
  salts: readonly [number, number],
  rng: Rng
): Attack {
  let nodes = 0
  const ground: (readonly [number, number])[] = []
  const attacked: number[] = []
  for (const adversary of scenario.adversaries) {
    if (adversary.kind === 'sybil') nodes += adversary.nodes
    if (adversary.kind !== 'eclipse') continue
    const records = mostWished(
      acts,
      Math.min(adversary.records, initialRecords(scenario)),
      scenario
    )
    attacked.push(...records)
    nodes += adversary.nodes
    for (let i = 0; i < adversary.nodes && records.length > 0; i++) {
      const [hi] = keyOf(records[i % records.length] as number, salts)
      // 32 bits alike: no honest id comes as near below 10^8 nodes
      ground.push([hi, rng.u32()])
    }
  }
  return { nodes, ground, attacked }
}

/** Those that most wishes are about: an attacker's choice. */
function mostWished(acts: readonly Planned[], count: number, scenario: Scenario): number[] {
  const initial = initialRecords(scenario)
  const wishes = new Map<number, number>()
  for (const { kind, record } of acts) {
    if (kind === 'wish' && record < initial) wishes.set(record, (wishes.get(record) ?? 0) + 1)
  }
  const most = [...wishes].sort(([a, x], [b, y]) => y - x || a - b).map(([record]) => record)
  for (let record = 0; most.length < count; record++) {
    if (!wishes.has(record)) most.push(record)
  }
  return most.slice(0, count)
}

export class Takeover {
  readonly #domain: Domain
  readonly #watched: Watched[] = []

  constructor(domain: Domain, { attacked }: Attack) {
    this.#domain = domain
    const initial = initialRecords(domain.scenario)
    const choose = domain.rng.derive('watched')
    const chosen = new Set(attacked)
    while (chosen.size < Math.min(initial, attacked.length + OTHERS)) {
      chosen.add(choose.below(initial))
    }
    for (const record of chosen) {
      const is = attacked.includes(record)
      this.#watched.push({ record, attacked: is, holders: 0, sybils: 0, finds: 0, found: 0 })
    }
  }

  /** Replicas tell the DHT, then others look, again and again. */
  start(): void {
    const { processes, scenario } = this.#domain
    const everyMs = (scenario.durationSeconds * 1_000) / (FINDS + 1)
    for (const watched of this.#watched) {
      processes.start(this.#provide(watched))
      for (let i = 1; i <= FINDS; i++) {
        processes.at(processes.nowTick + ticks(i * everyMs), () =>
          processes.start(this.#look(watched))
        )
      }
    }
  }

  table(): Table {
    const rows = this.#watched
    const numbers = (name: string, unit: string, of: (row: Watched) => number) => ({
      name,
      unit,
      values: Float64Array.from(rows, of)
    })
    return {
      name: 'takeover',
      rows: rows.length,
      columns: [
        { name: 'record', unit: 'count', values: Int32Array.from(rows, ({ record }) => record) },
        { name: 'attacked', unit: '', values: Int32Array.from(rows, (w) => Number(w.attacked)) },
        numbers('holders', 'count', (row) => row.holders),
        numbers('sybilHolders', 'share', (row) => row.sybils / row.holders),
        numbers('onlySybils', 'share', (row) => Number(row.sybils === row.holders)),
        numbers('found', 'share', (row) => row.found / row.finds)
      ]
    }
  }

  facts(): Record<string, number> {
    const mean = (rows: readonly Watched[], of: (row: Watched) => number): number =>
      rows.reduce((sum, row) => sum + of(row), 0) / rows.length
    const attacked = this.#watched.filter((row) => row.attacked)
    const others = this.#watched.filter((row) => !row.attacked)
    const { scenario } = this.#domain
    const sybils = scenario.adversaries.reduce(
      (sum, each) => sum + (each.kind === 'sybil' ? each.nodes : 0),
      0
    )
    const share = sybils / (sybils + scenario.network.clinics)
    let all = 1
    for (let i = 0; i < scenario.dht.k; i++) all *= share
    return {
      attackedOnlySybilsShare: mean(attacked, (row) => Number(row.sybils === row.holders)),
      attackedFoundShare: mean(attacked, (row) => row.found / row.finds),
      otherSybilHoldersShare: mean(others, (row) => row.sybils / row.holders),
      otherOnlySybilsShare: mean(others, (row) => Number(row.sybils === row.holders)),
      otherFoundShare: mean(others, (row) => row.found / row.finds),
      expectedSybilHoldersShare: share,
      expectedOnlySybilsShare: all
    }
  }

  *#provide(watched: Watched): Process {
    const { routing, custody, operations, scenario } = this.#domain
    const owner = initialOwner(scenario, watched.record)
    const [replica] = custody.replicasOf(owner)
    if (replica == null) return
    const operation = operations.begin('provide', replica)
    const told = yield* routing.provide(operation, replica, watched.record)
    operation.found = told.length / scenario.dht.k
    operations.end(operation, told.length > 0 ? '' : 'PeerUnavailableError')
    watched.holders = told.length
    watched.sybils = told.filter((node) => !this.#isHonest(node)).length
  }

  *#look(watched: Watched): Process {
    const { routing, operations, rng, scenario } = this.#domain
    const from = rng.below(scenario.network.clinics)
    if (!this.#domain.traffic.isOnline(from)) return
    const operation = operations.begin('find', from)
    const { found, walk } = yield* routing.findProviders(operation, from, watched.record, (node) =>
      this.#isHonest(node)
    )
    operation.hops = walk.hops
    operation.found = found ? 1 : 0
    watched.finds++
    if (found) watched.found++
    operations.end(operation, found ? '' : 'no-providers')
  }

  #isHonest(node: number): boolean {
    return node < this.#domain.scenario.network.clinics
  }
}
