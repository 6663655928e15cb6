/**
 * kad-dht's query policy, rule by rule, in networks small enough to work out by hand, and laws that
 * hold in larger ones.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idsFrom, isNearer, randomIds, trueClosest } from '../../../sim/model/ids.ts'
import { type LookupPolicy, type LookupResult, Lookups } from '../../../sim/model/lookup.ts'
import { pairTicks, reach } from '../../../sim/model/reach.ts'
import { buildTables, loadTables, type Tables } from '../../../sim/model/tables.ts'
import { Wheel } from '../../../sim/model/wheel.ts'
import { Rng } from '../../../sim/random.ts'

const TIMEOUT = 1_000

interface Small {
  /** Distance to the key of each node but the asker, which is node 0 and the farthest. */
  readonly distances: readonly number[]
  /** Entries by place in `distances`, from 1; of the asker first. */
  readonly tables: readonly (readonly number[])[]
  readonly policy?: Partial<LookupPolicy>
  readonly offline?: readonly number[]
  readonly ticks?: (from: number, to: number) => number
  readonly stopAt?: number
}

/** Runs one lookup of key 0 by the asker; names are places in `distances`, from 1. */
function run(small: Small): LookupResult & { readonly asked: number[]; readonly peers: number[] } {
  const pairs = [0xffff_0000, ...small.distances].map((distance) => [distance, 0] as const)
  const { ids, order } = idsFrom(pairs)
  const rankOf = (name: number): number => order.indexOf(name)
  const lists = Array.from(order, (name) =>
    Uint32Array.from(small.tables[name] ?? [], (other) => rankOf(other))
  )
  const online = Uint8Array.from(order, (name) => Number(!small.offline?.includes(name)))
  const wheel = new Wheel()
  const asked: number[] = []
  const results: LookupResult[] = []
  const source = rankOf(0)
  const lookups = new Lookups({
    ids,
    tables: loadTables(ids, { table: 'js', k: 20, prefixLength: 6 }, lists),
    online,
    policy: { k: 20, alpha: 10, paths: 1, timeoutTicks: TIMEOUT, ...small.policy },
    wheel,
    oneWayTicks: (from, to) => small.ticks?.(order[from] as number, order[to] as number) ?? 10,
    rng: new Rng(1),
    kinds: 4,
    onDone: (result) => results.push(result),
    onMessage: (from, to) => {
      if (from === source) asked.push(order[to] as number)
    }
  })
  const stop = small.stopAt
  lookups.start(5, source, 0, 0, stop == null ? undefined : (node) => order[node] === stop)
  wheel.run(1e9)
  expect(results.length).toBe(1)
  expect(lookups.active).toBe(0)
  const result = results[0] as LookupResult
  return { ...result, asked, peers: [...result.closest].map((rank) => order[rank] as number) }
}

const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b)

describe('a lookup', () => {
  it('follows what it is told, nearest first, and counts the answers that led there', () => {
    const { asked, peers, requests, hops, failed, latencyTicks, tag } = run({
      distances: [800, 400, 200, 100],
      tables: [[1], [2], [3], [4], []]
    })

    expect(asked).toEqual([1, 2, 3, 4])
    expect(peers).toEqual([4, 3, 2, 1])
    expect({ requests, hops, failed, latencyTicks, tag }).toEqual({
      requests: 4,
      hops: 4,
      failed: 0,
      latencyTicks: 80,
      tag: 5
    })
  })

  it('asks nobody who is not strictly nearer than the one who told of it', () => {
    const { asked } = run({ distances: [400, 800, 200], tables: [[1], [2, 3], [], []] })

    expect(asked).toEqual([1, 3])
  })

  it('asks nobody twice, nor itself', () => {
    const { asked } = run({
      distances: [400, 300, 200, 100],
      tables: [[1, 2], [3, 4], [3, 4, 0], [4, 0], []]
    })

    expect(sorted(asked)).toEqual([1, 2, 3, 4])
  })

  it('asks nobody on one path whom another path has queued', () => {
    const { asked, peers } = run({
      distances: [400, 300, 100],
      tables: [[1, 2], [3], [3], []],
      policy: { paths: 2 }
    })

    expect(sorted(asked)).toEqual([1, 2, 3])
    expect(peers).toEqual([3, 2, 1])
  })

  it('asks no more than alpha at a time on a path', () => {
    const distances = [10, 20, 30, 40, 50, 60, 70]
    const known = distances.map((_, i) => i + 1)
    const one = run({ distances, tables: [known], policy: { alpha: 3 } })
    const two = run({ distances, tables: [known], policy: { alpha: 2, paths: 2 } })

    expect(one.latencyTicks).toBe(60) // 3, 3, 1
    expect(two.latencyTicks).toBe(40) // 4 and 3, by twos
  })

  it('ends a path once k nearer ones have answered, though others wait', () => {
    const { asked, peers } = run({
      distances: [10, 20, 30, 40],
      tables: [[3, 4], [], [], [1, 2], []],
      policy: { k: 2, alpha: 1 }
    })

    // whichever of 3 and 4 was dealt first, 1 and 2 fill the list before a second turn
    expect(peers).toEqual([1, 2])
    expect(asked.slice(-2)).toEqual([1, 2])
  })

  it('fills a list for each path', () => {
    const distances = [10, 20, 30, 40]
    const tables = [[1, 2, 3, 4], [], [], [], []]
    const policy = { k: 4, alpha: 1 }

    expect(run({ distances, tables, policy }).requests).toBe(4)
    expect(run({ distances, tables, policy: { ...policy, paths: 4 } }).latencyTicks).toBe(20)
  })

  it('waits for those who are away until the time is over, and goes on', () => {
    const { asked, peers, failed, requests, latencyTicks } = run({
      distances: [400, 200, 100],
      tables: [[1], [2, 3], [], []],
      offline: [2],
      policy: { alpha: 1 }
    })

    expect(asked).toEqual([1, 3, 2])
    expect(peers).toEqual([3, 1])
    expect({ failed, requests }).toEqual({ failed: 1, requests: 3 })
    expect(latencyTicks).toBe(20 + 20 + TIMEOUT)
  })

  it.each([
    ['is lost on its way there', 1],
    ['is lost on its way back', 0]
  ])('fails a request that %s', (_, lost) => {
    const { failed, found } = run({
      distances: [400],
      tables: [[1], []],
      ticks: (_from, to) => ((to === 0) === (lost === 0) ? -1 : 10)
    })

    expect({ failed, found }).toEqual({ failed: 1, found: 0 })
  })

  it('fails a request whose answer is later than the time allowed', () => {
    const { failed, latencyTicks } = run({ distances: [400], tables: [[1], []], ticks: () => 501 })

    expect({ failed, latencyTicks }).toEqual({ failed: 1, latencyTicks: TIMEOUT })
  })

  it('ends at the peer that has what it seeks, whatever is under way', () => {
    const { peers, stoppedAt, latencyTicks, found } = run({
      distances: [400, 300, 200, 100],
      tables: [[1, 2], [3], [4], [], []],
      ticks: (from, to) => (from + to) * 10,
      stopAt: 1
    })

    expect(latencyTicks).toBe(20)
    expect(found).toBe(1)
    expect(peers).toEqual([1])
    expect(stoppedAt).toBeGreaterThanOrEqual(0)
  })

  it('ends at once when the asker knows nobody', () => {
    const { requests, hops, found, latencyTicks } = run({ distances: [400], tables: [[], []] })

    expect({ requests, hops, found, latencyTicks }).toEqual({
      requests: 0,
      hops: 0,
      found: 0,
      latencyTicks: 0
    })
  })

  it('under the early rule ends when the nearest few have answered, and gives whom it heard of', () => {
    const { asked, peers } = run({
      distances: [400, 300, 200, 100],
      tables: [[1], [2, 3, 4], [], [], [3]],
      policy: { beta: 1, alpha: 1 }
    })

    expect(asked).toEqual([1, 4])
    expect(peers).toEqual([4, 3, 2, 1])
  })

  it('under the early rule passes over those that failed', () => {
    const { asked, peers } = run({
      distances: [400, 300, 200, 100],
      tables: [[1], [2, 3, 4], [], [], []],
      policy: { beta: 1, alpha: 1 },
      offline: [4]
    })

    expect(asked).toEqual([1, 4, 3])
    expect(peers).toEqual([3, 2, 1])
  })
})

const policyOf = (paths: number, alpha: number, k = 20): LookupPolicy => ({
  k,
  alpha,
  paths,
  timeoutTicks: 80_000
})

describe('laws of lookups', () => {
  it('hold whatever the tables, the policy and who is away', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 150 }),
        fc.constantFrom('js' as const, 'classic' as const),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        fc.nat(1_000),
        (nodes, table, k, paths, alpha, beta, seed) => {
          const early = beta == null ? {} : { beta }
          const { ids, online, results, busiest } = many({
            nodes,
            tables: (all) => buildTables(all, { table, k, prefixLength: 2 }, new Rng(seed)),
            policy: { ...policyOf(paths, alpha, k), ...early },
            seed
          })

          expect(results.length).toBe(20)
          expect(busiest).toBeLessThanOrEqual(alpha * (beta == null ? paths : 1))
          for (const { source, closest, requests, hops, failed, key } of results) {
            expect(requests).toBeGreaterThanOrEqual(hops === 0 ? 0 : hops - (beta == null ? 0 : 1))
            expect(failed).toBeLessThanOrEqual(requests)
            expect([...closest]).not.toContain(source)
            expect(new Set(closest).size).toBe(closest.length)
            expect(closest.length).toBeLessThanOrEqual(k)
            for (const [i, peer] of closest.entries()) {
              if (beta == null) expect(online[peer]).toBe(1)
              if (i > 0) expect(isNearer(ids, closest[i - 1] as number, peer, ...key)).toBe(true)
            }
          }
        }
      ),
      { numRuns: 60 }
    )
  })

  it('find exactly the nearest online when everybody knows everybody', () => {
    const { ids, online, results } = many({
      nodes: 120,
      tables: (ids) =>
        loadTables(
          ids,
          { table: 'js', k: 20, prefixLength: 6 },
          Array.from(ids.hi, (_, i) => Uint32Array.from(ids.hi.keys()).filter((j) => j !== i))
        ),
      policy: policyOf(1, 3),
      seed: 4
    })

    for (const { closest, source, key } of results) {
      const truth = trueClosest(ids, ...key, 20, source, online)
      const found = [...closest].filter((peer) => truth.includes(peer))
      // whom the asker did not know among its own 20 it can only hear of from a farther one
      expect(found.length).toBeGreaterThanOrEqual(15)
      expect(closest[0]).toBe(truth[0])
    }
  })

  it('give the same results for the same seed, bit for bit', () => {
    const digest = (): string => {
      const words: number[] = []
      reach({
        nodes: 20_000,
        table: { table: 'js', k: 20, prefixLength: 6 },
        policy: policyOf(10, 10),
        lookups: 60,
        deadShare: 0.1,
        seed: 9,
        onResult: ({ tag, requests, failed, hops, latencyTicks, closest }) =>
          words.push(tag, requests, failed, hops, latencyTicks, ...closest)
      })
      return words.join()
    }

    expect(digest()).toBe(digest())
  })
})

interface ManyInit {
  readonly nodes: number
  readonly tables: (ids: ReturnType<typeof randomIds>) => Tables
  readonly policy: LookupPolicy
  readonly seed: number
}

/** Twenty lookups, a tenth of the nodes away, and the most requests of one that were under way at once. */
function many({ nodes, tables, policy, seed }: ManyInit) {
  const rng = new Rng(seed, 'many')
  const ids = randomIds(nodes, rng.derive('ids'))
  const online = Uint8Array.from(ids.hi, () => Number(rng.chance(0.9)))
  const wheel = new Wheel()
  const keys = Array.from({ length: 20 }, () => [rng.u32(), rng.u32()] as const)
  const results: (LookupResult & { readonly key: readonly [number, number] })[] = []
  let underWay = 0
  let busiest = 0
  const lookups = new Lookups({
    ids,
    tables: tables(ids),
    online,
    policy,
    wheel,
    oneWayTicks: pairTicks,
    rng: rng.derive('order'),
    kinds: 0,
    onDone: (result) => {
      results.push({ ...result, key: keys[result.tag] as readonly [number, number] })
      underWay = 0
    },
    onMessage: (from) => {
      if (from === source) busiest = Math.max(busiest, ++underWay)
    },
    onContact: () => underWay--
  })
  let source = 0
  for (const [i, key] of keys.entries()) {
    source = rng.below(nodes)
    lookups.start(i, source, ...key)
    wheel.run(Number.POSITIVE_INFINITY)
  }
  return { ids, online, results, busiest }
}
