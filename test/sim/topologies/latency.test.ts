import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { Rng } from '../../../sim/random.ts'
import { InvalidScenarioError } from '../../../sim/scenario/faults.ts'
import type { LatencyModel } from '../../../sim/scenario/shape.ts'
import { latencyOf } from '../../../sim/topologies/latency.ts'
import { sessionsFrom } from '../../../sim/topologies/session-lengths.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-topology-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return name
}

const models: Record<string, LatencyModel> = {
  constant: { model: 'constant', oneWayMs: 40 },
  regions: { model: 'regions', jitter: 0.2 },
  'regions of a file': {
    model: 'regions',
    jitter: 0,
    file: file('two.csv', 'region,a,b\na,1,50\nb,70,2\n'),
    weights: { a: 3, b: 1 }
  },
  king: {
    model: 'king',
    unit: 'us',
    jitter: 0.1,
    file: file('king.txt', '1 2 10000\n1 3 20000\n2 3 30000\n')
  },
  crawl: {
    model: 'crawl',
    connectRoundTrips: 4,
    file: file(
      'crawl.ndjson',
      '{"PeerID":"a","ConnectDuration":"80ms","ConnectErrorStr":""}\n' +
        '{"PeerID":"b","ConnectDuration":"1.2s"}\n' +
        '{"PeerID":"c","ConnectDuration":"5s","ConnectErrorStr":"i/o timeout"}\n'
    )
  }
}
const latency = (model: LatencyModel, nodes = 1_000, seed = 1) =>
  latencyOf(model, nodes, new Rng(seed, 'latency'), folder)

describe.each(Object.entries(models))('latency: %s', (_name, model) => {
  it('is the same both ways, above zero, and zero to oneself', () => {
    const { oneWayMs } = latency(model)

    const node = fc.integer({ min: 0, max: 999 })
    fc.assert(
      fc.property(node, node, (a, b) => {
        const ms = oneWayMs(a, b)
        return ms === oneWayMs(b, a) && (a === b ? ms === 0 : ms > 0)
      })
    )
  })

  it('is fixed by the seed alone, whatever is asked before', () => {
    const first = latency(model)
    const second = latency(model)
    for (let i = 0; i < 100; i++) second.oneWayMs(i, 999 - i)

    for (let i = 1; i < 500; i++) expect(first.oneWayMs(0, i)).toBe(second.oneWayMs(0, i))
  })
})

describe('latency', () => {
  it('spreads a pair around the median of its regions', () => {
    const { oneWayMs } = latency({ model: 'regions', jitter: 0.2, weights: { europe: 1 } }, 5_000)
    const delays = Array.from({ length: 4_999 }, (_, i) => oneWayMs(0, i + 1)).sort((a, b) => a - b)

    expect(delays[2_500]).toBeGreaterThan(9)
    expect(delays[2_500]).toBeLessThan(11)
    expect((delays[4_200] as number) / (delays[800] as number)).toBeGreaterThan(1.3)
  })

  it('gives each region its weight', () => {
    const { placeOf, places } = latency(models['regions of a file'] as LatencyModel, 10_000)
    const inA = Array.from({ length: 10_000 }, (_, i) => placeOf(i)).filter((place) => place === 0)

    expect(places).toEqual(['a', 'b'])
    expect(inA.length / 10_000).toBeCloseTo(0.75, 1)
  })

  it('averages the two directions of a matrix', () => {
    const { oneWayMs, placeOf } = latency(models['regions of a file'] as LatencyModel)
    const other = Array.from({ length: 1_000 }, (_, i) => i).find((i) => placeOf(i) !== placeOf(0))

    expect(oneWayMs(0, other as number)).toBe(60)
  })

  it('leaves out peers that the crawler could not reach', () => {
    const { oneWayMs } = latency(models['crawl'] as LatencyModel)
    const longest = Math.max(...Array.from({ length: 999 }, (_, i) => oneWayMs(0, i + 1)))

    expect(longest).toBe(300)
  })

  it('reads a square matrix and a topology as triples', () => {
    const square = file('square.txt', '0 10 20 30\n10 0 40 50\n20 40 0 -1\n30 50 -1 0\n')
    const topology = file(
      'topology.txt',
      'topology E2EGraph 4\nfailure_model NullFailureModel\n\nnode 1\nnode 2\nnode 3\nnode 4\n' +
        '1,2 10\n1,3 20\n1,4 30\n2,3 40\n2,4 50\n'
    )
    const of = (name: string) => latency({ model: 'king', unit: 'ms', jitter: 0, file: name })
    const [a, b] = [of(square), of(topology)]

    for (let i = 1; i < 200; i++) expect(a.oneWayMs(0, i)).toBe(b.oneWayMs(0, i))
  })

  it('costs a byte a node and no draw a question at a million nodes', () => {
    const { oneWayMs, placeOf } = latency({ model: 'regions', jitter: 0.2 }, 1_000_000)

    expect(oneWayMs(0, 999_999)).toBeGreaterThan(0)
    expect(placeOf(999_999)).toBeLessThan(8)
  })
})

describe('a malformed file', () => {
  const wrong: [id: string, model: LatencyModel, fault: RegExp][] = [
    [
      'a region without a row',
      { model: 'regions', jitter: 0, file: file('a.csv', 'region,a,b\na,1,2\n') },
      /^a\.csv:2 {2}expected a row for b/
    ],
    [
      'a delay that is no number',
      { model: 'regions', jitter: 0, file: file('b.csv', 'region,a\n# note\na,fast\n') },
      /^b\.csv:3 {2}expected ms to a.*got "fast"/
    ],
    [
      'a region that is not in the heading',
      { model: 'regions', jitter: 0, file: file('c.csv', 'region,a\nb,1\na,1\n') },
      /^c\.csv:2 {2}expected one of a, got "b"/
    ],
    [
      'a JSON matrix with a negative delay',
      {
        model: 'regions',
        jitter: 0,
        file: file('d.json', '{"regions":["a"],"oneWayMs":[[-1]]}')
      },
      /^d\.json {2}oneWayMs\.0\.0 {2}/
    ],
    [
      'a King line of four',
      { model: 'king', unit: 'us', jitter: 0, file: file('e.txt', '1 2 3\n1 2 3 4\n') },
      /^e\.txt:2 {2}expected "SITE SITE DELAY".*got "1 2 3 4"/
    ],
    [
      'a visit without a duration',
      { model: 'crawl', connectRoundTrips: 4, file: file('f.ndjson', '\n{"PeerID":"a"}\n') },
      /^f\.ndjson:2 {2}expected ConnectDuration/
    ],
    [
      'a visit that is not JSON',
      { model: 'crawl', connectRoundTrips: 4, file: file('g.ndjson', 'hello\n') },
      /^g\.ndjson:1 {2}expected a JSON object with PeerID, got "hello"/
    ],
    [
      'a file that is not there',
      { model: 'king', unit: 'us', jitter: 0, file: 'none.txt' },
      /^network\.latency\.file {2}expected a readable file, got "none\.txt" \(ENOENT\)/
    ],
    [
      'a weight of an unknown region',
      { model: 'regions', jitter: 0, weights: { mars: 1 } },
      /^network\.latency\.weights\.mars {2}expected one of us-east/
    ]
  ]

  it.each(wrong)('is refused with its line: %s', (_id, model, fault) => {
    try {
      latency(model)
      expect.unreachable()
    } catch (err) {
      expect(err).toBeInstanceOf(InvalidScenarioError)
      expect((err as InvalidScenarioError).faults[0]).toMatch(fault)
    }
  })
})

describe('session lengths', () => {
  const measured = (name: string) =>
    sessionsFrom({ model: 'measured', file: name, meanAwaySeconds: 100 }, folder)

  it('come from a file beside the scenario', () => {
    const sessions = measured(file('lengths.txt', '# s\n100\n300\n\n'))

    expect(sessions?.meanSeconds).toBe(200)
    expect(sessions?.availability).toBeCloseTo(2 / 3)
  })

  it.each([
    [
      'a line that is no number',
      '60\nsoon\n',
      /^h\.txt:2 {2}expected a session’s length in s, got "soon"/
    ],
    ['no length', '# nothing\n', /^h\.txt:1 {2}expected session lengths in s, one a line/]
  ])('are refused with their line: %s', (_id, text, fault) => {
    file('h.txt', text)
    try {
      measured('h.txt')
      expect.unreachable()
    } catch (err) {
      expect((err as InvalidScenarioError).faults[0]).toMatch(fault)
    }
  })
})
