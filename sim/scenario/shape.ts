/**
 * The scenario: one YAML file for both engines, and the only place where its fields, units, ranges
 * and defaults stand. The published JSON Schema is generated from it (scenario.schema.json). What no
 * single field can show wrong is in contradictions.ts.
 * @module
 */
import { z } from 'zod'

const count = (about: string) => z.int().min(0).max(20_000_000).describe(about)
const share = (about: string) => z.number().min(0).max(1).describe(`${about} (0 to 1)`)
const seconds = (about: string) => z.number().min(0).max(400_000_000).describe(`${about}, in s`)
const millis = (about: string) => z.number().min(0).max(600_000).describe(`${about}, in ms`)
const perHour = (about: string) => z.number().min(0).max(1e9).describe(`${about}, an hour in all`)
const file = z.string().min(1).max(1_024)

const latency = z
  .discriminatedUnion('model', [
    z.strictObject({
      model: z.literal('constant'),
      oneWayMs: millis('each way, between any two')
    }),
    z.strictObject({
      model: z.literal('regions'),
      file: file
        .optional()
        .describe('region matrix, CSV or JSON, one-way ms; left out: the built-in eight regions'),
      jitter: share('spread around the median').default(0.2),
      weights: z
        .record(z.string(), z.number().min(0))
        .optional()
        .describe('nodes of each region, in proportion; left out: as many in each')
    }),
    z.strictObject({
      model: z.literal('king'),
      file: file.describe('King matrix as p2psim gives it: a square, or "SITE SITE DELAY" lines'),
      unit: z.enum(['us', 'ms']).default('us').describe('of the file’s one-way delays'),
      jitter: share('spread around each pair’s value').default(0.1)
    }),
    z.strictObject({
      model: z.literal('crawl'),
      file: file.describe('a crawl’s visits, newline-delimited JSON (Nebula)'),
      connectRoundTrips: z
        .number()
        .min(1)
        .max(20)
        .default(4)
        .describe('round trips in a ConnectDuration: dial, security, muxer, identify')
    })
  ])
  .describe('how long a message is on its way')

const network = z.strictObject({
  clinics: count('organisations: DHT servers, custodians, relayers').min(3),
  patients: count('light nodes that own records').default(0),
  requesters: count('clinics (among the above) that ask').default(1),
  relays: count('clinics that relay for phones').default(0),
  bootstrap: count('clinics that everybody knows at the start').min(1).default(2),
  transport: z
    .enum(['memory', 'tcp'])
    .default('memory')
    .describe('of the live engine; the model has no transport'),
  maxConnections: z.int().min(4).max(10_000).default(300).describe('open at once, of a node'),
  latency: latency.prefault({ model: 'regions' }),
  loss: share('messages that get lost').default(0),
  upMbps: z.number().positive().default(50).describe('of a node, Mbit/s'),
  downMbps: z.number().positive().default(200).describe('of a node, Mbit/s'),
  natShare: share('patients that nobody can dial').default(0),
  partitions: z
    .array(
      z.strictObject({
        atSeconds: seconds('begins'),
        healSeconds: seconds('ends'),
        share: share('nodes on the smaller side')
      })
    )
    .max(16)
    .default([])
    .describe('times at which the network is in two')
})

const session = z.discriminatedUnion('model', [
  z.strictObject({ model: z.literal('none') }),
  z.strictObject({
    model: z.literal('weibull'),
    meanSessionSeconds: seconds('online').positive(),
    shape: z.number().min(0.2).max(5).default(0.5).describe('below 1: many short, few long'),
    meanAwaySeconds: seconds('offline between sessions').positive()
  }),
  z.strictObject({
    model: z.literal('measured'),
    file: file
      .optional()
      .describe('session lengths in s, one a line; left out: IPFS 2021 quantiles'),
    meanAwaySeconds: seconds('offline between sessions').positive()
  })
])

const churn = z.strictObject({
  clinics: session.prefault({ model: 'none' }).describe('sessions of clinics'),
  patients: session.prefault({ model: 'none' }).describe('sessions of patients’ nodes'),
  departures: z.number().min(0).max(1).default(0).describe('clinics that leave for good, a month'),
  repair: z.boolean().default(true).describe('lost shares and replicas are made anew')
})

const dht = z.strictObject({
  table: z
    .enum(['near', 'js', 'classic'])
    .default('near')
    .describe(
      'near: the nodes’ own, deep near the node; js: kad-dht’s, capped at 2^prefixLength × k; classic: k at every prefix length'
    ),
  k: z.int().min(1).max(64).default(20).describe('peers in an answer and in a bucket'),
  alpha: z.int().min(1).max(64).default(8).describe('requests at once, of a path'),
  paths: z.int().min(1).max(64).default(1).describe('disjoint paths'),
  prefixLength: z
    .int()
    .min(1)
    .max(20)
    .default(6)
    .describe('bits that tell buckets apart, away from the node'),
  refreshSeconds: seconds('between refreshes of the table').default(300),
  selfQuerySeconds: seconds('between lookups of the own id').default(300),
  timeoutMs: millis('for one answer').default(10_000),
  providerValiditySeconds: seconds('a provider record lives').default(172_800),
  reprovideSeconds: seconds('before its end it is renewed').default(86_400)
})

const records = z.strictObject({
  perPatient: count('at the start').default(1),
  sizes: z
    .discriminatedUnion('model', [
      z.strictObject({
        model: z.literal('fixed'),
        bytes: z.int().min(1).max(4e9).describe('of each record')
      }),
      z.strictObject({
        model: z.literal('lognormal'),
        medianBytes: z.int().min(1).max(4e9).describe('half of the records are smaller'),
        sigma: z.number().min(0).max(4).describe('standard deviation of the logarithm')
      }),
      z.strictObject({ model: z.literal('clinical') })
    ])
    .prefault({ model: 'clinical' })
    .describe('sizes of records; clinical: FHIR, ECG and DICOM as in the sample data'),
  custodians: z
    .int()
    .min(1)
    .max(255)
    .default(5)
    .describe('n: clinics that hold a share of each record’s key'),
  threshold: z.int().min(1).max(255).default(3).describe('t: shares that open a record'),
  replicas: z.int().min(1).max(64).default(3).describe('clinics that hold the sealed bytes'),
  exchange: z.enum(['stream', 'bitswap']).default('stream').describe('how blocks are fetched')
})

const workload = z.strictObject({
  arrival: z.enum(['poisson', 'regular']).default('poisson').describe('spacing of operations'),
  lookupsPerHour: perHour('bare lookups of random keys').default(0),
  publishPerHour: perHour('new records').default(0),
  requestsPerHour: perHour('wishes; each approved one is followed by a retrieval').default(0),
  approvedShare: share('wishes that become a grant').default(1),
  revocationsPerHour: perHour('grants taken back').default(0),
  emergenciesPerHour: perHour('break-glass acts').default(0),
  updatesPerHour: perHour('new versions').default(0),
  vitals: z
    .strictObject({
      patients: count('with a monitor'),
      everySeconds: seconds('between readings').positive(),
      bytes: z.int().min(1).max(1e6).describe('of a reading')
    })
    .optional()
    .describe('streams of vital signs to a clinic'),
  bursts: z
    .array(
      z.strictObject({
        kind: z
          .enum(['lookup', 'request', 'revoke', 'emergency', 'publish'])
          .describe('of operation'),
        atSeconds: seconds('begins'),
        overSeconds: seconds('lasts').positive(),
        count: count('operations').min(1),
        records: count('that they are all about: a flash crowd; 0: any').default(0)
      })
    )
    .max(16)
    .default([])
    .describe('operations that come together')
})

const chain = z.strictObject({
  kind: z
    .enum(['memory', 'dev', 'consortium', 'l1', 'l2'])
    .default('consortium')
    .describe(
      'live: memory, or dev for the contracts on a local node; the model: costs and finality'
    ),
  blockSeconds: seconds('between blocks').positive().default(5),
  confirmBlocks: z.int().min(0).max(10_000).default(1).describe('depth of the confirmed block'),
  headMaxAgeSeconds: seconds('older heads refuse').positive().default(60),
  gasPerBlock: z.number().positive().default(30_000_000).describe('gas that a block holds'),
  otherGasShare: share('gas that others use').default(0),
  congestion: z
    .array(
      z.strictObject({
        atSeconds: seconds('begins'),
        untilSeconds: seconds('ends'),
        otherGasShare: share('gas that others use meanwhile')
      })
    )
    .max(16)
    .default([])
    .describe('times at which others use the chain more'),
  reorgsPerHour: perHour('reorganisations').default(0),
  reorgDepth: z.int().min(1).max(64).default(2).describe('blocks that are replaced'),
  endpoints: z.int().min(1).max(16).default(3).describe('m, of each clinic'),
  quorum: z.int().min(1).max(16).default(2).describe('q of m must agree')
})

const adversary = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('colluding-custodians'),
    share: share('clinics that pool what they hold')
  }),
  z.strictObject({
    kind: z.literal('bulk-reader'),
    atSeconds: seconds('the key is stolen'),
    requestsPerSecond: z.number().positive().describe('that the thief sends'),
    readBudget: count('reads that each grant allows').default(10),
    noticedAfterSeconds: seconds('until the patients revoke').default(3_600)
  }),
  z.strictObject({
    kind: z.literal('lying-endpoint'),
    endpoints: z.int().min(1).max(16).describe('of each clinic’s m'),
    lie: z.enum(['stale', 'fork', 'down', 'slow']).default('stale').describe('what they do')
  }),
  z.strictObject({ kind: z.literal('sybil'), nodes: count('fake servers, ids at random') }),
  z.strictObject({
    kind: z.literal('eclipse'),
    nodes: count('fake servers, ids ground to be near one key'),
    records: count('keys under attack').min(1).default(1)
  }),
  z.strictObject({
    kind: z.literal('withholding'),
    share: share('clinics that acknowledge and then give no block')
  }),
  z.strictObject({
    kind: z.literal('gossip-spam'),
    nodes: count('that spam').min(1),
    messagesPerSecond: z.number().positive().describe('of each of them')
  })
])

export const scenarioShape = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower case, digits and hyphens')
    .describe('of the scenario'),
  question: z.string().min(10).max(500).describe('that the report answers'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('decides all that is random'),
  repeats: z.int().min(1).max(1_000).default(1).describe('runs, each with randomness of its own'),
  warmupSeconds: seconds('before anything is measured').default(0),
  durationSeconds: seconds('measured').positive(),
  intervalSeconds: seconds('between rows of the series').positive().default(10),
  network: network.describe('who is there, and what lies between them'),
  churn: churn.prefault({}).describe('who comes and goes'),
  dht: dht.prefault({}).describe('the distributed hash table'),
  records: records.prefault({}).describe('what is kept, and by how many'),
  workload: workload.prefault({}).describe('what people do'),
  chain: chain.prefault({}).describe('where grants and revocations are written'),
  adversaries: z.array(adversary).max(8).default([]).describe('who does not play by the rules'),
  live: z
    .strictObject({
      clinics: z.int().min(3).max(5_000).optional().describe('instead of network.clinics'),
      patients: z.int().min(0).max(5_000).optional().describe('instead of network.patients'),
      durationSeconds: seconds('instead of durationSeconds').positive().optional(),
      warmStart: z
        .boolean()
        .default(false)
        .describe('begin with filled tables, for runs that do not study joining')
    })
    .prefault({})
    .describe('the live engine’s own, where it cannot hold what the model can'),
  expect: z
    .array(
      z.strictObject({
        figure: z.string().min(1).max(100).describe('of summary.json, such as "retrieve.ok.share"'),
        atLeast: z.number().optional().describe('the least that is as expected'),
        atMost: z.number().optional().describe('the most that is as expected'),
        engine: z
          .enum(['live', 'model'])
          .optional()
          .describe('whose figure it is; left out: both have it')
      })
    )
    .max(32)
    .default([])
    .describe('what must hold for the verdict "as expected"')
})

export type Scenario = z.infer<typeof scenarioShape>
export type ScenarioFile = z.input<typeof scenarioShape>
export type Adversary = Scenario['adversaries'][number]
export type LatencyModel = Scenario['network']['latency']
export type SessionModel = Scenario['churn']['clinics']
