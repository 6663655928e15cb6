/**
 * Adversaries that real nodes can play: custodians that pool their shares, replicas that give no
 * block, a reader with a stolen key; lying endpoints are the chain's (chain-host.ts). The others
 * would need a hostile DHT server or gossip peer, which no door of the node gives: they are told
 * as not played.
 * @module
 */
import type { Adversary } from '../scenario/shape.ts'
import type { Column, Table } from '../table.ts'
import { BulkReader } from './bulk-reader.ts'
import { inTurn } from './quiesce.ts'
import type { Stage } from './stage.ts'

type Of<K extends Adversary['kind']> = Extract<Adversary, { kind: K }>

const NOT_PLAYED: Readonly<Partial<Record<Adversary['kind'], string>>> = {
  sybil: 'notPlayedSybil',
  eclipse: 'notPlayedEclipse',
  'gossip-spam': 'notPlayedGossipSpam'
}
const AT_ONCE = 4

const all = <K extends Adversary['kind']>({ scenario }: Stage, kind: K): readonly Of<K>[] =>
  scenario.adversaries.filter((each): each is Of<K> => each.kind === kind)

export interface Adversaries {
  /** Until `signal` aborts. */
  play(signal: AbortSignal): Promise<void>
  /** When the measured part is over, before anybody is healed. */
  tables(repeat: number): Promise<readonly Table[]>
  /** Faults end, theirs too: what must hold in the end is looked at then. */
  end(): Promise<void>
  facts(): Readonly<Record<string, number>>
}

export function adversariesOf(stage: Stage): Adversaries {
  for (const { kind } of stage.scenario.adversaries) {
    const told = NOT_PLAYED[kind]
    if (told != null) stage.count(told)
  }
  const [thief] = all(stage, 'bulk-reader')
  const withholding = all(stage, 'withholding').flatMap(({ share }) =>
    drawn(stage, 'withholding', Math.round(share * stage.scenario.network.clinics))
  )
  const beside = async (name: string, signal: AbortSignal): Promise<void> => {
    for (const node of withholding) await stage.world.run(node, name, undefined, { signal })
  }
  const reader = thief == null ? undefined : new BulkReader(stage, thief)
  return {
    async play(signal) {
      await beside('withhold', signal)
      if (withholding.length > 0) stage.count('withholdingClinics', withholding.length)
      await reader?.steal(signal)
    },
    tables: async (repeat) => [
      ...(await disclosureTable(stage, repeat)),
      ...(reader == null ? [] : [reader.table(repeat)])
    ],
    end: () => beside('relent', stage.signal),
    facts: () => reader?.facts() ?? {}
  }
}

const drawn = ({ scenario, rng }: Stage, label: string, count: number): readonly number[] =>
  rng
    .derive(label)
    .shuffle(Array.from({ length: scenario.network.clinics }, (_, i) => i))
    .slice(0, count)

/**
 * For each threshold up to n: of how many records the colluding custodians hold so many shares, and
 * of how many so many custodians are there to be asked. Counted in the custodians' own stores.
 */
async function disclosureTable(stage: Stage, repeat: number): Promise<readonly Table[]> {
  const [colluding] = all(stage, 'colluding-custodians')
  if (colluding == null) return []
  const { clinics } = stage.scenario.network
  const evil = new Set(drawn(stage, 'colluding', Math.round(colluding.share * clinics)))
  const held = new Map<string, { evil: number; there: number }>()
  const everybody = Array.from({ length: clinics }, (_, i) => i)
  await inTurn(everybody, AT_ONCE, async (clinic) => {
    if (stage.isAway(clinic)) return
    const ids = await stage.world.run(clinic, 'holds', undefined, { signal: stage.signal })
    for (const id of ids as readonly string[]) {
      const counts = held.get(id) ?? { evil: 0, there: 0 }
      held.set(id, counts)
      counts.there++
      if (evil.has(clinic)) counts.evil++
    }
  })
  const records = [...stage.records.values()].filter(({ acknowledged }) => acknowledged)
  const n = stage.scenario.records.custodians
  const share = (t: number, of: 'evil' | 'there'): number =>
    records.filter(({ recordId }) => (held.get(recordId)?.[of] ?? 0) >= t).length /
    Math.max(1, records.length)
  const thresholds = Array.from({ length: n }, (_, i) => i + 1)
  const number = (name: string, unit: string, of: (t: number) => number): Column => ({
    name,
    unit,
    values: Float64Array.from(thresholds, of)
  })
  return [
    {
      name: 'disclosure',
      rows: n,
      columns: [
        number('repeat', 'count', () => repeat),
        number('t', 'count', (t) => t),
        number('n', 'count', () => n),
        number('disclosure', 'share', (t) => share(t, 'evil')),
        number('availability', 'share', (t) => share(t, 'there'))
      ]
    }
  ]
}
