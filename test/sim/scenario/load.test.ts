import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InvalidScenarioError } from '../../../sim/scenario/faults.ts'
import { type SchemaNode, scenarioSchema } from '../../../sim/scenario/json-schema.ts'
import { loadScenario, parseScenario, shippedScenarios } from '../../../sim/scenario/load.ts'
import { nearest } from '../../../sim/scenario/nearest.ts'

const SMALLEST = `name: small
question: Does the smallest scenario load?
durationSeconds: 60
network:
  clinics: 10
  patients: 20
workload: {}
`
/** The smallest one with lines more. */
const withLines = (lines: string, base = SMALLEST): string => `${base}${lines}\n`

function faultsOf(text: string, set: readonly string[] = []): readonly string[] {
  try {
    parseScenario(text, { file: 'f.yaml', set })
  } catch (err) {
    if (err instanceof InvalidScenarioError) return err.faults
    throw err
  }
  return []
}

describe('a scenario', () => {
  it('gets every default that it leaves out', () => {
    const scenario = parseScenario(SMALLEST)

    expect(scenario).toMatchObject({
      seed: 1,
      records: { custodians: 5, threshold: 3 },
      network: { latency: { model: 'regions', jitter: 0.2 } },
      churn: { clinics: { model: 'none' } }
    })
  })

  it('names every fault at once, with line, path, expectation and value', () => {
    const faults = faultsOf(`name: Not A Name
durationSeconds: soon
network:
  clinics: 2.5
  patients: 20
  natshare: 0.5
  latency: { model: kings }
workload:
  requestsPerHour: -1
  bursts:
    - { kind: asks, atSeconds: 1, overSeconds: 1, count: 5 }
records:
  custodians: 3
  threshold: 4
`)

    expect(faults).toEqual([
      'f.yaml:1  name  expected lower case, digits and hyphens, got "Not A Name"',
      'f.yaml:1  question  expected text of 10 to 500 letters (that the report answers), got nothing',
      'f.yaml:2  durationSeconds  expected a number above 0 to 400000000 (measured, in s), got "soon"',
      'f.yaml:4  network.clinics  expected a whole number from 3 to 20000000 ' +
        '(organisations: DHT servers, custodians, relayers), got 2.5',
      'f.yaml:7  network.latency.model  expected one of constant, regions, king, crawl ' +
        '(did you mean king?), got "kings"',
      'f.yaml:6  network.natshare  is not known; expected "natShare"',
      'f.yaml:9  workload.requestsPerHour  expected a number from 0 to 1000000000 ' +
        '(wishes; each approved one is followed by a retrieval, an hour in all), got -1',
      'f.yaml:11  workload.bursts.0.kind  expected one of lookup, request, revoke, emergency, ' +
        'publish (of operation), got "asks"',
      'f.yaml:14  records.threshold  expected at most 3 (records.custodians), got 4'
    ])
  })

  it.each([
    ['a tab', 'name: a\n\tb: 1\n', /^f\.yaml:2 {2}expected YAML: /],
    ['a field twice', 'name: a\nname: b\n', /^f\.yaml:2 {2}expected YAML: Map keys must be unique/],
    ['no map', '- a\n', /^f\.yaml:1 {2}expected a map of fields, got \["a"\]/],
    ['nothing', '', /^f\.yaml:1 {2}expected a map of fields, got null/]
  ])('is refused as text: %s', (_id, text, fault) => {
    expect(faultsOf(text)[0]).toMatch(fault)
  })

  const contradictory: [id: string, lines: string, fault: string][] = [
    [
      'custodians',
      'records: { custodians: 11 }',
      'records.custodians  expected at most 10 (network.c'
    ],
    [
      'replicas',
      'records: { replicas: 11 }',
      'records.replicas  expected at most 10 (network.clinics'
    ],
    ['quorum', 'chain: { quorum: 4 }', 'chain.quorum  expected at most 3 (chain.endpoints), got 4'],
    [
      'old heads',
      'chain: { blockSeconds: 90 }',
      'chain.headMaxAgeSeconds  expected at least blockSecon'
    ],
    [
      'congestion',
      'chain: { congestion: [{ atSeconds: 5, untilSeconds: 5, otherGasShare: 1 }] }',
      'chain.congestion.0.untilSeconds  expected after atSeconds (5), got 5'
    ],
    ['paths', 'dht: { paths: 21 }', 'dht.paths  expected at most 20 (dht.k: each path begins'],
    [
      'reprovide',
      'dht: { reprovideSeconds: 172800 }',
      'dht.reprovideSeconds  expected less than pro'
    ],
    [
      'warm-up',
      'warmupSeconds: 90000',
      'warmupSeconds  expected at most ten times durationSeconds'
    ],
    ['interval', 'intervalSeconds: 61', 'intervalSeconds  expected at most 60 (durationSeconds)'],
    ['rows', 'intervalSeconds: 0.00001', 'intervalSeconds  expected at least 0.00006, for 1000000'],
    [
      'eclipse',
      'adversaries: [{ kind: eclipse, nodes: 5, records: 21 }]',
      'adversaries.0.records  expected at most 20 (network.patients × records.perPatient), got 21'
    ],
    [
      'nothing to eclipse',
      'records: { perPatient: 0 }\nadversaries: [{ kind: eclipse, nodes: 5 }]',
      'adversaries.0.kind  expected another kind: there is no record to attack'
    ],
    [
      'lying endpoints',
      'adversaries: [{ kind: lying-endpoint, endpoints: 4 }]',
      'adversaries.0.endpoints  expected at most 3 (chain.endpoints), got 4'
    ],
    [
      'a late thief',
      'adversaries: [{ kind: bulk-reader, atSeconds: 61, requestsPerSecond: 1 }]',
      'adversaries.0.atSeconds  expected at most 60 (durationSeconds), got 61'
    ],
    [
      'spammers',
      'adversaries: [{ kind: gossip-spam, nodes: 11, messagesPerSecond: 1 }]',
      'adversaries.0.nodes  expected at most 10 (network.clinics), got 11'
    ],
    [
      'live',
      'live: { clinics: 4 }',
      'live.clinics  expected at least 5 (records.custodians), got 4'
    ],
    [
      'no bound',
      'expect: [{ figure: a }]',
      'expect.0  expected atLeast, atMost or both, got {"fig'
    ],
    [
      'bounds',
      'expect: [{ figure: a, atLeast: 2, atMost: 1 }]',
      'expect.0.atLeast  expected at most'
    ]
  ]

  it.each(contradictory)('is refused when two fields cannot both hold: %s', (_id, lines, fault) => {
    const faults = faultsOf(withLines(lines))

    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(fault)
  })

  const inPlace: [id: string, field: string, fault: string][] = [
    [
      'requesters',
      'network.requesters=11',
      'network.requesters  expected at most 10 (network.clinics)'
    ],
    [
      'relays',
      'network.relays=11',
      'network.relays  expected at most 10 (network.clinics), got 11'
    ],
    [
      'bootstrap',
      'network.bootstrap=11',
      'network.bootstrap  expected at most 10 (network.clinics)'
    ],
    ['natShare', 'network.natShare=0.5', 'network.natShare  expected 0 without relays'],
    ['loss', 'network.loss=1', 'network.loss  expected less than 1'],
    [
      'heals before it begins',
      'network.partitions=[{atSeconds: 30, healSeconds: 20, share: 0.5}]',
      'network.partitions.0.healSeconds  expected after atSeconds (30), got 20'
    ],
    [
      'overlaps',
      'network.partitions=[{atSeconds: 1, healSeconds: 9, share: 0.5}, {atSeconds: 5, healSeconds: 12, share: 0.1}]',
      'network.partitions.0  expected no other partition at the same time'
    ],
    [
      'burst after the end',
      'workload.bursts=[{kind: lookup, atSeconds: 50, overSeconds: 20, count: 5}]',
      'workload.bursts.0.overSeconds  expected at most 60 (durationSeconds, for atSeconds + overS'
    ],
    [
      'burst on too many records',
      'workload.bursts=[{kind: request, atSeconds: 5, overSeconds: 2, count: 5, records: 21}]',
      'workload.bursts.0.records  expected at most 20'
    ],
    [
      'monitors',
      'workload.vitals={patients: 21, everySeconds: 1, bytes: 100}',
      'workload.vitals.patients  expected at most 20 (network.patients), got 21'
    ]
  ]

  it.each(inPlace)('is refused when an override contradicts it: %s', (_id, field, fault) => {
    const faults = faultsOf(SMALLEST, [field])

    expect(faults[0]).toContain(`--set ${field.slice(0, field.indexOf('='))}  `)
    expect(faults[0]).toContain(fault)
  })

  it('is refused when people act who are not there', () => {
    const faults = faultsOf(withLines(''), ['network.patients=0', 'workload.requestsPerHour=1'])

    expect(faults).toEqual([
      '--set workload.requestsPerHour  workload.requestsPerHour  ' +
        'expected 0 without patients (network.patients), got 1'
    ])
  })
})

describe('--set', () => {
  it('sets fields of maps and of lists, and makes maps on the way', () => {
    const text = withLines('adversaries: [{ kind: sybil, nodes: 5 }]')
    const scenario = parseScenario(text, {
      set: [
        'adversaries.0.nodes=7',
        'dht.k=8',
        'dht.paths=1',
        'network.latency={model: constant, oneWayMs: 3}'
      ]
    })

    expect(scenario.adversaries).toEqual([{ kind: 'sybil', nodes: 7 }])
    expect(scenario.dht).toMatchObject({ k: 8, paths: 1 })
    expect(scenario.network.latency).toEqual({ model: 'constant', oneWayMs: 3 })
  })

  it.each([
    'dht',
    '=5',
    'dht..k=5',
    'adversaries.x=5',
    'adversaries.4.nodes=5',
    'dht.k=[',
    '__proto__.k=5'
  ])('refuses what is no path or value: %s', (set) => {
    expect(faultsOf(withLines('adversaries: [{ kind: sybil, nodes: 5 }]'), [set])[0]).toMatch(
      /^--set {2}expected PATH=VALUE/
    )
  })

  it('is named where it is wrong', () => {
    expect(faultsOf(SMALLEST, ['records.threshhold=2'])).toEqual([
      '--set records.threshhold  records.threshhold  is not known; expected "threshold"'
    ])
  })
})

describe('shipped scenarios', async () => {
  const names = await shippedScenarios()

  it.each(names)('loads by its name: %s', async (name) => {
    const { scenario, path } = await loadScenario(name, { cwd: '/' })

    expect(scenario.name).toBe(name)
    expect(scenario.question).toMatch(/\?$/)
    expect(scenario.expect.length).toBeGreaterThan(0)
    expect(readFileSync(path, 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/scenario\/scenario\.schema\.json\n/
    )
  })

  it('suggests the name that was meant', async () => {
    await expect(loadScenario('nation-1mm', { cwd: '/' })).rejects.toMatchObject({
      name: 'InvalidScenarioError',
      exit: 2,
      faults: [expect.stringContaining('did you mean nation-1m?')]
    })
  })
})

describe('the published schema', () => {
  it('is what the shape gives: keyward sim list --schema > sim/scenario/scenario.schema.json', () => {
    const file = new URL('../../../sim/scenario/scenario.schema.json', import.meta.url)

    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(scenarioSchema())
  })

  it('describes every field, with its unit', () => {
    const bare: string[] = []
    const look = (node: SchemaNode, path: string): void => {
      for (const [key, inner] of Object.entries(node.properties ?? {})) {
        const at = `${path}.${key}`
        if (inner.description == null && inner.const == null) bare.push(at)
        look(inner, at)
      }
      for (const form of node.oneOf ?? []) look(form, path)
      if (node.items != null) look(node.items, `${path}[]`)
    }
    look(scenarioSchema(), '')

    expect(bare).toEqual([])
  })
})

describe('nearest', () => {
  it.each([
    ['thresold', 'threshold'],
    ['PATIENTS', 'patients'],
    ['clincis', 'clinics'],
    ['zebra', undefined],
    ['', undefined]
  ])('reads %s as %s', (word, meant) => {
    expect(nearest(word, ['threshold', 'patients', 'clinics'])).toBe(meant)
  })
})
