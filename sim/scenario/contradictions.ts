/**
 * What no single field can show wrong: two that cannot both hold. Each is told at the field that is
 * the more likely slip, with the other one named.
 * @module
 */
import { shown } from './faults.ts'
import type { Path } from './json-schema.ts'
import type { Adversary, Scenario } from './shape.ts'

export interface Contradiction {
  readonly path: Path
  /** "at most 5 (records.custodians)" */
  readonly expected: string
  readonly got: unknown
  /** The other fields in it. */
  readonly with: readonly string[]
}

const ROWS_MAX = 1_000_000

export function contradictions(scenario: Scenario): Contradiction[] {
  return [
    ...ofPeople(scenario),
    ...ofRecords(scenario),
    ...ofTime(scenario),
    ...ofChain(scenario),
    ...ofDht(scenario),
    ...scenario.adversaries.flatMap((each, i) => ofAdversary(scenario, each, i)),
    ...ofLive(scenario),
    ...ofExpectations(scenario)
  ]
}

/** "expected at most OTHER" when `got` is more. */
function atMost(path: Path, got: number | undefined, most: number, other: string): Contradiction[] {
  if (got == null || got <= most) return []
  return [{ path, expected: `at most ${most} (${other})`, got, with: [other.replace(/ .*/, '')] }]
}

const unless = (holds: boolean, fault: Contradiction): Contradiction[] => (holds ? [] : [fault])

function ofPeople({ network, workload, records }: Scenario): Contradiction[] {
  const { clinics, patients } = network
  const asks =
    workload.requestsPerHour > 0 ||
    workload.emergenciesPerHour > 0 ||
    workload.bursts.some(({ kind }) => kind === 'request' || kind === 'emergency')
  const acts = (
    [
      'publishPerHour',
      'requestsPerHour',
      'revocationsPerHour',
      'emergenciesPerHour',
      'updatesPerHour'
    ] as const
  ).filter((name) => workload[name] > 0)
  const hasRecords = records.perPatient > 0 || workload.publishPerHour > 0
  return [
    ...atMost(['network', 'requesters'], network.requesters, clinics, 'network.clinics'),
    ...atMost(['network', 'relays'], network.relays, clinics, 'network.clinics'),
    ...atMost(['network', 'bootstrap'], network.bootstrap, clinics, 'network.clinics'),
    ...unless(network.natShare === 0 || network.relays > 0 || patients === 0, {
      path: ['network', 'natShare'],
      expected: '0 without relays (network.relays): nobody could reach those phones',
      got: network.natShare,
      with: ['network.relays']
    }),
    ...unless(network.loss < 1, {
      path: ['network', 'loss'],
      expected: 'less than 1: nothing would ever arrive',
      got: network.loss,
      with: []
    }),
    ...unless(!asks || network.requesters > 0, {
      path: ['network', 'requesters'],
      expected: 'at least 1, since the workload has requests or emergencies',
      got: network.requesters,
      with: ['workload.requestsPerHour', 'workload.emergenciesPerHour', 'workload.bursts']
    }),
    ...acts.flatMap((name) =>
      unless(patients > 0, {
        path: ['workload', name],
        expected: '0 without patients (network.patients)',
        got: workload[name],
        with: ['network.patients']
      })
    ),
    ...acts
      .filter((name) => name !== 'publishPerHour')
      .flatMap((name) =>
        unless(hasRecords || patients === 0, {
          path: ['workload', name],
          expected: '0 without records (records.perPatient, workload.publishPerHour)',
          got: workload[name],
          with: ['records.perPatient', 'workload.publishPerHour']
        })
      ),
    ...atMost(
      ['workload', 'vitals', 'patients'],
      workload.vitals?.patients,
      patients,
      'network.patients'
    )
  ]
}

function ofRecords({ records, network }: Scenario): Contradiction[] {
  const { custodians, threshold, replicas } = records
  return [
    ...atMost(['records', 'threshold'], threshold, custodians, 'records.custodians'),
    ...(network.patients > 0
      ? [
          ...atMost(['records', 'custodians'], custodians, network.clinics, 'network.clinics'),
          ...atMost(['records', 'replicas'], replicas, network.clinics, 'network.clinics')
        ]
      : [])
  ]
}

function ofTime(scenario: Scenario): Contradiction[] {
  const { durationSeconds, intervalSeconds, warmupSeconds, network, workload } = scenario
  const total = network.patients * scenario.records.perPatient
  const rows = durationSeconds / intervalSeconds
  const day = 86_400
  return [
    ...atMost(['intervalSeconds'], intervalSeconds, durationSeconds, 'durationSeconds'),
    ...unless(rows <= ROWS_MAX, {
      path: ['intervalSeconds'],
      expected: `at least ${durationSeconds / ROWS_MAX}, for ${ROWS_MAX} rows of the series`,
      got: intervalSeconds,
      with: ['durationSeconds']
    }),
    ...unless(warmupSeconds <= Math.max(day, 10 * durationSeconds), {
      path: ['warmupSeconds'],
      expected: `at most ten times durationSeconds (${durationSeconds}), or a day`,
      got: warmupSeconds,
      with: ['durationSeconds']
    }),
    ...network.partitions.flatMap((each, i) => {
      const path = ['network', 'partitions', i]
      const next = network.partitions.find(
        (other, j) =>
          j > i && other.atSeconds < each.healSeconds && each.atSeconds < other.healSeconds
      )
      return [
        ...unless(each.healSeconds > each.atSeconds, {
          path: [...path, 'healSeconds'],
          expected: `after atSeconds (${each.atSeconds})`,
          got: each.healSeconds,
          with: [`${path.join('.')}.atSeconds`]
        }),
        ...atMost([...path, 'atSeconds'], each.atSeconds, durationSeconds, 'durationSeconds'),
        ...unless(next == null, {
          path,
          expected: 'no other partition at the same time',
          got: each,
          with: ['network.partitions']
        })
      ]
    }),
    ...workload.bursts.flatMap((each, i) => {
      const path = ['workload', 'bursts', i]
      return [
        ...atMost(
          [...path, 'overSeconds'],
          each.atSeconds + each.overSeconds,
          durationSeconds,
          'durationSeconds, for atSeconds + overSeconds'
        ),
        ...atMost(
          [...path, 'records'],
          each.records,
          total,
          'network.patients × records.perPatient'
        ),
        ...unless(each.kind === 'lookup' || network.patients > 0, {
          path: [...path, 'kind'],
          expected: 'lookup, without patients (network.patients)',
          got: each.kind,
          with: ['network.patients']
        })
      ]
    })
  ]
}

function ofChain({ chain, durationSeconds }: Scenario): Contradiction[] {
  return [
    ...atMost(['chain', 'quorum'], chain.quorum, chain.endpoints, 'chain.endpoints'),
    ...unless(chain.headMaxAgeSeconds >= chain.blockSeconds, {
      path: ['chain', 'headMaxAgeSeconds'],
      expected: `at least blockSeconds (${chain.blockSeconds}): every head would be too old`,
      got: chain.headMaxAgeSeconds,
      with: ['chain.blockSeconds']
    }),
    ...chain.congestion.flatMap((each, i) => {
      const path = ['chain', 'congestion', i]
      return [
        ...unless(each.untilSeconds > each.atSeconds, {
          path: [...path, 'untilSeconds'],
          expected: `after atSeconds (${each.atSeconds})`,
          got: each.untilSeconds,
          with: [`${path.join('.')}.atSeconds`]
        }),
        ...atMost([...path, 'atSeconds'], each.atSeconds, durationSeconds, 'durationSeconds')
      ]
    })
  ]
}

function ofDht({ dht }: Scenario): Contradiction[] {
  return [
    ...atMost(['dht', 'paths'], dht.paths, dht.k, 'dht.k: each path begins at a peer of its own'),
    ...unless(dht.reprovideSeconds < dht.providerValiditySeconds, {
      path: ['dht', 'reprovideSeconds'],
      expected: `less than providerValiditySeconds (${dht.providerValiditySeconds})`,
      got: dht.reprovideSeconds,
      with: ['dht.providerValiditySeconds']
    })
  ]
}

function ofAdversary(scenario: Scenario, adversary: Adversary, i: number): Contradiction[] {
  const { network, records, chain, durationSeconds } = scenario
  const path = ['adversaries', i]
  const total = network.patients * records.perPatient
  const needsRecords = unless(total > 0, {
    path: [...path, 'kind'],
    expected: 'another kind: there is no record to attack (network.patients, records.perPatient)',
    got: adversary.kind,
    with: ['network.patients', 'records.perPatient']
  })
  switch (adversary.kind) {
    case 'lying-endpoint':
      return atMost([...path, 'endpoints'], adversary.endpoints, chain.endpoints, 'chain.endpoints')
    case 'eclipse':
      return [
        ...needsRecords,
        ...atMost(
          [...path, 'records'],
          adversary.records,
          Math.max(1, total),
          'network.patients × records.perPatient'
        )
      ]
    case 'bulk-reader':
      return [
        ...needsRecords,
        ...atMost([...path, 'atSeconds'], adversary.atSeconds, durationSeconds, 'durationSeconds')
      ]
    case 'gossip-spam':
      return atMost([...path, 'nodes'], adversary.nodes, network.clinics, 'network.clinics')
    case 'colluding-custodians':
    case 'withholding':
      return needsRecords
    case 'sybil':
      return []
  }
}

/** The live engine's smaller network must still hold what the scenario says. */
function ofLive({ live, network, records }: Scenario): Contradiction[] {
  const { clinics, patients } = live
  const least = patients === 0 || network.patients === 0 ? 0 : records.custodians
  return [
    ...unless(clinics == null || clinics >= least, {
      path: ['live', 'clinics'],
      expected: `at least ${least} (records.custodians)`,
      got: clinics,
      with: ['records.custodians']
    })
  ]
}

function ofExpectations({ expect }: Scenario): Contradiction[] {
  return expect.flatMap((each, i) => {
    const path = ['expect', i]
    const { atLeast = Number.NEGATIVE_INFINITY, atMost: most = Number.POSITIVE_INFINITY } = each
    return [
      ...unless(each.atLeast != null || each.atMost != null, {
        path,
        expected: 'atLeast, atMost or both',
        got: each,
        with: []
      }),
      ...unless(atLeast <= most, {
        path: [...path, 'atLeast'],
        expected: `at most atMost (${most})`,
        got: each.atLeast,
        with: [`${path.join('.')}.atMost`]
      })
    ]
  })
}

/** "records.threshold  expected at most 5 (records.custodians), got 6" */
export const contradictionText = ({ path, expected, got }: Contradiction): string =>
  `${path.join('.')}  expected ${expected}, got ${shown(got)}`

/** All of them, a line each: for those who have no source to point at. */
export const contradictionLines = (scenario: Scenario): string[] =>
  contradictions(scenario).map(contradictionText)
