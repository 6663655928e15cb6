/**
 * What a run left: whether every release has its receipt, and every acknowledged record its shares
 * and a replica. Where the scenario has clinics that close for good or keep nothing, lost records are
 * counted and no law is broken: that is what it asks.
 * @module
 */
import { initialOwner, initialRecords } from '../workload.ts'
import type { RecordState } from './custody.ts'
import type { Domain } from './domain.ts'

/** Records of the start that are looked at, spread over all. */
const INITIAL_MAX = 20_000

/** @throws CheckViolatedError */
export function checkKept(domain: Domain): Readonly<Record<string, number>> {
  const { scenario, gate, laws, custody } = domain
  for (let clinic = 0; clinic < scenario.network.clinics; clinic++) {
    const given = gate.releases[clinic] as number
    if (given > 0) laws.receipts(clinic, gate.receipts[clinic] as number, given)
  }
  const faulty =
    scenario.churn.departures > 0 || scenario.adversaries.some(({ kind }) => kind === 'withholding')
  let looked = 0
  let lost = 0
  const look = (record: RecordState): void => {
    if (!record.acknowledged) return
    const { shares, replicas } = left(domain, record)
    looked++
    if (shares < custody.t || replicas === 0) lost++
    if (!faulty) laws.kept(record, shares, replicas)
  }
  for (const record of custody.kept()) look(record)
  const initial = initialRecords(scenario)
  const step = Math.max(1, Math.ceil(initial / INITIAL_MAX))
  for (let record = 0; record < initial; record += step) {
    look(custody.record(record, initialOwner(scenario, record)))
  }
  return { acknowledgedRecords: looked, lostRecords: lost }
}

/** Shares and replicas with clinics that have not closed, whether they are on or not. */
function left(
  { custody, presence, withholds }: Domain,
  { owner, shares, blocks }: RecordState
): { readonly shares: number; readonly replicas: number } {
  const there = (place: number): boolean => presence.gone[custody.custodianOf(owner, place)] !== 1
  const held = shares.filter((share, place) => share === 1 && there(place)).length
  const copies = blocks.filter(
    (block, place) => block === 1 && there(place) && !withholds(custody.custodianOf(owner, place))
  ).length
  return { shares: held, replicas: copies }
}
